import { Context, Effect, Layer } from "effect"
import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Audit from "../../../src/Audit.ts"
import type { Phase } from "../../../src/domain/Phase.ts"
import type { SessionEvent } from "../../../src/domain/SessionEvent.ts"
import * as SessionId from "../../../src/domain/SessionId.ts"
import { defaults } from "../../../src/KernelConfig.ts"
import * as Policy from "../../../src/Policy.ts"
import * as Router from "../../../src/Router.ts"
import * as Bubblewrap from "../../../src/Sandbox/Bubblewrap.ts"
import * as StateMachine from "../../../src/StateMachine.ts"
import { Workspace } from "../../../src/Workspace.ts"
import * as Disk from "../../../src/Workspace/Disk.ts"
import { makeProject } from "../../support/project.ts"
import { watcher } from "../../support/watcher.ts"

export type Files = Readonly<Record<string, string>>

type VerdictEvent = SessionEvent & { readonly type: "test.verdict" }

/** What a test run came to: the kernel's verdict, the phase after it, and what the model was told. */
export interface Judged {
  readonly verdict: VerdictEvent
  readonly phase: Phase
  readonly told: string
}

/** A session in `coding` over the real sandbox: its locked test is red, and whoever attacks may write everything else. */
export class Arena extends Context.Tag("test/Arena")<Arena, {
  /** Writes the files, runs all tests, and puts back what was there. Every write must be let through. */
  readonly attack: (files: Files, timeout?: number) => Effect.Effect<Judged>
}>() {}

const open: Policy.Rule = {
  name: "open",
  effect: "allow",
  match: { action: ["fs.write", "test.run", "shell.exec", "change"] }
}

const temporary = Effect.acquireRelease(
  Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "fluffy-arena-")))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const kernel = Layer.unwrapScoped(Effect.map(temporary, (state) => {
  const classify = StateMachine.makeClassify(defaults)
  return Router.layer({
    classify,
    limits: defaults.limits,
    runners: [],
    grep: "literal",
    reports: Router.reportsOnDisk
  }).pipe(Layer.provideMerge(Layer.mergeAll(
    Audit.layerMemory,
    Policy.layerMemory([open]),
    StateMachine.layerMemory({ classify }),
    Bubblewrap.layerLazy({ path: process.env["PATH"] ?? "" }),
    Disk.layer({ state })
  )))
}))

const make = (project: Files, test: Files) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make("s-arena")
    const machine = yield* StateMachine.StateMachine
    const router = yield* Router.Router
    const workspace = yield* Workspace
    yield* machine.create(id, "strict")
    yield* machine.apply(id, { _tag: "TaskSubmitted" })
    const directory = realpathSync(yield* makeProject(project))
    const stage = yield* workspace.open({ project: directory, session: id, secrets: [".env"], maxFileBytes: 1 << 20 })
    const seen = watcher()
    const session = { id, stage, ...seen }
    const call = (name: string, args: unknown) => router.call(session, { id: "c", name, args })
    const write = Effect.fnUntraced(function*(files: Files) {
      for (const [path, content] of Object.entries(files)) {
        const { outcome, text } = yield* call("fs.write", { path, content })
        if (outcome !== "ok") return yield* Effect.dieMessage(`${path} was not written: ${text}`)
      }
    })
    const run = Effect.fnUntraced(function*(timeout: number) {
      const { text } = yield* call("test.run", { timeout })
      const verdict = seen.events.findLast((event): event is VerdictEvent => event.type === "test.verdict")
      if (verdict === undefined) return yield* Effect.dieMessage(`no verdict: ${text}`)
      seen.events.length = 0
      return { verdict, phase: (yield* machine.get(id)).phase, told: text }
    })
    yield* write(test)
    const first = yield* run(30)
    if (first.phase !== "coding") return yield* Effect.dieMessage(`the locked test is not red: ${first.told}`)
    return Arena.of({
      attack: (files, timeout = 30) =>
        Effect.gen(function*() {
          yield* write(files)
          const judged = yield* run(timeout)
          if (judged.phase === "coding") yield* write(project)
          return judged
        }).pipe(Effect.orDie)
    })
  })

/** The arena for a project and the test of the session. */
export const layer = (project: Files, test: Files): Layer.Layer<Arena> =>
  Layer.scoped(Arena, make(project, test)).pipe(Layer.provide(kernel), Layer.orDie)
