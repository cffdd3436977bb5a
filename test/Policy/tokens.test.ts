import { assert, it } from "@effect/vitest"
import { Redacted } from "effect"
import fc from "fast-check"
import { inspect } from "node:util"
import { SessionId } from "../../src/domain/SessionId.ts"
import type { Grant, Holder } from "../../src/Policy/Grant.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import { makeTokens } from "../../src/Policy/tokens.ts"

const holder: Holder = { session: SessionId.make("s-one"), peer: "uid 1000" }
const request: PolicyRequest = { action: "change", phase: "coding", mode: "strict", path: "src/a.ts", tool: "fs.edit" }
const exec: PolicyRequest = {
  action: "shell.exec",
  phase: "coding",
  mode: "strict",
  command: "npm",
  args: ["run", "x"]
}
const at = (wall: number, steady = wall) => ({ wall, steady })
const terms = { uses: 1, ttlMs: 1000 }

const covers = (grant: Omit<Grant, "uses" | "ttlMs">, asked: PolicyRequest): boolean => {
  const tokens = makeTokens()
  const { token } = tokens.issue(holder, { ...grant, ...terms }, at(0))
  return tokens.use({ ...holder, token }, asked, at(0)) !== undefined
}

it.each<[boolean, string, Omit<Grant, "uses" | "ttlMs">, PolicyRequest]>([
  [true, "a path that a pattern matches", { action: "change", path: ["src/"] }, request],
  [false, "a path that none matches", { action: "change", path: ["lib/"] }, request],
  [false, "a path that is taken back", { action: "change", path: ["src/*", "!a.ts"] }, request],
  [false, "another action", { action: "merge", path: ["src/"] }, request],
  [false, "a path where none is named", { action: "change" }, request],
  [false, "a path for an empty list", { action: "change", path: [] }, request],
  [false, "no path where one is named", { action: "shell.exec", path: ["*"], command: ["npm"] }, exec],
  [true, "the tool that is named", { action: "change", path: ["src/"], tool: "fs.edit" }, request],
  [false, "another tool than the one named", { action: "change", path: ["src/"], tool: "shell.exec" }, request],
  [true, "an exact path", { action: "change", path: ["src/a.ts"], exact: true }, request],
  [false, "what lies below an exact path", { action: "change", path: ["src"], exact: true }, request],
  [
    false,
    "a path that an exact one would match as a pattern",
    { action: "change", path: ["src/*"], exact: true },
    request
  ],
  [true, "a longer command line", { action: "shell.exec", command: ["npm", "run"] }, exec],
  [true, "the same command line, exactly", { action: "shell.exec", command: ["npm", "run", "x"], exact: true }, exec],
  [false, "a longer command line, exactly", { action: "shell.exec", command: ["npm", "run"], exact: true }, exec],
  [false, "a shorter command line", { action: "shell.exec", command: ["npm", "run", "x", "y"] }, exec],
  [false, "another way to write the command", { action: "shell.exec", command: ["./npm"] }, exec],
  [false, "a pattern for a command", { action: "shell.exec", command: ["*"] }, exec],
  [false, "a command where none is named", { action: "shell.exec" }, exec],
  [false, "a command for an empty prefix", { action: "shell.exec", command: [] }, exec],
  [false, "words that only look the same when joined", { action: "shell.exec", command: ["npm", "run x"] }, exec],
  [false, "a working directory that is not named", { action: "shell.exec", command: ["npm"] }, { ...exec, path: "a" }],
  [false, "a host that is not named", { action: "shell.exec", command: ["npm"] }, { ...exec, host: "example.com" }]
])("is %s that a token covers %s", (expected, _, grant, asked) => {
  assert.strictEqual(covers(grant, asked), expected)
})

it("covers exactly one request when it is exact", () => {
  const text = fc.constantFrom("a", "a/b", "*", "src/a.ts", "!a", "")
  fc.assert(fc.property(text, text, fc.array(text), fc.array(text), (path, other, words, others) => {
    const grant = { action: "shell.exec" as const, exact: true, path: [path], command: ["x", ...words] }
    const asked = { ...exec, path: other, command: "x", args: others }
    assert.strictEqual(covers(grant, asked), path === other && JSON.stringify(words) === JSON.stringify(others))
  }))
})

it("has 256 random bits, and no two are alike", () => {
  const tokens = makeTokens()
  const secrets = Array.from({ length: 100 }, () => tokens.issue(holder, { action: "change", ...terms }, at(0))).map((
    _
  ) => Redacted.value(_.token).split(".")[1]!)
  assert.strictEqual(new Set(secrets).size, 100)
  assert.isTrue(secrets.every((secret) => Buffer.from(secret, "base64url").length === 32))
})

it("tells its secret to nobody who prints it", () => {
  const capability = makeTokens().issue(holder, { action: "change", ...terms }, at(0))
  const secret = Redacted.value(capability.token).split(".")[1]!
  for (const shown of [JSON.stringify(capability), String(capability.token), inspect(capability, { depth: 9 })]) {
    assert.notInclude(shown, secret)
  }
})

it("takes nothing that was made up, and no use for it", () => {
  const tokens = makeTokens()
  const { id, token } = tokens.issue(holder, { action: "change", path: ["*"], ...terms }, at(0))
  const [, secret = ""] = Redacted.value(token).split(".")
  const flipped = `${secret.startsWith("A") ? "B" : "A"}${secret.slice(1)}`
  for (
    const made of ["", ".", id, `${id}.`, `${id}.${flipped}`, `${id}.${secret}x`, `.${secret}`, "__proto__.x", secret]
  ) {
    assert.isUndefined(tokens.use({ ...holder, token: Redacted.make(made) }, request, at(0)), made)
  }
  assert.deepStrictEqual(tokens.use({ ...holder, token }, request, at(0)), { id, left: 0 })
})

it.each([
  ["no use", { uses: 0, ttlMs: 1000 }, 0],
  ["less than one use", { uses: 0.9, ttlMs: 1000 }, 0],
  ["a number of uses that is none", { uses: Number.NaN, ttlMs: 1000 }, 0],
  ["no time", { uses: 1, ttlMs: 0 }, 0],
  ["a time that is no number", { uses: 1, ttlMs: Number.NaN }, 0],
  ["endless time, a day later", { uses: 1, ttlMs: Number.POSITIVE_INFINITY }, 24 * 3_600_000],
  ["a clock that was set back", { uses: 1, ttlMs: 1000 }, -1]
])("is nothing with %s", (_, { ttlMs, uses }, now) => {
  const tokens = makeTokens()
  const { token } = tokens.issue(holder, { action: "change", path: ["*"], uses, ttlMs }, at(0))
  assert.isUndefined(tokens.use({ ...holder, token }, request, at(now)))
})

it.each([
  ["the clock is set back again and again", at(500, 1000), at(-1, 1001)],
  ["the machine sleeps", at(1000, 1), at(1001, 2)]
])("is over after its time, though %s", (_, ...moments) => {
  const tokens = makeTokens()
  const { token } = tokens.issue(holder, { action: "change", path: ["*"], uses: 9, ttlMs: 1000 }, at(0))
  assert.isDefined(tokens.use({ ...holder, token }, request, at(999)))
  for (const now of moments) assert.isUndefined(tokens.use({ ...holder, token }, request, now))
})

it("forgets the oldest when there are too many, and never the newest", () => {
  const tokens = makeTokens()
  const issue = () => tokens.issue(holder, { action: "change", path: ["*"], ...terms }, at(0)).token
  const first = issue()
  for (let n = 0; n < 9_999; n++) issue()
  const last = issue()
  assert.isUndefined(tokens.use({ ...holder, token: first }, request, at(0)))
  assert.isDefined(tokens.use({ ...holder, token: last }, request, at(0)))
})
