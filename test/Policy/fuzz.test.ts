import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck as fc } from "effect"
import { decide, explain } from "../../src/Policy/decide.ts"
import { parseRules } from "../../src/Policy/parseRules.ts"
import type { PolicyRequest } from "../../src/Policy/PolicyRule.ts"
import { actions, listOf, prefixesOf, type Rule } from "../../src/Policy/Rule.ts"
import { make } from "../../src/Policy/RuleSet.ts"

/** FLUFFY_FUZZ_SEED plays a run again, FLUFFY_FUZZ_RUNS makes it longer. */
const seed = Number(process.env["FLUFFY_FUZZ_SEED"] ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env["FLUFFY_FUZZ_RUNS"] ?? 300)

const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "src", "x.ts", ".env", ".git", ".fluffy", "state", "policies") },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) }
)
const glob = fc.array(fc.oneof(word, fc.constantFrom("*", "**", "?", "/", "/**", "!", "[a-z]", "[", "\\", "#")), {
  minLength: 1,
  maxLength: 5
}).map((parts) => parts.join(""))
const listed = <A>(item: fc.Arbitrary<A>) => fc.oneof(item, fc.array(item, { maxLength: 3 }))
const maybe = <A>(item: fc.Arbitrary<A>) => fc.option(item, { nil: undefined, freq: 1 })
const seldom = <A>(item: fc.Arbitrary<A>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: item })
const action = fc.oneof(fc.constantFrom<string>("change", "merge"), fc.constantFrom<string>(...actions))

const match = fc.record({
  action: fc.oneof(action, fc.array(action, { minLength: 1, maxLength: 6 })),
  path: maybe(listed(glob)),
  command: seldom(listed(fc.constantFrom("git", "./git", "/usr/bin/git", "py*", "*"))),
  args: seldom(fc.array(fc.array(fc.constantFrom("push", "-f"), { minLength: 1, maxLength: 2 }), { maxLength: 2 })),
  phase: seldom(listed(fc.constantFrom("coding", "green"))),
  mode: seldom(fc.constantFrom("strict", "debug")),
  tool: seldom(fc.constantFrom("fs.write")),
  host: seldom(fc.constantFrom("example.com", "*.example.com"))
})
const rule = fc.record({
  name: fc.stringMatching(/^[a-z]{1,4}$/),
  match,
  except: maybe(fc.array(match, { maxLength: 2 })),
  effect: fc.constantFrom("allow", "allow", "require_review", "deny")
})
// JSON is YAML, and says what is in a string without a doubt.
const text = fc.array(rule, { maxLength: 6 }).map((rules) => JSON.stringify({ version: 1, rules }, undefined, 1))
const damaged = fc.tuple(text, fc.nat(), fc.nat({ max: 3 }), fc.string({ maxLength: 3 })).map(
  ([whole, at, cut, more]) => {
    const place = at % (whole.length + 1)
    return whole.slice(0, place) + more + whole.slice(place + cut)
  }
)

const request: fc.Arbitrary<PolicyRequest> = fc.record({
  action: fc.oneof({ weight: 9, arbitrary: action }, { weight: 1, arbitrary: word }),
  phase: fc.constantFrom("coding", "green"),
  mode: fc.constantFrom("strict", "debug"),
  path: maybe(
    fc.array(fc.oneof(word, fc.constantFrom("..", ".", "")), { maxLength: 5 }).map((names) => names.join("/"))
  ),
  command: maybe(fc.oneof(word, fc.constantFrom("git", "/usr/bin/git", "python3"))),
  args: maybe(fc.array(fc.oneof(word, fc.constantFrom("push", "-f")), { maxLength: 3 })),
  tool: maybe(fc.oneof(word, fc.constant("fs.write"))),
  host: maybe(fc.oneof(word, fc.constantFrom("example.com", "a.example.com")))
}, { requiredKeys: ["action", "phase", "mode"] }).map((fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as PolicyRequest
)

const says = <A>(values: ReadonlyArray<A> | undefined, test: (value: A) => boolean) =>
  values === undefined || values.some(test)

/** Whether a rule may speak of a request, judged by its plain fields alone: all but the patterns of paths and commands. */
const maySpeak = ({ match }: Rule, asked: PolicyRequest): boolean =>
  says(listOf(match.action), (action) => action === asked.action) &&
  says(listOf(match.phase), (phase) => phase === asked.phase) &&
  says(listOf(match.mode), (mode) => mode === asked.mode) &&
  says(listOf(match.tool), (tool) => tool === asked.tool) &&
  says(prefixesOf(match.args), (prefix) => prefix.every((arg, index) => asked.args?.[index] === arg)) &&
  (match.path === undefined || (asked.path !== undefined && listOf(match.path)?.length !== 0)) &&
  (match.command === undefined || asked.command !== undefined) &&
  (match.host === undefined || asked.host !== undefined)

const tried = (text: string, asked: PolicyRequest, layer: "user" | "project") => {
  const parsed = parseRules("fuzz.yaml", text, layer)
  const rules = Either.isRight(parsed) ? parsed.right.rules : []
  const set = make(rules.map((rule) => ({ layer, rule })))
  return { rules, decision: decide(set, asked), explanation: explain(set, asked) }
}

const judge = (text: string, asked: PolicyRequest) => {
  const { decision, explanation, rules } = tried(text, asked, "user")
  assert.deepStrictEqual(explanation.decision, decision)
  assert.isAbove(decision.reason.length, 0)
  if (decision.effect === "allow") {
    const allowing = rules.filter(({ effect, name }) => effect === "allow" && name === decision.rule)
    assert.isTrue(allowing.some((rule) => maySpeak(rule, asked)))
    assert.isFalse(explanation.matched.some(({ effect }) => effect !== "allow"))
    assert.isFalse(/(^|\/)\.\.(\/|$)/.test(asked.path ?? ""))
  }
  assert.notStrictEqual(tried(text, asked, "project").decision.effect, "allow")
}

describe(`policies, fuzzed (seed ${seed})`, () => {
  it("never crash and never allow without an allow rule, from the text to the decision", () => {
    let read = 0
    let allowed = 0
    fc.assert(
      fc.property(text, fc.array(request, { minLength: 1, maxLength: 5 }), (text, requests) => {
        if (Either.isRight(parseRules("fuzz.yaml", text, "user"))) read++
        for (const asked of requests) {
          judge(text, asked)
          if (tried(text, asked, "user").decision.effect === "allow") allowed++
        }
      }),
      { seed, numRuns }
    )
    // A run that refuses every text, or every request, would show nothing.
    assert.isAbove(read, numRuns / 20)
    assert.isAbove(allowed, numRuns / 50)
  }, 60_000)

  it("are the same for texts that were damaged", () => {
    fc.assert(fc.property(damaged, request, judge), { seed, numRuns })
  }, 60_000)
})
