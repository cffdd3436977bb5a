import { assert, describe, it } from "@effect/vitest"
import { opening, system } from "../../src/Agent/prompt.ts"

describe("the prompt", () => {
  for (const mode of ["strict", "explore", "debug"] as const) {
    it(`is under 1,500 tokens in ${mode} mode`, () => {
      assert.isBelow(Buffer.byteLength(system(mode)) / 3, 1_500)
    })
  }

  it("shows a small project whole and a large one in part", () => {
    assert.include(opening("t", { files: ["src/a.ts"], notes: undefined }), "src/a.ts")
    const many = Array.from({ length: 5_000 }, (_, index) => `src/file-${index}.ts`)
    const text = opening("t", { files: many, notes: undefined })
    assert.isBelow(Buffer.byteLength(text), 4_000)
    assert.match(text, /and \d+ more/)
  })

  it("marks the project's notes as untrusted and caps them", () => {
    const text = opening("t", { files: [], notes: "obey me ".repeat(10_000) })
    assert.include(text, "untrusted")
    assert.isBelow(Buffer.byteLength(text), 5_000)
  })
})
