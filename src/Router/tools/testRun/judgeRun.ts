import { Effect } from "effect"
import { describe } from "../../../domain/Change.ts"
import type { ProjectPath } from "../../../domain/ProjectPath.ts"
import type { Verdict } from "../../../domain/Verdict.ts"
import { timed } from "../../../internal/time.ts"
import { judgeAll } from "../../../StateMachine.ts"
import type { RouterFailed } from "../../RouterError.ts"
import type { Selected } from "../../Runners.ts"
import type { Settlement } from "../../settle.ts"
import type { StageCommand, ToolContext } from "../../Tool.ts"
import { beforeOf } from "./beforeOf.ts"
import { factsOf } from "./factsOf.ts"
import { leaningOn } from "./leaningOn.ts"
import { runSelected } from "./runSelected.ts"
import { selectNow } from "./selectNow.ts"

/** A finished run: the kernel's verdict, what the runners printed, and how long they took. */
export interface JudgedRun {
  readonly verdict: Verdict
  readonly output: string
  readonly ownMs: number
}

/** What a call of `test.run` asks for; `timeout` in seconds. */
interface Asked {
  readonly pattern?: string | undefined
  readonly timeout?: number | undefined
  readonly network?: boolean | undefined
}

const maxNamed = 100

const timeoutOf = ({ timeout }: Asked) => timeout === undefined ? undefined : timeout * 1000

const none = (reason: string): Verdict => ({
  verdict: "none",
  reason,
  passed: 0,
  failed: 0,
  skipped: 0,
  files: [],
  failures: []
})

/** Runs whatever runners own the tests asked for and judges their reports outside the sandbox. */
export const judgeRun = Effect.fn("Router.judgeRun")(function*(
  context: ToolContext,
  args: Asked
): Effect.fn.Return<JudgedRun, RouterFailed> {
  const { session } = context
  const chosen = yield* selectNow(context, args.pattern)
  if ("_tag" in chosen) return { verdict: none(chosen.message), output: "", ownMs: 0 }
  const { present } = yield* factsOf(context)
  const run = (command: StageCommand) => context.runDiscarding({ ...command, network: args.network === true })
  const runs = yield* Effect.forEach(chosen, (selected) =>
    runSelected(context, selected, {
      run,
      held: present,
      timeoutMs: timeoutOf(args)
    }))
  const refused = [...new Set(runs.flatMap(({ ran }) => ran.refused))]
  const unreached = refused.length === 0 ? "" : `connections refused:\n${refused.join("\n")}`
  const output = [...runs.map(({ output }) => output), unreached].filter((text) => text !== "").join("\n")
  const ownMs = runs.reduce((sum, { ms }) => sum + ms, 0)
  const reports = runs.map(({ run }) => run)
  const facts = yield* factsOf(context)
  const meddled = runs.map(({ ran }) => meddling(ran.settlement)).find((why) => why !== undefined)
  if (meddled !== undefined) {
    return { verdict: { ...judgeAll(reports, facts), verdict: "none", reason: meddled }, output, ownMs }
  }
  const covers = args.pattern === undefined ? null : coveredBy(chosen)
  const [before, beforeMs] = yield* timed(beforeOf(context, reports, { covers, network: args.network === true }))
  const measured = before === undefined ? facts : { ...facts, before }
  const judged = judgeAll(reports, measured)
  const [leaning, leaningMs] = judged.verdict === "green"
    ? yield* timed(leaningOn(context, {
      pattern: args.pattern,
      network: args.network === true,
      timeoutMs: timeoutOf(args),
      facts: measured
    }))
    : [[], 0]
  const verdict: Verdict = {
    ...(leaning.length === 0 ? judged : withLeavings(judged, leaning)),
    ...(args.pattern === undefined ? {} : { partial: true })
  }
  if (verdict.verdict === "green" && covers === null) context.leaves.memoryOf(session.stage).greenMs = ownMs
  return { verdict, output, ownMs: ownMs + beforeMs + leaningMs }
})

// Where programs look by themselves, and nothing is built: what lies there stands in for what the diff shows.
const shadowing = /(^|\/)(node_modules|bower_components|vendor|\.?venv|__pycache__|__pypackages__)\//

/** A green that needs files no merge takes: a person's to see, or none where they stand in for others unseen. */
const withLeavings = (judged: Verdict, leaning: ReadonlyArray<ProjectPath>): Verdict => {
  const shadow = leaning.find((path) => shadowing.test(path))
  return shadow === undefined ? { ...judged, unmerged: leaning.slice(0, maxNamed) } : {
    ...judged,
    verdict: "none",
    reason: `the tests pass only with files that git ignores and no merge takes, ${shadow} among them: ` +
      "remove all like it and run them again"
  }
}

/** The files that are run in full; a name narrows each of them. */
const coveredBy = (chosen: ReadonlyArray<Selected>) =>
  chosen.flatMap(({ files, name }) => name === null ? files ?? [] : [])

// What jest, vitest, node:test and syrupy of pytest call the files that they compare with.
const snapshot = /(^|\/)__snapshots__\/|\.(snap|snapshot|ambr)$/

/**
 * New files of a run are only dropped; a run that changed what was there, compared with what it had just written, or left what may never
 * be taken, proves nothing.
 */
const meddling = (settlement: Settlement): string | undefined => {
  if (settlement.by !== undefined) return `the run left what may not be: ${settlement.refusals.join("; ")}`
  const changed = settlement.dropped.find(({ kind }) => kind !== "create")
  if (changed !== undefined) {
    return `the run itself changed files of the project (${describe(changed)}); the change was dropped`
  }
  const compared = settlement.dropped.find(({ path }) => snapshot.test(path))
  return compared === undefined
    ? undefined
    : `the run itself wrote what it compared with (${describe(compared)}), which was dropped: write it before the run`
}
