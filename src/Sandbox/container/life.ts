import { Effect, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { acquireRelease, addFinalizer } from "../../internal/finalizer.ts"
import type { SandboxCommand, SandboxResult } from "../SandboxCommand.ts"
import { SandboxFailed, type SandboxUnavailable } from "../SandboxError.ts"
import { type Attached, attachTo } from "./attached.ts"
import { attend } from "./attend.ts"
import { createOptions, type Shape } from "./createOptions.ts"
import { statusOf, wordsOf } from "./Engine.ts"
import type { Found } from "./find.ts"
import { volumeOf } from "./mountOptions.ts"
import { remove } from "./prune.ts"
import { within } from "./within.ts"

/** A container of ours that is made and nothing more: no engine has looked at its mounts yet. */
export interface Created {
  readonly name: string
  readonly id: string
  readonly making: Making
}

/** One that is attached to. It is `running` from the moment its start is asked for until its end is known. */
export interface Container {
  readonly name: string
  readonly id: string
  readonly found: Found
  readonly attached: Attached
  running: boolean
}

/** What a container is made in and of. `left` takes the names of those that could not be removed. */
export interface Making {
  readonly backend: string
  readonly found: Found
  readonly shape: Omit<Shape, "name">
  readonly left: Set<string>
}

const createMs = 60_000
const killMs = 3000
const noSuchImage = 404

const toMake = "make a container"

const failing = (backend: string, method: string, reason?: SandboxFailed["reason"]) => (error: unknown) =>
  new SandboxFailed({
    backend,
    method,
    reason: reason ?? (statusOf(error) === undefined ? "io" : "setup"),
    detail: wordsOf(error),
    cause: error
  })

/** Whether no container was made because its image is gone: nothing has run. */
export const isImageGone = (error: SandboxFailed | SandboxUnavailable): boolean =>
  error._tag === "SandboxFailed" && error.method === toMake && statusOf(error.cause) === noSuchImage

/** Removes a container by its name; one that stays is put down in `left`. */
export const removeOrKeep = ({ engine }: Found, name: string, left: Set<string>): Effect.Effect<void> =>
  remove(engine, name).pipe(
    Effect.tap(() => Effect.sync(() => left.delete(name))),
    Effect.catchAll(({ words }) => {
      left.add(name)
      return Effect.logWarning(`The container ${name} is left: ${words}. The next start removes it.`)
    })
  )

/** Made only. When the scope closes it is removed by its name, which is known even when the engine never answers. */
export const created = Effect.fnUntraced(function*(
  making: Making
): Effect.fn.Return<Created, SandboxFailed, Scope.Scope> {
  const { backend, found, left, shape } = making
  const { engine, facts } = found
  const name = yield* acquireRelease(
    Effect.sync(() => `fluffy-${randomUUID()}`),
    (name) => removeOrKeep(found, name, left)
  )
  // Waited for whatever happens: an engine that is not makes the container after it was to be removed.
  const id = yield* Effect.uninterruptible(Effect.tryPromise({
    try: () => {
      const volume = volumeOf(facts, shape.command.mounts, name, shape.labels)
      return within(createMs, "made no container", engine.create(createOptions({ ...shape, name }), volume))
    },
    catch: failing(backend, toMake, "setup")
  }))
  return { name, id, making }
})

/**
 * Attached to, not started; Podman mounts already now. When the scope closes its streams are let go and it is killed if it may run, each
 * whatever became of the other.
 */
export const attach = Effect.fnUntraced(function*(
  { id, making: { backend, found, shape }, name }: Created,
  withinMs: number
): Effect.fn.Return<Container, SandboxFailed, Scope.Scope> {
  const { engine, facts } = found
  const attached = yield* Effect.tryPromise({
    try: async (signal) => {
      const attached = await within(withinMs, "attached nobody", attachTo(engine, facts, id, hasInput(shape)))
      if (signal.aborted) attached.release()
      return attached
    },
    catch: failing(backend, "run")
  })
  const made: Container = { name, id, found, attached, running: false }
  yield* addFinalizer(() => Effect.sync(attached.release))
  yield* addFinalizer(() =>
    made.running
      ? Effect.ignore(Effect.tryPromise(() => within(killMs, "killed nothing", engine.kill(id))))
      : Effect.void
  )
  return made
})

/** Made and attached to, not started. */
export const container = (making: Making): Effect.Effect<Container, SandboxFailed, Scope.Scope> =>
  Effect.flatMap(created(making), (made) => attach(made, createMs))

const hasInput = ({ command, parked }: Making["shape"]) => parked === true || command.stdin !== undefined

/** Starts it. */
export const start = (made: Container): Promise<unknown> => {
  made.running = true
  return made.found.engine.start(made.id)
}

/** Begins a command in it and stays until every process in it is dead. */
export const follow = (
  backend: string,
  made: Container,
  command: SandboxCommand,
  begin: () => Promise<unknown>,
  attached: Attached = made.attached
): Effect.Effect<SandboxResult, SandboxFailed> =>
  Effect.tryPromise({
    try: (signal) => attend({ ...made.found, id: made.id, attached, command, begin }, signal),
    catch: failing(backend, "run")
  }).pipe(
    Effect.flatMap((outcome): Effect.Effect<SandboxResult> => {
      made.running = false
      return outcome._tag === "Ended" ? Effect.succeed(outcome.result) : Effect.die(outcome.defect)
    })
  )
