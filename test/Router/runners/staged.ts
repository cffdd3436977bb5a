import { Effect, Layer } from "effect"
import { onDisk as reportChannel, reportedBy, takeReport } from "../../../src/Router/reportChannel.ts"
import { fromStage, select } from "../../../src/Router/Runners.ts"
import { defaultLimits, Sandbox } from "../../../src/Sandbox.ts"
import * as Bubblewrap from "../../../src/Sandbox/Bubblewrap.ts"
import { judgeAll, type TestRun } from "../../../src/StateMachine.ts"
import { Workspace } from "../../../src/Workspace.ts"
import * as Disk from "../../../src/Workspace/Disk.ts"
import { session } from "../../StateMachine/fixtures.ts"
import { type Files, onDisk } from "./support.ts"

const runStaged = (project: string, own: string) =>
  Effect.gen(function*() {
    const workspace = yield* Workspace
    const sandbox = yield* Sandbox
    const stage = yield* workspace.open({ project, session, secrets: [".env"], maxFileBytes: 1 << 20 })
    const selected = yield* select(fromStage(stage), { root: project, configured: [] })
    const runs = yield* Effect.forEach(selected, (one) =>
      Effect.gen(function*() {
        const way = yield* reportChannel.open(one, stage.user)
        const { mounts, ...given } = reportedBy(way)
        const result = yield* sandbox.run({
          command: one.command,
          args: one.args,
          env: one.env,
          cwd: one.cwd === "." ? project : `${project}/${one.cwd}`,
          mounts: [...(yield* stage.mounts), ...mounts],
          limits: defaultLimits,
          user: stage.user,
          ...given
        })
        return { ...result, ...(yield* takeReport(way, one, result.stdout)) } satisfies TestRun
      }))
    const hashes = { [own]: "h1" }
    const verdict = judgeAll(runs, { written: hashes, locked: {}, redTests: [], currentHashes: hashes })
    const output = runs.map((run) => Buffer.from(run.stderr).toString() + Buffer.from(run.stdout).toString()).join("")
    return { verdict, output, scan: yield* stage.scan }
  })

/** Runs a project's tests as the kernel does: staged, selected from the stage, in a sandbox, read by the host. */
export const judged = (files: Files, own: string) =>
  Effect.gen(function*() {
    const project = yield* onDisk(files)
    const state = yield* onDisk({})
    const layer = Layer.merge(Disk.layer({ state }), Bubblewrap.layerLazy({ path: process.env["PATH"] ?? "" }))
    return yield* Effect.provide(runStaged(project, own), layer)
  })
