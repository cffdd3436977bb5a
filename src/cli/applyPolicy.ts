import { createTwoFilesPatch } from "diff"
import { Effect, Either, Stream } from "effect"
import { createHash } from "node:crypto"
import { Audit, type AuditFailed } from "../Audit.ts"
import type { Person } from "../domain/Person.ts"
import { count } from "../internal/text.ts"
import type { PolicyLoadFailed, PolicyRequest } from "../Policy.ts"
import { digestOf } from "../Policy/InForce.ts"
import { parseRules } from "../Policy/parseRules.ts"
import { isExtension, readPolicyFile } from "../Policy/readPolicyFile.ts"
import * as PolicyYaml from "../Policy/Yaml.ts"
import type { ReviewAnswer } from "../Router.ts"
import { entries } from "./auditHere.ts"
import { CliFailed } from "./CliFailed.ts"
import { type Difference, differences, isBreaking, requestsOf } from "./replay.ts"
import type { Question } from "./review.ts"
import { writePolicy } from "./writePolicy.ts"

/** A file of rules on its way into force, and what it would change of what was decided before. */
export interface Plan {
  readonly proposal: PolicyYaml.Proposal
  /** What the target holds now; undefined when there is no such file. */
  readonly current: string | undefined
  readonly warnings: ReadonlyArray<PolicyYaml.PolicyWarning>
  /** How many past decisions were tried; undefined when the rules in force cannot be loaded, so that there is nothing to compare with. */
  readonly tried: number | undefined
  readonly differences: ReadonlyArray<Difference>
  /** What the whole set would be known by. */
  readonly digest: string
}

/** The newest requests of the log, oldest first, at most `last`. */
export const pastRequests = (last: number) =>
  Effect.map(
    Stream.runFold(
      Stream.mapConcat(entries({}), requestsOf),
      new Array<PolicyRequest>(),
      (kept, request) => {
        kept.push(request)
        return kept.length >= 2 * last + 1000 ? kept.slice(-last) : kept
      }
    ),
    (kept) => kept.slice(-last)
  )

/** Reads and checks a file as if it lay at its target, examples included, and decides past requests anew. Changes nothing. */
export const planPolicy = Effect.fnUntraced(function*(
  options: PolicyYaml.PolicyOptions,
  source: string,
  target: PolicyYaml.PolicyFile,
  past: Effect.Effect<ReadonlyArray<PolicyRequest>, AuditFailed>
): Effect.fn.Return<Plan, PolicyLoadFailed | AuditFailed> {
  const text = yield* readPolicyFile({ layer: "user", file: source })
  if (!isExtension(source)) yield* parseRules(source, text, target.layer)
  const proposal = { ...target, text }
  const listed = yield* PolicyYaml.list(options.directories)
  const current = yield* currentOf(listed, target)
  const loaded = yield* PolicyYaml.preview(options.directories, proposal)
  const warnings = loaded.warnings.filter(({ file }) => file === target.file)
  const digest = digestOf(loaded.sources)
  const before = yield* Effect.either(PolicyYaml.load(options.directories))
  if (Either.isLeft(before)) return { proposal, current, warnings, tried: undefined, differences: [], digest }
  const requests = yield* past
  return {
    proposal,
    current,
    warnings,
    tried: requests.length,
    differences: yield* differences(
      requests,
      PolicyYaml.compile(before.right, options),
      PolicyYaml.compile(loaded, options)
    ),
    digest
  }
})

const currentOf = Effect.fnUntraced(function*(
  listed: ReadonlyArray<PolicyYaml.PolicyFile>,
  target: PolicyYaml.PolicyFile
) {
  if (!listed.some(({ file }) => file === target.file)) return undefined
  return Either.getOrElse(yield* Effect.either(readPolicyFile(target)), () => "")
})

/** Why what a person was shown is no longer what would come into force; undefined while it is. */
const outdated = Effect.fnUntraced(function*(options: PolicyYaml.PolicyOptions, plan: Plan) {
  const loaded = yield* PolicyYaml.preview(options.directories, plan.proposal)
  const current = yield* currentOf(yield* PolicyYaml.list(options.directories), plan.proposal)
  return digestOf(loaded.sources) === plan.digest && current === plan.current
    ? undefined
    : "The rules were changed by someone else while you were asked, so your yes was to something else"
}, Effect.catchTag("PolicyLoadFailed", ({ message }) => Effect.succeed(message)))

/** What became of a plan. */
type Settled = "applied" | "rejected"

/**
 * Asks a person and does as they say: on record first, then in the file, then on record as done. Only a yes changes anything; an
 * interrupted question does not.
 */
export const settlePlan = Effect.fnUntraced(function*(
  options: PolicyYaml.PolicyOptions,
  plan: Plan,
  ask: (question: Question) => Effect.Effect<ReviewAnswer>
): Effect.fn.Return<Settled, AuditFailed | CliFailed, Audit> {
  const { commit } = yield* Audit
  const { approved, by } = yield* ask({
    title: "May these rules be put in force?",
    reason: `${plan.proposal.file} (${plan.proposal.layer})\n${outcomeOf(plan)}`,
    diff: patchOf(plan),
    why: false
  })
  if (!approved) {
    yield* commit(event("policy.declined", plan, by))
    return "rejected"
  }
  yield* commit(event("policy.approved", plan, by))
  const why = yield* outdated(options, plan)
  if (why !== undefined) {
    return yield* new CliFailed({
      exitCode: 2,
      problem: `${why}. Nothing was written. Look at the folder, then type the same command again`
    })
  }
  yield* writePolicy(plan.proposal, plan.proposal.text)
  yield* commit(event("policy.applied", plan, by))
  return "applied"
})

/** What the replay of past decisions came to, in a line. */
export const outcomeOf = ({ differences, tried }: Plan): string => {
  if (tried === undefined) return "the rules in force cannot be loaded, so there is nothing to compare with"
  const breaking = differences.filter(isBreaking).length
  return `${count(tried, "past decision")} tried, ${
    count(differences.length, "request")
  } decided differently, ${breaking} [BREAKING]`
}

const patchOf = ({ current = "", proposal: { text } }: Plan): string => {
  const patch = createTwoFilesPatch("in force", "proposed", current, text, undefined, undefined, { timeout: 5000 })
  return patch?.replace(/^=+\n/, "") ?? text.replace(/^/gm, "+")
}

const hash = (text: string) => createHash("sha256").update(text).digest("hex")

const event = (action: `policy.${"approved" | "applied" | "declined"}`, plan: Plan, by: Person | undefined) => ({
  session: null,
  category: "policy" as const,
  action,
  actor: "human" as const,
  phase: null,
  mode: null,
  detail: {
    file: plan.proposal.file,
    layer: plan.proposal.layer,
    before: plan.current === undefined ? null : hash(plan.current),
    after: hash(plan.proposal.text),
    tried: plan.tried ?? null,
    changed: plan.differences.length,
    breaking: plan.differences.filter(isBreaking).length,
    by: by ?? null
  }
})
