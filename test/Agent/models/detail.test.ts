import { assert, it } from "@effect/vitest"
import { Redacted } from "effect"
import { safeDetail, secretsOf } from "../../../src/Agent/models/detail.ts"

it("takes a known key out in every form it can come back in", () => {
  const secrets = secretsOf(Redacted.make("a/b\"c+secret"))
  assert.strictEqual(
    safeDetail("got a/b\"c+secret, a/b\\\"c+secret and a%2Fb%22c%2Bsecret", secrets),
    "got <key>, <key> and <key>"
  )
})

it.each([
  "Incorrect API key provided: sk-proj-abc123def456. See the docs",
  "Bearer abcdef123456 is not valid",
  "{\"authorization\":\"Bearer abcdef123456\"}",
  "x-api-key: abcdef123456",
  "AIzaSyabcdef1234567 rejected"
])("takes out what looks like a key: %s", (text) => {
  assert.notMatch(safeDetail(text), /abc/)
  assert.include(safeDetail(text), "<key>")
})

it("leaves ordinary text alone", () => {
  const text = "Rate limit reached for gpt-5 in organization org-x on tokens per min: risk-free task-list"
  assert.strictEqual(safeDetail(text), text)
})

it("escapes what could reach a terminal and caps the length", () => {
  assert.strictEqual(safeDetail("a\u001b[31mb\nc\u202ed\u0007"), "a\\u001b[31mb c\\u202ed\\u0007")
  assert.strictEqual(safeDetail("x".repeat(100_000)).length, 500)
})
