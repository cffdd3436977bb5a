import { Effect, Option, Schema } from "effect"
import type { AuditEntry } from "../Audit.ts"
import type { Decision } from "../domain/Decision.ts"
import { Mode, Phase } from "../domain/Phase.ts"
import type { PolicyRequest } from "../Policy.ts"
import { decideWithExtensions } from "../Policy/extensions/hear.ts"
import { actions } from "../Policy/Rule.ts"
import type { RuleSet } from "../Policy/RuleSet.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Asked = Schema.Struct({
  action: Schema.Literal(...actions),
  phase: Phase,
  mode: Mode,
  tool: optional(Schema.String),
  path: optional(Schema.String),
  command: optional(Schema.String),
  args: optional(Schema.Array(Schema.String)),
  host: optional(Schema.String),
  caller: optional(Schema.String)
})

const OfTool = Schema.Struct({ asked: Asked })
const OfChange = Schema.Struct({
  tool: Schema.String,
  changes: Schema.Array(Schema.Unknown)
})
const OfPaths = Schema.Struct({ paths: Schema.Array(Schema.String) })

const read = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (value: unknown): A | undefined => Option.getOrUndefined(decode(value))
}
const ofTool = read(OfTool)
const ofChange = read(OfChange)
const ofPaths = read(OfPaths)
const withPaths = Schema.is(OfPaths)

// What the log cut from a long list stands as a mark at its end.
const isPath = (path: string) => !path.startsWith("[cut, ")

/** The questions to the policy that an entry of the log tells of, as they were asked. */
export const requestsOf = ({ action, category, detail, mode, phase }: AuditEntry): ReadonlyArray<PolicyRequest> => {
  if (category === "tool" || category === "network") {
    const found = ofTool(detail)
    return found === undefined ? [] : [found.asked]
  }
  if (phase === null || mode === null) return []
  if (category === "change" && (action === "change.accepted" || action === "change.refused")) {
    const { changes, tool } = ofChange(detail) ?? { tool: "", changes: [] }
    return changes.filter(withPaths).flatMap(({ paths }) =>
      paths.filter(isPath).map((path) => ({ action: "change", phase, mode, tool, path }))
    )
  }
  if (["merge.approved", "merge.rejected", "merge.denied"].includes(action)) {
    return (ofPaths(detail)?.paths ?? []).filter(isPath).map((path) => ({ action: "merge", phase, mode, path }))
  }
  return []
}

/** A request that two sets of rules decide differently; `times` is how often it was asked, in any of the phases. */
export interface Difference {
  readonly request: PolicyRequest
  readonly phases: ReadonlyArray<Phase>
  readonly times: number
  readonly before: Decision
  readonly after: Decision
}

/** Whether a change of mind is one between yes and no. */
export const isBreaking = ({ after, before }: Difference): boolean =>
  before.effect !== "require_review" && after.effect !== "require_review"

/** Decides requests by both sets and gives those whose effect is not the same, the breaking ones first. */
export const differences = Effect.fnUntraced(function*(
  requests: ReadonlyArray<PolicyRequest>,
  before: RuleSet,
  after: RuleSet
): Effect.fn.Return<ReadonlyArray<Difference>> {
  const found = new Map<string, Difference>()
  for (const request of requests) {
    const was = yield* decideWithExtensions(before, request)
    const becomes = yield* decideWithExtensions(after, request)
    if (was.effect === becomes.effect) continue
    const { phase, ...rest } = request
    const key = JSON.stringify([Object.entries(rest).toSorted(), was, becomes])
    const known = found.get(key)
    found.set(key, {
      request: known?.request ?? request,
      phases: [...new Set([...known?.phases ?? [], phase])],
      times: (known?.times ?? 0) + 1,
      before: was,
      after: becomes
    })
  }
  return [...found.values()].toSorted((a, b) => Number(isBreaking(b)) - Number(isBreaking(a)))
})
