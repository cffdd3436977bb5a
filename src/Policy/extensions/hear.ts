import { Effect } from "effect"
import type { Decision, ExtensionFailure } from "../../domain/Decision.ts"
import { type Speaker, untrustedAllow } from "../CompiledRule.ts"
import { decide, explain } from "../decide.ts"
import type { Explanation, PolicyRequest } from "../PolicyRule.ts"
import type { RuleSet } from "../RuleSet.ts"

/** What the extensions of a set came to. One that failed speaks too: it denies. */
interface Heard {
  readonly speakers: ReadonlyArray<Speaker>
  readonly failures: ReadonlyArray<ExtensionFailure>
  readonly abstained: Explanation["abstained"]
}

/** Asks every extension, one after the other, whatever those before it said. */
const hear = Effect.fnUntraced(function*({ extensions }: RuleSet, request: PolicyRequest): Effect.fn.Return<Heard> {
  const speakers: Array<Speaker> = []
  const failures: Array<ExtensionFailure> = []
  const abstained: Array<Explanation["abstained"][number]> = []
  for (const { ask, layer, name } of extensions) {
    const verdict = yield* ask(request)
    if (verdict._tag === "Abstained") {
      abstained.push({ rule: name, why: "the extension says nothing about this" })
    } else if (verdict._tag === "Failed") {
      const { failure, problem } = verdict
      failures.push({ extension: name, layer, failure, problem })
      const reason = `the ${layer} extension ${name} failed, which denies (${failure}): ${problem}`
      speakers.push({ name, layer, effect: "deny", reason })
    } else if (layer === "project" && verdict.effect === "allow") abstained.push({ rule: name, why: untrustedAllow })
    else speakers.push({ name, layer, effect: verdict.effect, reason: verdict.reason })
  }
  return { speakers, failures, abstained }
})

const withFailures = (decision: Decision, { failures }: Heard): Decision =>
  failures.length === 0 ? decision : { ...decision, failures }

const isSilent = (set: RuleSet, request: PolicyRequest) =>
  set.extensions.length === 0 || !set.byAction.has(request.action)

/** Decides a request by rules and extensions together. Of an action the kernel does not know no extension is asked. */
export const decideWithExtensions = (set: RuleSet, request: PolicyRequest): Effect.Effect<Decision> =>
  isSilent(set, request)
    ? Effect.sync(() => decide(set, request))
    : Effect.map(hear(set, request), (heard) => withFailures(decide(set, request, heard.speakers), heard))

/** The decision, with the rules and extensions that had a say, and those that abstained and why. */
export const explainWithExtensions = Effect.fnUntraced(function*(
  set: RuleSet,
  request: PolicyRequest
): Effect.fn.Return<Explanation> {
  if (isSilent(set, request)) return explain(set, request)
  const heard = yield* hear(set, request)
  const { abstained, decision, matched } = explain(set, request, heard.speakers)
  return { decision: withFailures(decision, heard), matched, abstained: [...abstained, ...heard.abstained] }
})
