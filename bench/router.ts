import { LanguageModel } from "@effect/ai/LanguageModel"
import { Effect, Layer, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SessionId } from "../src/domain/SessionId.ts"
import { packageRoot } from "../src/internal/PackageRoot.ts"
import * as Kernel from "../src/Kernel.ts"
import { defaults } from "../src/KernelConfig.ts"
import { Router } from "../src/Router.ts"
import { StateMachine } from "../src/StateMachine.ts"
import { Workspace } from "../src/Workspace.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const files = 600
const calls = 2_000
const turnCalls = 8
const barMs = 1

const noModel = Layer.succeed(
  LanguageModel,
  LanguageModel.of({
    generateText: () => Effect.dieMessage("no model here"),
    generateObject: () => Effect.dieMessage("no model here"),
    streamText: () => Stream.dieMessage("no model here")
  } as never)
)

const project = () => {
  const directory = mkdtempSync(join(tmpdir(), "fluffy-bench-"))
  mkdirSync(join(directory, "src"))
  for (let index = 0; index < files; index++) {
    writeFileSync(join(directory, `src/file-${index}.js`), `export const n = ${index}\n`)
  }
  execFileSync("git", ["init", "-q"], { cwd: directory })
  return directory
}

const percentile = (values: ReadonlyArray<number>, p: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))]!

const measure = (directory: string) =>
  Effect.gen(function*() {
    const router = yield* Router
    const workspace = yield* Workspace
    const stateMachine = yield* StateMachine
    const id = SessionId.make("s-bench-0001")
    yield* stateMachine.create(id, "strict")
    yield* stateMachine.apply(id, { _tag: "TaskSubmitted" })
    const stage = yield* workspace.open({
      project: directory,
      session: id,
      secrets: defaults.secrets,
      maxFileBytes: 1 << 20
    })
    const session = {
      id,
      stage,
      emit: () => Effect.void,
      review: () => Effect.succeed({ approved: false, reason: "" })
    }
    const one = (index: number) =>
      router.call(session, { id: `c${index}`, name: "fs.read", args: { path: `src/file-${index % files}.js` } })
    yield* Effect.forEach(Array.from({ length: 200 }, (_, index) => index), one, { discard: true })
    // As an agent makes them: the calls of one turn, then the model's turn.
    const turns = Array.from({ length: calls / turnCalls }, (_, turn) => turn)
    const results = yield* Effect.forEach(turns, (turn) =>
      Effect.zipLeft(
        Effect.forEach(Array.from({ length: turnCalls }, (_, index) => turn * turnCalls + index), one),
        Effect.sleep("2 millis")
      ))
    return results.flat().map(({ durationMs, overheadMs }) => ({ own: durationMs - overheadMs, overhead: overheadMs }))
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Kernel.layer({
        ...defaults,
        project: directory,
        state: join(directory, ".fluffy/state"),
        policies: [{ layer: "shipped", directory: join(packageRoot, "policies") }]
      }).pipe(Layer.provide(noModel))
    )
  )

/** What a fast-path call costs beyond the tool's own work, with the real log, rules, state and stage. */
export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const directory = project()
  try {
    const samples = await Effect.runPromise(measure(directory))
    const figure = percentile(samples.map(({ overhead }) => overhead), 0.99)
    return [{
      what: `fast-path call, all but the tool's own work (p99 of ${calls} fs.read)`,
      reference: barMs,
      figure,
      ratio: figure / barMs,
      bar: "p99 < 1 ms",
      unit: "ms",
      ok: figure < barMs
    }]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (isMain(import.meta.url)) print(await run())
