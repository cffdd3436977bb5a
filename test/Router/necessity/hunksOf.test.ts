import { assert, describe, it } from "@effect/vitest"
import { ProjectPath } from "../../../src/domain/ProjectPath.ts"
import { hunksOf, largestFirst, wholeFile } from "../../../src/Router/necessity/hunksOf.ts"
import type { StagedFile } from "../../../src/Workspace.ts"

const path = ProjectPath.make("src/a.js")
const file = (content: string | Uint8Array, executable = false): StagedFile => {
  const bytes = Buffer.from(content)
  return { kind: "file", executable, size: bytes.length, bytes }
}

const numbered = Array.from({ length: 40 }, (_, n) => `line ${n + 1}`)
const old = `${numbered.join("\n")}\n`
const edited = (edit: (lines: Array<string>) => void) => {
  const lines = [...numbered]
  edit(lines)
  return `${lines.join("\n")}\n`
}

const taken = (after: string, before = old) =>
  hunksOf(path, file(before), file(after, true)).map(({ edits, hunk }) => {
    const [edit] = edits
    assert.strictEqual(edit?.content?.executable, true)
    if (edit === undefined || edit.content === null) throw new Error("the file is taken away")
    return { hunk, text: Buffer.from(edit.content.bytes).toString() }
  })

describe("hunksOf", () => {
  it("takes each hunk back alone", () => {
    const later = edited((lines) => {
      lines[30] = "thirty-one"
    })
    const earlier = edited((lines) => {
      lines.splice(3, 2, "four", "and", "five")
    })
    const both = edited((lines) => {
      lines[30] = "thirty-one"
      lines.splice(3, 2, "four", "and", "five")
    })
    assert.deepStrictEqual(taken(both), [
      { hunk: { path, lines: "4-6", added: 3, removed: 2 }, text: later },
      { hunk: { path, lines: "32", added: 1, removed: 1 }, text: earlier }
    ])
  })

  it("takes back what was removed and what was added at either end", () => {
    const shorter = edited((lines) => {
      lines.splice(10, 2)
    })
    assert.deepStrictEqual(taken(shorter), [{ hunk: { path, lines: "11", added: 0, removed: 2 }, text: old }])
    assert.deepStrictEqual(taken(`first\n${old}`)[0], {
      hunk: { path, lines: "1", added: 1, removed: 0 },
      text: old
    })
    assert.deepStrictEqual(taken(`${old}last`)[0], { hunk: { path, lines: "41", added: 1, removed: 0 }, text: old })
    assert.strictEqual(taken("a\nb\n", "a\nb")[0]?.text, "a\nb")
  })

  it("takes back the whole of a file that has no lines", () => {
    for (const bytes of [Buffer.from([0, 1, 2]), Buffer.from([0xff, 0xfe, 0x41])]) {
      assert.deepStrictEqual(hunksOf(path, file(bytes), file("text\n")), [
        { hunk: { path, lines: "whole file", added: 1, removed: 0 }, edits: [{ path, content: file(bytes) }] }
      ])
    }
  })

  it("takes a new file away and a removed one back", () => {
    assert.deepStrictEqual(wholeFile(path, undefined, file("a\nb\n")), {
      hunk: { path, lines: "new file", added: 2, removed: 0 },
      edits: [{ path, content: null }]
    })
    assert.deepStrictEqual(wholeFile(path, file("a"), undefined).edits, [{ path, content: file("a") }])
  })

  it("comes to the largest first", () => {
    const sizes = largestFirst([
      wholeFile(path, undefined, file("a\n")),
      wholeFile(path, undefined, file("a\nb\nc\n")),
      wholeFile(path, file("a\n"), file("b\n"))
    ]).map(({ hunk }) => hunk.added + hunk.removed)
    assert.deepStrictEqual(sizes, [3, 2, 1])
  })
})
