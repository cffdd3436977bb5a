import { Duration, Effect, Layer } from "effect"
import { addFinalizer } from "../../internal/finalizer.ts"
import { Sandbox, SandboxFailed, type SandboxProbe, SandboxUnavailable } from "../../Sandbox.ts"
import { problem } from "../bubblewrap/check.ts"
import { networked, networkProblem } from "../networked.ts"
import { defaultLimits, type SandboxCommand } from "../SandboxCommand.ts"
import { withinTemplate } from "../Template.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { makeCopies } from "./copied/Copies.ts"
import { seesFiles } from "./copied/sees.ts"
import type { Shape } from "./createOptions.ts"
import { describe, warningsOf } from "./EngineFacts.ts"
import { find, type Found } from "./find.ts"
import { findImage } from "./image.ts"
import { labels, machine, markOf } from "./KernelMark.ts"
import { container, follow, isImageGone, type Making, removeOrKeep, start } from "./life.ts"
import { unspeakable } from "./mountOptions.ts"
import { makeParking } from "./pool/Parking.ts"
import { prune } from "./prune.ts"

const probeTimeoutMs = 5000

const copying =
  "this engine does not see this machine's files: each command's are copied there and back, and their disk use is looked at afterwards"

const own = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })

const nothing: SandboxCommand = {
  command: "true",
  args: [],
  cwd: "/",
  mounts: [],
  limits: { ...defaultLimits, timeoutMs: probeTimeoutMs },
  user: own()
}

const make = (dialect: Dialect, options: ContainerOptions) =>
  Effect.gen(function*() {
    const { backend } = dialect
    const marks = {
      [labels.kernel]: markOf(process.pid),
      [labels.machine]: machine(),
      ...options.session === undefined ? {} : { [labels.session]: options.session }
    }
    const [engine, forgetEngine] = yield* Effect.cachedInvalidateWithTTL(find(dialect, options), Duration.infinity)
    const [image, forgetImage] = yield* Effect.cachedInvalidateWithTTL(
      Effect.flatMap(engine, (found) => findImage(dialect, options, found)),
      Duration.infinity
    )
    const forget: Effect.Effect<unknown> = Effect.suspend(() => Effect.all([forgetEngine, forgetImage, forgetSees]))
    const ready = Effect.all([engine, image]).pipe(Effect.tapError(() => forget))

    const failed = (detail: string) => new SandboxFailed({ backend, method: "run", reason: "setup", detail })
    const left = new Set<string>()
    const parking = makeParking()
    const copies = yield* makeCopies

    const cold = (making: Making) =>
      Effect.scoped(Effect.flatMap(container(making), (made) => {
        const { command } = making.shape
        const begin = async () => {
          await start(made)
          if (command.stdin !== undefined) made.attached.stream.end(command.stdin)
        }
        return follow(backend, made, command, begin)
      })).pipe(Effect.tapError((error) => isImageGone(error) ? forget : Effect.void))

    const makingOf = (found: Found, image: Shape["image"], command: SandboxCommand): Making => ({
      ...{ backend, found, left },
      shape: { facts: found.facts, image, labels: marks, command }
    })
    let tried = false
    const [seesOnce, forgetSees] = yield* Effect.cachedInvalidateWithTTL(
      Effect.flatMap(ready, ([found, image]) =>
        seesFiles(options.runtimeDirectory, nothing, (command) =>
          Effect.tap(cold(makingOf(found, image, command)), () => {
            tried = true
          }))),
      Duration.infinity
    )
    const sees = Effect.tapError(seesOnce, () =>
      forget)

    const execute = (found: Found, image: Shape["image"], command: SandboxCommand) =>
      Effect.flatMap(sees, (seen) => {
        const making = makingOf(found, image, command)
        return seen ? parking.run(making, cold(making)) : copies.run(making, cold)
      })

    const run = Effect.fn("Sandbox.run")(function*(given: SandboxCommand) {
      const command = networked(given)
      const reason = networkProblem(given) ?? problem(command)
      if (reason !== undefined) {
        return yield* failed(reason)
      }
      const attempt = Effect.gen(function*() {
        const [found, image] = yield* ready
        const unsaid = unspeakable(found.facts, command.mounts)
        if (unsaid !== undefined) {
          return yield* failed(unsaid)
        }
        return yield* execute(found, image, withinTemplate(command))
      })
      // Its image was made again meanwhile, and this one removed: the name is looked up once more.
      return yield* Effect.catchIf(attempt, isImageGone, () =>
        attempt)
    })

    const probe: Effect.Effect<SandboxProbe> = Effect.gen(function*() {
      const [found, image] = yield* ready
      tried = false
      const seen = yield* sees
      const warnings = [...warningsOf(found.facts), ...seen ? [] : [copying]]
      const usable = { backend, usable: true, detail: describe(found.facts), warnings }
      // Just now a container has run that showed what it should.
      if (seen && tried) {
        return usable
      }
      const { ended, exitCode, stderr } = yield* execute(found, image, nothing)
      if (exitCode !== 0) {
        const detail = `true ended with ${exitCode} (${ended}) ${Buffer.from(stderr).toString("utf8").trim()}`.trim()
        return yield* new SandboxUnavailable({ backend, detail, remedy: `${backend} info` })
      }
      return usable
    }).pipe(
      Effect.catchAll((error) =>
        Effect.succeed({
          backend,
          usable: false,
          detail: error.detail,
          remedy: error._tag === "SandboxUnavailable" ? error.remedy : `${backend} info`,
          warnings: []
        })
      ),
      Effect.withSpan("Sandbox.probe")
    )

    const sweep = Effect.flatMap(engine, prune)
    const leave = Effect.suspend(() =>
      left.size === 0
        ? Effect.void
        : Effect.flatMap(engine, (found) => Effect.forEach([...left], (name) => removeOrKeep(found, name, left)))
    )
    yield* addFinalizer(() => Effect.ignore(leave))
    const imageId = Effect.map(ready, ([, { id }]) => id)
    return { sandbox: Sandbox.of({ backend, image: imageId, run, probe, warm: parking.warm }), sweep }
  })

/** A container engine, tried when the layer is built; containers of killed kernels are removed then. */
export const layerOf = (dialect: Dialect, options: ContainerOptions): Layer.Layer<Sandbox, SandboxUnavailable> =>
  Layer.scoped(
    Sandbox,
    Effect.gen(function*() {
      const { sandbox, sweep } = yield* make(dialect, options)
      const { backend, detail, remedy, usable } = yield* sandbox.probe
      if (!usable) return yield* new SandboxUnavailable({ backend, detail, remedy: remedy ?? "fluffy doctor" })
      yield* Effect.catchAll(
        sweep,
        (error) =>
          Effect.logWarning(`Old containers cannot be looked for: ${error instanceof Error ? error.message : error}`)
      )
      return sandbox
    })
  )

/** The same, not tried before the first command or probe. */
export const layerLazyOf = (dialect: Dialect, options: ContainerOptions): Layer.Layer<Sandbox> =>
  Layer.scoped(Sandbox, Effect.map(make(dialect, options), ({ sandbox }) => sandbox))
