import { Duration, Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { Sandbox, SandboxFailed, type SandboxProbe, SandboxUnavailable } from "../../Sandbox.ts"
import { problem } from "../bubblewrap/check.ts"
import { defaultLimits, type SandboxCommand, type SandboxResult } from "../SandboxCommand.ts"
import { withinTemplate } from "../Template.ts"
import { attend } from "./attend.ts"
import type { ContainerOptions, Dialect } from "./ContainerOptions.ts"
import { createOptions, type Shape } from "./createOptions.ts"
import { statusOf, wordsOf } from "./Engine.ts"
import { describe, warningsOf } from "./EngineFacts.ts"
import { find, type Found } from "./find.ts"
import { findImage } from "./image.ts"
import { labels, machine, markOf } from "./KernelMark.ts"
import { unspeakable } from "./mountOptions.ts"
import { prune, remove } from "./prune.ts"

const createMs = 60_000
const probeTimeoutMs = 5000
const noSuchImage = 404

const within = async <A>(ms: number, answer: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) =>
    timer = setTimeout(() => reject(new Error(`the engine made no container within ${ms} ms`)), ms)
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

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
    const forget = Effect.zipRight(forgetEngine, forgetImage)
    const ready = Effect.all([engine, image]).pipe(Effect.tapError(() => forget))

    const failed = (reason: SandboxFailed["reason"], detail: string, cause?: unknown) =>
      new SandboxFailed({ backend, method: "run", reason, detail, ...(cause === undefined ? {} : { cause }) })

    /** Waited for whatever happens: an engine that is not makes the container after it was to be removed. */
    const create = ({ engine }: Found, shape: Shape) =>
      Effect.tryPromise({
        try: () => within(createMs, engine.create(createOptions(shape))),
        catch: (error) => failed("setup", wordsOf(error), error)
      }).pipe(
        Effect.tapError(({ cause }) => statusOf(cause) === noSuchImage ? forget : Effect.void),
        Effect.uninterruptible
      )

    const follow = (found: Found, id: string, command: SandboxCommand) =>
      Effect.tryPromise({
        try: (signal) => attend({ ...found, id, command }, signal),
        catch: (error) => failed(statusOf(error) === undefined ? "io" : "setup", wordsOf(error), error)
      }).pipe(
        Effect.flatMap((outcome): Effect.Effect<SandboxResult> =>
          outcome._tag === "Ended" ? Effect.succeed(outcome.result) : Effect.die(outcome.defect)
        )
      )

    /** Created, running, stopped, removed: by its name, which is known even when the engine never answers. */
    const execute = (found: Found, image: Shape["image"], command: SandboxCommand) =>
      Effect.acquireUseRelease(
        Effect.sync(() => `fluffy-${randomUUID()}`),
        (name) =>
          create(found, { name, facts: found.facts, image, labels: marks, command }).pipe(
            Effect.flatMap((id) => follow(found, id, command))
          ),
        (name) =>
          Effect.catchAll(
            remove(found.engine, name),
            (error) => Effect.logWarning(`The container ${name} is left: ${wordsOf(error)}. The next start removes it.`)
          )
      )

    const run = Effect.fn("Sandbox.run")(function*(command: SandboxCommand) {
      const reason = problem(command)
      if (reason !== undefined) {
        return yield* failed("setup", reason)
      }
      const [found, image] = yield* ready
      const unsaid = unspeakable(found.facts, command.mounts)
      if (unsaid !== undefined) return yield* failed("setup", unsaid)
      return yield* execute(found, image, withinTemplate(command))
    })

    const probe: Effect.Effect<SandboxProbe> = Effect.gen(function*() {
      const [found, image] = yield* ready
      const { ended, exitCode, stderr } = yield* execute(found, image, nothing)
      if (exitCode !== 0) {
        const detail = `true ended with ${exitCode} (${ended}) ${Buffer.from(stderr).toString("utf8").trim()}`.trim()
        return yield* new SandboxUnavailable({ backend, detail, remedy: `${backend} info` })
      }
      return { backend, usable: true, detail: describe(found.facts), warnings: warningsOf(found.facts) }
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
    return { sandbox: Sandbox.of({ backend, run, probe }), sweep }
  })

/** A container engine, tried when the layer is built; containers of killed kernels are removed then. */
export const layerOf = (dialect: Dialect, options: ContainerOptions): Layer.Layer<Sandbox, SandboxUnavailable> =>
  Layer.effect(
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
  Layer.effect(Sandbox, Effect.map(make(dialect, options), ({ sandbox }) => sandbox))
