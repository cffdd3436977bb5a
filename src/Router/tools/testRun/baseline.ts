import { Effect, Option } from "effect"
import { createHash } from "node:crypto"
import type { Baseline } from "../../../domain/Baseline.ts"
import { isoNow } from "../../../internal/time.ts"
import { runProblem, tally } from "../../../StateMachine.ts"
import { subject } from "../../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../../RouterError.ts"
import { fromStage, select, type Selected } from "../../Runners.ts"
import type { StageCommand, ToolContext } from "../../Tool.ts"
import { runSelected } from "./runSelected.ts"

// What a call of the model may ask for at most; what it did ask for must not decide what was before.
const timeoutMs = 600_000
const versionTimeoutMs = 10_000

type Run = Parameters<Parameters<ToolContext["trying"]>[1]>[0]

/** What the tests of the project did before the session: run once in a session, over its start, or known from an earlier session. */
export const baselineOf = Effect.fn("Router.baselineOf")(function*(
  context: ToolContext,
  network: boolean
): Effect.fn.Return<Baseline, RouterFailed> {
  const { leaves, session, state } = context
  const memory = leaves.memoryOf(session.stage)
  const known = memory.baselines?.get(network)
  if (known !== undefined) return known
  const { baseline, from } = yield* find(context, network)
  memory.baselines = new Map(memory.baselines).set(network, baseline)
  const sum = (count: "passed" | "failed" | "errors" | "skipped") =>
    baseline.tests.reduce((total, test) => total + test[count], 0)
  yield* Effect.mapError(
    leaves.audit.append({
      ...subject(session.id, state),
      category: "test",
      action: "test.baseline",
      actor: "kernel",
      detail: {
        from,
        network,
        passed: sum("passed"),
        failed: sum("failed") + sum("errors"),
        skipped: sum("skipped"),
        problem: baseline.problem?.slice(0, 500) ?? null
      }
    }),
    fromLeaf("test.run")
  )
  return baseline
})

const nothing = (problem: string): Baseline => ({ tests: [], problem })

const find = Effect.fnUntraced(function*(
  context: ToolContext,
  network: boolean
): Effect.fn.Return<{ readonly baseline: Baseline; readonly from: "run" | "cache" }, RouterFailed> {
  const { options, session } = context
  const { chosen, versions } = yield* context.trying("start", (run) => look(context, run))
  if ("_tag" in chosen) return { baseline: nothing(chosen.message), from: "run" }
  // What a network answers is not the same the next time.
  const key = network ? undefined : yield* keyOf(context, chosen, versions)
  const cached = key === undefined ? Option.none() : yield* options.baselines.read(key)
  if (Option.isSome(cached)) return { baseline: cached.value, from: "cache" }
  yield* session.emit({
    type: "notice",
    at: yield* isoNow,
    session: session.id,
    level: "info",
    text: "running the tests as they were before this session, to know what failed already"
  })
  const runs = yield* Effect.forEach(chosen, (selected) =>
    context.trying("start", (run) =>
      Effect.map(
        runSelected(context, selected, {
          run: (command) => Effect.map(run({ ...command, network }), (result) => ({ result })),
          held: [],
          timeoutMs
        }),
        ({ run }) => run
      )))
  const problem = runs.map(runProblem).find((why) => why !== null) ?? null
  const believed = runs.filter((run) => runProblem(run) === null)
  const baseline = { tests: tally(believed.flatMap((run) => run.report?.cases ?? [])), problem }
  if (key !== undefined && problem === null) yield* options.baselines.write(key, baseline)
  return { baseline, from: "run" }
})

/** The runners of the project as it was, and what each says of its version. */
const look = Effect.fnUntraced(function*(context: ToolContext, run: Run) {
  const { options, session } = context
  const chosen = yield* select(fromStage(session.stage), {
    root: session.stage.project,
    configured: options.runners
  }).pipe(
    Effect.catchTag("NoRunner", (error) => Effect.succeed(error)),
    Effect.mapError(fromLeaf("test.run"))
  )
  const asked = "_tag" in chosen || !options.baselines.keeps ? [] : chosen
  const versions = yield* Effect.forEach(
    asked,
    ({ version }) => version === null ? Effect.succeed(null) : versionOf(run, version)
  )
  return { chosen, versions }
})

const versionOf = (run: Run, command: StageCommand) =>
  Effect.map(
    run({ ...command, timeoutMs: versionTimeoutMs }),
    ({ ended, exitCode, stderr, stdout }) =>
      ended === "exit" && exitCode === 0
        ? [stdout, stderr].map((bytes) => Buffer.from(bytes).toString("utf8")).join("\n")
        : null
  )

/** Names everything a baseline depends on; undefined where a part of it cannot be told, as the version of a command of the project's own. */
const keyOf = Effect.fnUntraced(function*(
  { leaves, options, session }: ToolContext,
  chosen: ReadonlyArray<Selected>,
  versions: ReadonlyArray<string | null>
) {
  if (!options.baselines.keeps || versions.includes(null)) return undefined
  const start = yield* Effect.mapError(session.stage.fingerprint, fromLeaf("test.run"))
  if (Option.isNone(start)) return undefined
  const commands = chosen.map(({ args, command, cwd, env, runner }) => ({ args, command, cwd, env, runner }))
  return createHash("sha256").update(JSON.stringify([1, start.value, leaves.sandbox.backend, commands, versions]))
    .digest("hex")
})
