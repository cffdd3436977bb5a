import { structuredPatch } from "diff"
import type { Change, Content } from "../domain/Change.ts"

const contextLines = 3
const maxTextBytes = 8 << 20
const budgetMs = 5_000
const bytesPerLine = 64

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (bytes: Buffer): string | undefined => {
  if (bytes.length > maxTextBytes || bytes.subarray(0, 8000).includes(0)) return undefined
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const quote = (name: string): string => /["\\\x00-\x1f]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name

// A name with a space ends in a tab, so that a reader knows where it ends.
const header = (name: string): string => quote(name) === name && name.includes(" ") ? `${name}\t` : quote(name)

const modeOf = ({ executable, kind }: Content): string =>
  kind === "symlink" ? "120000" : executable ? "100755" : "100644"

const whole = (text: string, sign: string): ReadonlyArray<string> => {
  if (text === "") return []
  const lines = text.split("\n")
  const ended = lines.at(-1) === ""
  if (ended) lines.pop()
  return [...lines.map((line) => sign + line), ...(ended ? [] : ["\\ No newline at end of file"])]
}

const range = (start: number, count: number): string =>
  count === 1 ? `${start}` : count === 0 ? `${Math.max(0, start - 1)},0` : `${start},${count}`

// Two texts too different to compare in time: all of one goes, all of the other comes.
const replaced = (before: string, after: string) => {
  const old = whole(before, "-")
  const now = whole(after, "+")
  const count = (lines: ReadonlyArray<string>) => lines.filter((line) => !line.startsWith("\\")).length
  return { head: `@@ -${range(1, count(old))} +${range(1, count(now))} @@`, lines: [...old, ...now] }
}

const hunksOf = (before: string, after: string, deadline: number) => {
  const patch = before === "" || after === ""
    ? undefined
    : structuredPatch("", "", before, after, undefined, undefined, {
      context: contextLines,
      timeout: Math.max(1, deadline - performance.now())
    })
  return patch === undefined ? [replaced(before, after)] : patch.hunks.map((hunk) => ({
    head: `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    lines: hunk.lines
  }))
}

interface Side {
  readonly path: string
  readonly content: Content | null
}

const headOf = (old: Side, now: Side): ReadonlyArray<string> => {
  const lines = [`diff --git ${quote(`a/${old.path}`)} ${quote(`b/${now.path}`)}`]
  if (old.content === null && now.content !== null) lines.push(`new file mode ${modeOf(now.content)}`)
  if (now.content === null && old.content !== null) lines.push(`deleted file mode ${modeOf(old.content)}`)
  if (old.content !== null && now.content !== null && modeOf(old.content) !== modeOf(now.content)) {
    lines.push(`old mode ${modeOf(old.content)}`, `new mode ${modeOf(now.content)}`)
  }
  if (old.path !== now.path) {
    lines.push("similarity index 100%", `rename from ${quote(old.path)}`, `rename to ${quote(now.path)}`)
  }
  return lines
}

const patchOf = (old: Side, now: Side, bytesOf: (content: Content) => Buffer, deadline: number) => {
  const lines = [...headOf(old, now)]
  if (old.content?.sha256 === now.content?.sha256) return { lines, count: 0 }
  const before = old.content === null ? Buffer.alloc(0) : bytesOf(old.content)
  const after = now.content === null ? Buffer.alloc(0) : bytesOf(now.content)
  const from = old.content === null ? "/dev/null" : header(`a/${old.path}`)
  const to = now.content === null ? "/dev/null" : header(`b/${now.path}`)
  const [a, b] = [textOf(before), textOf(after)]
  if (a === undefined || b === undefined) {
    lines.push(`Binary files ${from.trimEnd()} and ${to.trimEnd()} differ`)
    return { lines, count: Math.ceil(Math.max(before.length, after.length) / bytesPerLine) }
  }
  if (a === b) return { lines, count: 0 }
  lines.push(`--- ${from}`, `+++ ${to}`)
  let count = 0
  for (const hunk of hunksOf(a, b, deadline)) {
    lines.push(hunk.head, ...hunk.lines)
    count += hunk.lines.filter((line) => line.startsWith("+") || line.startsWith("-")).length
  }
  return { lines, count }
}

// To git a change of kind is a deletion and a creation.
const sidesOf = (change: Change): ReadonlyArray<readonly [Side, Side]> => {
  const old = { path: change.from ?? change.path, content: change.before }
  const now = { path: change.path, content: change.after }
  return old.content !== null && now.content !== null && old.content.kind !== now.content.kind
    ? [[old, { ...old, content: null }], [{ ...now, content: null }, now]]
    : [[old, now]]
}

/**
 * The changes as a patch in git's form, which `git apply` takes, and how many lines they add and remove. Bytes that are no text
 * are named only, and count one line for each 64 of them.
 */
export const make = (
  changes: ReadonlyArray<Change>,
  bytesOf: (content: Content) => Buffer
): { readonly patch: string; readonly lines: number } => {
  const deadline = performance.now() + budgetMs
  const all = changes.flatMap(sidesOf).map(([old, now]) => patchOf(old, now, bytesOf, deadline))
  return {
    patch: all.flatMap((one) => one.lines).map((line) => `${line}\n`).join(""),
    lines: all.reduce((sum, one) => sum + one.count, 0)
  }
}
