import { assert, it } from "@effect/vitest"
import type { Change, Content } from "../../src/domain/Change.ts"
import { ProjectPath } from "../../src/domain/ProjectPath.ts"
import { sha256 } from "../../src/Workspace/files.ts"
import { make } from "../../src/Workspace/patch.ts"

const bytes = new Map<string, Buffer>()

const content = (text: string | Buffer, more: Partial<Content> = {}): Content => {
  const all = Buffer.from(text)
  bytes.set(sha256(all), all)
  return { kind: "file", executable: false, size: all.length, sha256: sha256(all), ...more }
}

const change = (
  kind: Change["kind"],
  path: string,
  before: Content | null,
  after: Content | null,
  from?: string
): Change => ({
  kind,
  path: ProjectPath.make(path),
  ...(from === undefined ? {} : { from: ProjectPath.make(from) }),
  before,
  after
})

const patch = (...changes: ReadonlyArray<Change>) => make(changes, ({ sha256: sha }) => bytes.get(sha)!)

it("names bytes that are no text, and counts them by size", () => {
  const found = patch(
    change("modify", "a.png", content(Buffer.from([0, 1, 2])), content(Buffer.alloc(1000))),
    change("create", "latin1.txt", null, content(Buffer.from([0x63, 0x61, 0x66, 0xe9])))
  )
  assert.strictEqual(
    found.patch,
    `diff --git a/a.png b/a.png
Binary files a/a.png and b/a.png differ
diff --git a/latin1.txt b/latin1.txt
new file mode 100644
Binary files /dev/null and b/latin1.txt differ
`
  )
  assert.strictEqual(found.lines, 16 + 1)
})

it("says where a last line does not end, and keeps carriage returns", () => {
  const found = patch(change("modify", "a b", content("one\r\ntwo"), content("one\r\ntwo\n")))
  assert.deepStrictEqual(found.patch.split("\n"), [
    "diff --git a/a b b/a b",
    "--- a/a b\t",
    "+++ b/a b\t",
    "@@ -1,2 +1,2 @@",
    " one\r",
    "-two",
    "\\ No newline at end of file",
    "+two",
    ""
  ])
  assert.strictEqual(found.lines, 2)
})

it("counts nothing for a rename or a mode, and shows both", () => {
  const same = content("same\n")
  const found = patch(change("rename", "new", same, { ...same, executable: true }, "old"))
  assert.deepStrictEqual(found, {
    lines: 0,
    patch: `diff --git a/old b/new
old mode 100644
new mode 100755
similarity index 100%
rename from old
rename to new
`
  })
})

it("counts a line that looks like a header", () => {
  const found = patch(change("modify", "a", content("-- x\n++ y\n"), content("++ y\n-- z\n")))
  assert.strictEqual(found.lines, 2)
  assert.include(found.patch, "--- x\n")
})

it("gives up comparing what is too different and replaces it whole", () => {
  const text = (seed: number) =>
    Array.from({ length: 60_000 }, (_, index) => `${(index * seed * 2654435761) % 4294967296}`).join("\n")
  const started = performance.now()
  const found = patch(change("modify", "a", content(text(3)), content(text(7))))
  assert.isBelow(performance.now() - started, 20_000)
  assert.isAbove(found.lines, 100_000)
})
