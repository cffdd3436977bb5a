import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { Hunk, Necessity } from "../../domain/Necessity.ts"
import { isoNow, monotonicMs } from "../../internal/time.ts"
import { judgeAll, type TestRun } from "../../StateMachine.ts"
import type { Edit } from "../../Workspace.ts"
import { subject } from "../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { Selected } from "../Runners.ts"
import type { ToolContext } from "../Tool.ts"
import { beforeOf } from "../tools/testRun/beforeOf.ts"
import { type Facts, factsOf } from "../tools/testRun/factsOf.ts"
import { runSelected } from "../tools/testRun/runSelected.ts"
import { selectNow } from "../tools/testRun/selectNow.ts"
import { revertsOf } from "./reverts.ts"

const maxHunks = 20

// A hunk whose absence makes the tests hang is demanded; how long one waits to see that follows from how long the tests take.
const patience = 5
const leastMs = 5_000
const unknownMs = 30_000

const failed = fromLeaf("task.complete")

/** Takes each source hunk back alone and runs the tests without it, as far as the time goes; the same change is checked once. */
export const checkNecessity = Effect.fn("Router.checkNecessity")(function*(
  context: ToolContext
): Effect.fn.Return<Necessity, RouterFailed> {
  const { leaves, session } = context
  const memory = leaves.memoryOf(session.stage)
  const { patch } = yield* Effect.mapError(session.stage.diff, failed)
  const of = createHash("sha256").update(patch).digest("hex")
  if (memory.necessity?.of === of) return memory.necessity.found
  const found = yield* check(context)
  memory.necessity = { of, found }
  yield* record(context, found)
  return found
})

const check = Effect.fnUntraced(function*(context: ToolContext): Effect.fn.Return<Necessity, RouterFailed> {
  const { options, session } = context
  const { left, reverts } = yield* revertsOf(context)
  const chosen = yield* selectNow(context)
  const total = left + reverts.length
  if ("_tag" in chosen) return { checked: 0, unchecked: total, undemanded: [] }
  const facts = yield* factsOf(context)
  const greenMs = context.leaves.memoryOf(session.stage).greenMs
  const start = yield* monotonicMs
  const undemanded: Array<Hunk> = []
  const some = reverts.slice(0, maxHunks)
  let checked = 0
  for (const { edits, hunk } of some) {
    const remaining = options.necessity.budgetMs - ((yield* monotonicMs) - start)
    if (remaining < (greenMs ?? 0) || remaining <= 0) break
    yield* session.emit({
      type: "necessity.progress",
      at: yield* isoNow,
      session: session.id,
      done: checked,
      total: some.length,
      hunk
    })
    const patient = Math.max(leastMs, patience * (greenMs ?? unknownMs))
    const without = yield* runWithout(context, edits, chosen, facts, Math.min(patient, remaining))
    if (without === "stopped" && remaining < patient) break
    checked++
    if (without === "green") undemanded.push(hunk)
  }
  return { checked, unchecked: total - checked, undemanded }
})

/** What the tests say with edits made; "stopped" when a run took longer than it may. */
const runWithout = Effect.fnUntraced(function*(
  context: ToolContext,
  edits: ReadonlyArray<Edit>,
  chosen: ReadonlyArray<Selected>,
  facts: Facts,
  timeoutMs: number
): Effect.fn.Return<"green" | "red" | "stopped", RouterFailed> {
  const runs: Array<TestRun> = []
  for (const selected of chosen) {
    const { run } = yield* context.trying(edits, (bare) =>
      runSelected(context, selected, {
        run: (command) => Effect.map(bare(command), (result) => ({ result })),
        held: facts.present,
        timeoutMs: Math.ceil(timeoutMs)
      }))
    if (run.ended === "timeout") return "stopped"
    runs.push(run)
  }
  const before = yield* beforeOf(context, runs, { covers: null, network: false })
  const { verdict } = judgeAll(runs, before === undefined ? facts : { ...facts, before })
  return verdict === "green" ? "green" : "red"
})

const record = Effect.fnUntraced(function*({ leaves, options, session, state }: ToolContext, found: Necessity) {
  yield* Effect.mapError(
    leaves.audit.commit({
      ...subject(session.id, state),
      category: "test",
      action: "test.necessity",
      actor: "kernel",
      detail: { rule: options.necessity.rule, ...found }
    }),
    failed
  )
  yield* session.emit({ type: "necessity.checked", at: yield* isoNow, session: session.id, ...found })
})
