import { assert, describe, it } from "@effect/vitest"
import { nearest } from "../../src/cli/nearest.ts"

describe("nearest", () => {
  it.each([
    ["verfy", "verify"],
    ["lgo", "log"],
    ["exprot", "export"],
    ["LOG", "log"],
    ["ver", "verify"],
    ["nonsense", undefined],
    ["", undefined],
    ["x".repeat(10_000), undefined]
  ])("takes %j for %j", (word, expected) => {
    assert.strictEqual(nearest(word, ["log", "verify", "export"]), expected)
  })
})
