import { Effect, Layer, type Scope } from "effect"
import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Audit from "../../src/Audit.ts"
import type { SessionEvent } from "../../src/domain/SessionEvent.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import { defaults } from "../../src/KernelConfig.ts"
import * as Policy from "../../src/Policy.ts"
import * as Router from "../../src/Router.ts"
import { publicDialing, type Sandbox } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as StateMachine from "../../src/StateMachine.ts"
import { Workspace, type WorkspaceFailed } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { watcher } from "./watcher.ts"

const open: Policy.Rule = {
  name: "open",
  effect: "allow",
  match: { action: ["fs.write", "test.run", "shell.exec", "task.complete", "change", "deps.install"] }
}

const installs: Policy.Rule = {
  name: "installs",
  effect: "allow",
  match: { action: "network.connect", tool: "deps.install" }
}

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "fluffy-state-")))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** A router over real stages and bubblewrap, everything allowed that a model may ask for; `state` is the state directory. */
export const kernelIn = (
  state: string,
  options: Partial<Router.RouterOptions> = {},
  sandbox: Layer.Layer<Sandbox> = Bubblewrap.layerLazy({ path: process.env["PATH"] ?? "" }),
  rules: ReadonlyArray<Policy.Rule> = [open, installs]
) => {
  const classify = StateMachine.makeClassify(defaults)
  return Router.layer({
    classify,
    limits: defaults.limits,
    runners: [],
    grep: "literal",
    reports: Router.reportsOnDisk,
    baselines: Router.baselinesOnDisk(join(state, "baselines")),
    necessity: { rule: "report", budgetMs: 60_000 },
    network: { hosts: [], dialing: publicDialing },
    ...options
  }).pipe(Layer.provideMerge(Layer.mergeAll(
    Audit.layerMemory,
    Policy.layerMemory(rules),
    StateMachine.layerMemory({ classify }),
    sandbox,
    Disk.layer({ state })
  )))
}

/** The same with a state directory of its own. */
export const kernel = (
  options: Partial<Router.RouterOptions> = {},
  sandbox?: Layer.Layer<Sandbox>,
  rules?: ReadonlyArray<Policy.Rule>
) => Layer.unwrapScoped(Effect.map(temporary, (state) => kernelIn(state, options, sandbox, rules)))

let opened = 0

/** A session in `planning` over a project's directory, and hands to call tools in it. */
export const openSession = (
  project: string
): Effect.Effect<
  OpenSession,
  WorkspaceFailed,
  Router.Router | StateMachine.StateMachine | Workspace | Audit.Audit | Scope.Scope
> =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make(`s-test-${++opened}`)
    const machine = yield* StateMachine.StateMachine
    const router = yield* Router.Router
    const workspace = yield* Workspace
    const audit = yield* Audit.Audit
    yield* Effect.orDie(machine.create(id, "strict"))
    yield* Effect.orDie(machine.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* workspace.open({
      project: realpathSync(project),
      session: id,
      secrets: [".env"],
      maxFileBytes: 1 << 20
    })
    const seen = watcher()
    let listener: (event: SessionEvent) => Effect.Effect<unknown> = () => Effect.void
    const emit = (event: SessionEvent) => Effect.zipRight(seen.emit(event), Effect.asVoid(listener(event)))
    const session = { id, stage, ...seen, emit }
    const call = (name: string, args: unknown) => Effect.orDie(router.call(session, { id: "c", name, args }))
    return {
      session,
      stage,
      events: seen.events,
      questions: seen.questions,
      onEvent: (heard) => {
        listener = heard
      },
      call,
      phase: Effect.map(Effect.orDie(machine.get(id)), ({ phase }) => phase),
      state: Effect.orDie(machine.get(id)),
      recorded: (action) =>
        Effect.map(Effect.orDie(audit.entries({ session: id })), (entries) =>
          entries.filter((entry) => entry.action === action).map(({ detail }) => detail)),
      write: Effect.fnUntraced(function*(files) {
        for (const [path, content] of Object.entries(files)) {
          const { outcome, text } = yield* call("fs.write", { path, content })
          if (outcome !== "ok") {
            return yield* Effect.dieMessage(`${path} was not written: ${text}`)
          }
        }
      }),
      run: Effect.fnUntraced(function*(args = {}) {
        const { text } = yield* call("test.run", args)
        const verdict = seen.events.findLast((event): event is VerdictEvent =>
          event.type === "test.verdict"
        )
        if (verdict === undefined) return yield* Effect.dieMessage(`no verdict: ${text}`)
        seen.events.length = 0
        return { verdict, told: text }
      })
    }
  })

export type VerdictEvent = SessionEvent & { readonly type: "test.verdict" }

/** What a test does in a session. `write` dies when a write is refused, `recorded` are the details of audit entries of an action. */
export interface OpenSession {
  readonly session: Router.RouterSession
  readonly stage: Router.RouterSession["stage"]
  readonly events: Array<SessionEvent>
  /** What a human was asked; the answer is no. */
  readonly questions: ReadonlyArray<Router.ReviewRequest>
  readonly onEvent: (listener: (event: SessionEvent) => Effect.Effect<unknown>) => void
  readonly call: (name: string, args: unknown) => Effect.Effect<{ readonly outcome: string; readonly text: string }>
  readonly phase: Effect.Effect<StateMachine.SessionState["phase"]>
  readonly state: Effect.Effect<StateMachine.SessionState>
  readonly recorded: (action: string) => Effect.Effect<ReadonlyArray<Readonly<Record<string, unknown>>>>
  readonly write: (files: Readonly<Record<string, string>>) => Effect.Effect<void>
  readonly run: (
    args?: { readonly pattern?: string; readonly timeout?: number }
  ) => Effect.Effect<{ readonly verdict: VerdictEvent; readonly told: string }>
}
