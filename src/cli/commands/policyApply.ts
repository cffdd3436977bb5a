import { Effect } from "effect"
import { basename, join, resolve } from "node:path"
import * as AuditSql from "../../Audit/Sql.ts"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { type KernelOptions, sealedPlaces } from "../../KernelConfig.ts"
import { prepareState } from "../../KernelConfig/stateDirectory.ts"
import { describe } from "../../Policy/Subject.ts"
import type { PolicyFile } from "../../Policy/Yaml.ts"
import { outcomeOf, pastRequests, type Plan, planPolicy, settlePlan } from "../applyPolicy.ts"
import type { CommandOf } from "../args.ts"
import { auditHere } from "../auditHere.ts"
import { misused } from "../CliFailed.ts"
import { configure } from "../configure.ts"
import { canAsk, errStyle, outStyle, print, tell } from "../io.ts"
import { person } from "../person.ts"
import { type Difference, isBreaking } from "../replay.ts"
import { makeAsk } from "../review.ts"

const usualLast = 1000

const targetOf = (options: KernelOptions, layer: "user" | "project", source: string) => {
  const directory = options.policies.find((found) => found.layer === layer)?.directory
  const name = basename(source)
  if (directory === undefined) return misused("There is no place for your own policies: set HOME or XDG_CONFIG_HOME")
  return /^[^.\x00-\x1f\x7f][^\x00-\x1f\x7f]*\.(?:ya?ml|js|(?<!\.d\.)ts)$/.test(name)
    ? Effect.succeed<PolicyFile>({ layer, file: join(directory, name) })
    : misused(
      `A file of rules ends in .yaml, .yml, .js or .ts, and ${JSON.stringify(name.slice(0, 80))} does not. Rename it`
    )
}

const show = (difference: Difference) => {
  const { after, before, phases, request, times } = difference
  const tag = isBreaking(difference) ? `${outStyle.red("[BREAKING]")} ` : ""
  print(
    `${tag}${outStyle.bold(`${before.effect} -> ${after.effect}`)}  ${escapeLine(describe(request), 500)}  ` +
      `${outStyle.dim(`(${phases.join(", ")}; asked ${times === 1 ? "once" : `${times} times`})`)}\n` +
      `    was   rule ${escapeLine(before.rule)} (${before.layer}): ${escapeLine(before.reason, 500)}\n` +
      `    then  rule ${escapeLine(after.rule)} (${after.layer}): ${escapeLine(after.reason, 500)}\n`
  )
}

const report = (plan: Plan, applied: boolean) =>
  print(`${
    escapeJson({
      file: plan.proposal.file,
      layer: plan.proposal.layer,
      warnings: plan.warnings,
      tried: plan.tried ?? null,
      differences: plan.differences.map((difference) => ({ ...difference, breaking: isBreaking(difference) })),
      applied
    })
  }\n`)

const desk = (asJson: boolean) => {
  const onStdout = process.stdout.isTTY && !asJson
  return makeAsk({
    input: process.stdin,
    output: onStdout ? process.stdout : process.stderr,
    style: onStdout ? outStyle : errStyle,
    person: person(),
    interrupt: () => process.kill(process.pid, "SIGINT")
  })
}

/** `fluffy policy apply`: 0 when the file is in force at the end, 4 when nobody said yes, 2 when it cannot be. */
export const run = Effect.fnUntraced(function*({ flags, operands: [source = ""] }: CommandOf<"policy apply">) {
  const { options } = yield* configure({})
  const target = yield* targetOf(options, flags.to ?? "user", source)
  const log = yield* auditHere
  const past = log.layer === undefined
    ? Effect.succeed([])
    : Effect.provide(pastRequests(flags.last ?? usualLast), log.layer)
  const places = {
    directories: options.policies,
    project: options.project,
    sealed: sealedPlaces(options),
    grants: options.grants
  }
  const plan = yield* planPolicy(places, resolve(source), target, past)
  const asJson = flags.json === true
  for (const { line, rule, warning } of plan.warnings) {
    tell(`${errStyle.yellow("warning:")} ${escapeLine(`${source}:${line} (rule ${rule}): ${warning}`, 1000)}\n`)
  }
  if (plan.current === plan.proposal.text) {
    if (asJson) report(plan, true)
    else print(`${escapeLine(target.file, 1000)} holds exactly this already\n`)
    return 0
  }
  if (!asJson) {
    plan.differences.forEach(show)
    print(`${outcomeOf(plan)}\n`)
  }
  const seen = asJson ? process.stderr.isTTY : process.stdout.isTTY || process.stderr.isTTY
  if (!canAsk() || !seen) {
    if (asJson) report(plan, false)
    tell("Nothing was changed: rules are put in force by a person at a terminal. Type the same command there\n")
    return 4
  }
  yield* prepareState(options.state)
  const settled = yield* settlePlan(places, plan, desk(asJson)).pipe(Effect.provide(AuditSql.layer({ file: log.file })))
  if (asJson) report(plan, settled === "applied")
  else if (settled === "applied") {
    print(
      `${outStyle.green("in force")}  ${
        escapeLine(target.file, 1000)
      }, for running sessions too, from their next step on\n`
    )
  } else print("Nothing was changed\n")
  return settled === "applied" ? 0 : 4
})
