import { Effect, Either, Schema } from "effect"
import { parseHost, show as showHost } from "../../domain/NetworkHost.ts"
import { parse } from "../../domain/ProjectPath.ts"
import { ToolName } from "../../domain/ToolCall.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { sealedPlaces } from "../../KernelConfig.ts"
import {
  coverage,
  describeScope,
  type Explanation,
  Policy,
  type PolicyAction,
  type PolicyRequest,
  type SavedGrant
} from "../../Policy.ts"
import { actions } from "../../Policy/Rule.ts"
import * as PolicyYaml from "../../Policy/Yaml.ts"
import type { CommandOf } from "../args.ts"
import { misused } from "../CliFailed.ts"
import { configure } from "../configure.ts"
import { outStyle, print } from "../io.ts"
import { nearest } from "../nearest.ts"

const isTool = Schema.is(ToolName)

const actionOf = (text: string) => {
  const found = actions.find((action) => action === text)
  const meant = nearest(text, actions)
  return found === undefined
    ? misused(
      `There is no action ${JSON.stringify(text.slice(0, 80))}. ${
        meant === undefined ? `The actions are: ${actions.join(", ")}` : `Did you mean: ${meant}`
      }`
    )
    : Effect.succeed(found)
}

const pathOf = (text: string) =>
  Either.mapLeft(parse(text), (why) => misused(`The path ${JSON.stringify(text.slice(0, 200))} cannot be used: ${why}`))

/** A connection is asked about as `name:port`; 443 is the usual one. */
const hostOf = (text: string) =>
  Either.mapBoth(parseHost(/:\d*$/.test(text) ? text : `${text}:443`), {
    onLeft: (why) => misused(`The host ${JSON.stringify(text.slice(0, 200))} cannot be used: ${why}`),
    onRight: showHost
  })

const toolOf = (action: PolicyAction, text: string | undefined) => {
  if (isTool(action)) {
    return text === undefined || text === action
      ? Effect.succeed(action)
      : misused(`A call of ${action} is of no other tool. Leave --tool out, or ask about change or network.connect`)
  }
  if (text === undefined || isTool(text)) return Effect.succeed(text)
  const meant = nearest(text, ToolName.literals)
  return misused(
    `There is no tool ${JSON.stringify(text.slice(0, 80))}. ${
      meant === undefined ? `The tools are: ${ToolName.literals.join(", ")}` : `Did you mean: ${meant}`
    }`
  )
}

const requestOf = Effect.fnUntraced(function*({ flags, operands: [action = ""] }: CommandOf<"policy explain">) {
  const { args, caller, command, host, mode = "strict", path, phase = "coding" } = flags
  const known = yield* actionOf(action)
  const tool = yield* toolOf(known, flags.tool)
  const request: PolicyRequest = {
    action: known,
    phase,
    mode,
    ...(tool === undefined ? {} : { tool }),
    ...(path === undefined ? {} : { path: yield* pathOf(path) }),
    ...(command === undefined ? {} : { command, args: args ?? [] }),
    ...(host === undefined ? {} : { host: yield* hostOf(host) }),
    ...(caller === undefined ? {} : { caller })
  }
  return args !== undefined && command === undefined
    ? yield* misused("--args needs --command. Name the command they belong to")
    : request
})

const paints = { allow: outStyle.green, require_review: outStyle.yellow, deny: outStyle.red } as const

/** The grants that answer in a person's place: of the same question, about this too. */
const answering = Effect.fnUntraced(function*(request: PolicyRequest, { decision }: Explanation) {
  const { grants } = yield* Policy
  if (grants === undefined || decision.effect !== "require_review") return []
  const { grants: saved } = yield* grants.list
  return saved.filter(({ asked, grant }) =>
    asked.rule === decision.rule && asked.layer === decision.layer && asked.reason === decision.reason &&
    coverage({ ...grant, uses: 1, ttlMs: 1 })(request)
  )
})

const show = ({ abstained, decision, matched }: Explanation, grants: ReadonlyArray<SavedGrant>) => {
  const { effect, failures = [], layer, reason, rule } = decision
  print(
    `${outStyle.bold(paints[effect](effect))} by rule ${escapeLine(rule)} (${layer}): ${escapeLine(reason, 1000)}\n`
  )
  for (const { at, grant, id } of grants) {
    print(
      `answered by ${outStyle.bold(id)}, your yes for always of ${escapeLine(at)}: ${
        escapeLine(describeScope(grant), 1000)
      }\n`
    )
  }
  if (matched.length > 0) print(`\nrules that match:\n`)
  for (const { effect, layer, rule } of matched) {
    print(`  ${paints[effect](effect.padEnd(15))}${layer.padEnd(9)}${escapeLine(rule)}\n`)
  }
  if (failures.length > 0) print(`\nextensions that failed, each of which denies:\n`)
  for (const { extension, failure, layer, problem } of failures) {
    print(
      `  ${outStyle.red(failure.padEnd(15))}${layer.padEnd(9)}${escapeLine(extension)}: ${escapeLine(problem, 500)}\n`
    )
  }
  if (abstained.length > 0) print(`\nrules on this action that do not:\n`)
  for (const { rule, why } of abstained) print(`  ${escapeLine(rule).padEnd(32)} ${outStyle.dim(escapeLine(why))}\n`)
}

/** `fluffy policy explain`: the decision and the rules behind it. */
export const run = Effect.fnUntraced(function*(command: CommandOf<"policy explain">) {
  const request = yield* requestOf(command)
  const { options } = yield* configure({ mode: command.flags.mode })
  const [explanation, grants] = yield* Effect.flatMap(Policy, (policy) => policy.explain(request)).pipe(
    Effect.flatMap((explanation) =>
      Effect.map(answering(request, explanation), (grants) => [explanation, grants] as const)
    ),
    Effect.provide(
      PolicyYaml.layer({
        directories: options.policies,
        project: options.project,
        sealed: sealedPlaces(options),
        grants: options.grants
      })
    )
  )
  if (command.flags.json === true) print(`${escapeJson({ request, ...explanation, grants })}\n`)
  else show(explanation, grants)
  return 0
})
