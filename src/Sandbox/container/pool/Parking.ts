import { Effect, type Scope } from "effect"
import { acquireRelease } from "../../../internal/finalizer.ts"
import { type SandboxCommand, type SandboxResult, writable } from "../../SandboxCommand.ts"
import type { SandboxFailed } from "../../SandboxError.ts"
import { templateOf } from "../../Template.ts"
import { attach, type Container, type Created, created, follow, type Making, start } from "../life.ts"
import { begunByte, requestLine } from "../request.ts"
import { within } from "../within.ts"
import * as Pool from "./Pool.ts"
import { parkedShape, shapeKey } from "./shapeKey.ts"

const startMs = 3000

/** A container that has started and waits for its command. */
interface Parked {
  readonly made: Container
  dead: boolean
}

const park = (made: Container): Parked => {
  const parked: Parked = { made, dead: false }
  const die = () => void (parked.dead = true)
  // It says nothing and does not end by itself before it has its command.
  made.attached.printTo(die)
  void made.attached.closed.then(die)
  made.attached.exited.then(die, die)
  return parked
}

/** Runs the command in it; undefined when it ended before anything of the command began. */
const runIn = (
  backend: string,
  { made }: Parked,
  command: SandboxCommand,
  line: string
): Effect.Effect<SandboxResult | undefined, SandboxFailed> =>
  Effect.suspend(() => {
    let begun = false
    const { stream } = made.attached
    const attached: Container["attached"] = {
      ...made.attached,
      printTo: (sink) =>
        made.attached.printTo((name, chunk) => {
          const first = !begun && name === "stdout" && chunk[0] === begunByte
          begun ||= first
          const rest = first ? chunk.subarray(1) : chunk
          if (rest.length > 0) sink(name, rest)
        })
    }
    const begin = async () => {
      stream.end(Buffer.concat([Buffer.from(line), command.stdin ?? new Uint8Array()]))
    }
    return Effect.map(
      follow(backend, made, command, begin, attached),
      (result) => begun || result.ended !== "exit" ? result : undefined
    )
  })

interface Wanted {
  readonly making: Making
  readonly key: string
}

const keyOf = (shape: Making["shape"]): string | undefined => {
  try {
    return shapeKey(shape)
  } catch {
    return undefined
  }
}

const isCurrent = ({ key, making }: Wanted) => keyOf(making.shape) === key

const unmoved = (wanted: Wanted) =>
  Effect.suspend(() => isCurrent(wanted) ? Effect.void : Effect.fail("moved" as const))

const pool = Pool.make<Wanted, Created, Parked, SandboxFailed | "moved">({
  make: ({ making }) => created(making),
  // Docker follows the mounts' paths when it starts a container, Podman when it attaches: to what they are now, before and afterwards.
  start: (made, wanted) =>
    Effect.gen(function*() {
      yield* unmoved(wanted)
      const parked = park(yield* attach(made, startMs))
      yield* Effect.tryPromise({
        try: () => within(startMs, "started nothing", start(parked.made)),
        catch: () => "moved" as const
      })
      yield* unmoved(wanted)
      return parked
    }),
  isAlive: ({ dead }) => !dead,
  isCurrent
})

/** Runs a command in a container that is ready, where there is one. */
export interface Parking {
  /** While the scope is open, containers for commands that can write below `root` and nowhere else are kept ready. */
  readonly warm: (root: string) => Effect.Effect<void, never, Scope.Scope>
  /** Whatever becomes of one that was ready, the command runs: `cold` is how without it. */
  readonly run: (
    making: Making,
    cold: Effect.Effect<SandboxResult, SandboxFailed>
  ) => Effect.Effect<SandboxResult, SandboxFailed>
}

/** The pools of the sessions that are open, by what they may write. */
export const makeParking = (): Parking => {
  const pools = new Map<string, Effect.Effect.Success<typeof pool>>()

  const poolFor = (command: SandboxCommand) => {
    // What a proxy mounts is of one command: what is made ahead for it would never be used.
    if (templateOf(command).network) return undefined
    // So is the directory that takes what is written to an overlay.
    if (command.mounts.some(({ mode }) => mode === "overlay")) return undefined
    const places = writable(command.mounts)
    const root = [...pools.keys()].find((root) => places.every((place) => `${place}/`.startsWith(`${root}/`)))
    return places.length === 0 || root === undefined ? undefined : pools.get(root)
  }

  return {
    warm: (root) =>
      Effect.flatMap(pool, (own) =>
        acquireRelease(
          Effect.sync(() => pools.set(root, own)),
          () => Effect.sync(() => pools.get(root) === own && pools.delete(root))
        )),
    run: (making, cold) => {
      const { backend, shape: { command } } = making
      const [own, line] = [poolFor(command), requestLine(command)]
      const parked = { ...making, shape: parkedShape(making.shape) }
      const key = own === undefined || line === undefined ? undefined : keyOf(parked.shape)
      if (own === undefined || line === undefined || key === undefined) return cold
      return own.use(key, { making: parked, key }, (ready) =>
        ready === undefined
          ? cold
          : Effect.flatMap(runIn(backend, ready, command, line), (result) =>
            result === undefined ? cold : Effect.succeed(result)))
    }
  }
}
