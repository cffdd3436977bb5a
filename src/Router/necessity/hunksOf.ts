import { applyPatch, type StructuredPatch, structuredPatch } from "diff"
import type { Hunk } from "../../domain/Necessity.ts"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Edit, StagedFile } from "../../Workspace.ts"

/** A hunk and the edits that take it back. */
export interface Revert {
  readonly hunk: Hunk
  readonly edits: ReadonlyArray<Edit>
}

const contextLines = 3
const maxTextBytes = 512 << 10
const compareMs = 1_000

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const textOf = (file: StagedFile): string | undefined => {
  if (file.kind !== "file" || file.bytes.length > maxTextBytes || file.bytes.includes(0)) return undefined
  try {
    return decoder.decode(file.bytes)
  } catch {
    return undefined
  }
}

const linesOf = (file: StagedFile | undefined): number => {
  const text = file === undefined ? undefined : textOf(file)
  return text === undefined || text === "" ? 0 : text.replace(/\n$/, "").split("\n").length
}

/** A file that came, went, or cannot be compared by lines, as one hunk. */
export const wholeFile = (
  path: ProjectPath,
  before: StagedFile | undefined,
  after: StagedFile | undefined
): Revert => ({
  hunk: {
    path,
    lines: before === undefined ? "new file" : after === undefined ? "removed file" : "whole file",
    added: linesOf(after),
    removed: linesOf(before)
  },
  edits: [{ path, content: before ?? null }]
})

const range = (start: number, count: number) => count < 2 ? `${Math.max(1, start)}` : `${start}-${start + count - 1}`

// Compared backwards, so that each hunk is the patch which takes it back.
const backwards = (before: string, after: string): StructuredPatch | undefined =>
  structuredPatch("", "", after, before, undefined, undefined, { context: contextLines, timeout: compareMs })

/** The hunks of a changed file as its diff has them; the whole file where there is no such diff. */
export const hunksOf = (path: ProjectPath, before: StagedFile, after: StagedFile): ReadonlyArray<Revert> => {
  const [old, now] = [textOf(before), textOf(after)]
  const patch = old === undefined || now === undefined ? undefined : backwards(old, now)
  if (now === undefined || patch === undefined) return [wholeFile(path, before, after)]
  return patch.hunks.flatMap((one): ReadonlyArray<Revert> => {
    const text = applyPatch(now, { ...patch, hunks: [one] })
    if (text === false) return []
    const count = (sign: string) => one.lines.filter((line) => line.startsWith(sign)).length
    const changed = one.lines.flatMap((line, at) => line.startsWith("-") || line.startsWith("+") ? [at] : [])
    const isOurs = (line: string | undefined) => line !== undefined && !line.startsWith("+") && !line.startsWith("\\")
    const leading = one.lines.slice(0, changed[0] ?? 0).filter(isOurs).length
    const inner = one.lines.slice(changed[0] ?? 0, (changed.at(-1) ?? 0) + 1).filter(isOurs).length
    return [{
      hunk: { path, lines: range(one.oldStart + leading, inner), added: count("-"), removed: count("+") },
      edits: [{ path, content: { kind: "file", executable: after.executable, bytes: Buffer.from(text) } }]
    }]
  })
}

/** Largest first; of the same size, by path and place, so that each run takes the same. */
export const largestFirst = (reverts: ReadonlyArray<Revert>): ReadonlyArray<Revert> =>
  reverts.map((revert, at) => ({ revert, at, size: revert.hunk.added + revert.hunk.removed }))
    .toSorted((a, b) => b.size - a.size || a.at - b.at)
    .map(({ revert }) => revert)
