import { Config, Effect, Layer } from "effect"
import { readdirSync, rmSync } from "node:fs"
import { acquireRelease } from "../internal/finalizer.ts"
import { Sandbox, SandboxFailed, type SandboxProbe, SandboxUnavailable } from "../Sandbox.ts"
import { programLine, sandboxArguments } from "./bubblewrap/arguments.ts"
import { problem } from "./bubblewrap/check.ts"
import { type ControlGroups, controlGroups } from "./bubblewrap/controlGroup.ts"
import { ownlessDevices } from "./bubblewrap/devices.ts"
import { diagnose } from "./bubblewrap/diagnosis.ts"
import { surroundings, version } from "./bubblewrap/examine.ts"
import { filterOf } from "./bubblewrap/filter.ts"
import { type HostSystem, hostSystem } from "./bubblewrap/hostSystem.ts"
import { launch, type Outcome } from "./bubblewrap/launch.ts"
import { limited } from "./bubblewrap/limited.ts"
import { ordered } from "./bubblewrap/mounts.ts"
import { overlaid } from "./bubblewrap/overlaid.ts"
import { type Toolchains, toolchains } from "./bubblewrap/toolchains.ts"
import { networked, networkProblem } from "./networked.ts"
import { overlayOf } from "./overlay.ts"
import { defaultLimits, type SandboxCommand, type SandboxResult } from "./SandboxCommand.ts"
import { templateOf, withinTemplate } from "./Template.ts"

/** `program` is bwrap, looked up in the system's directories when not absolute; `path` is a host PATH whose toolchains are shown. */
export interface BubblewrapOptions {
  readonly program?: string
  readonly path?: string
}

const backend = "bubblewrap"
const searchPath = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/run/wrappers/bin:/run/current-system/sw/bin"
const probeTimeoutMs = 5000

const failed = (reason: SandboxFailed["reason"], detail: string, cause?: unknown) =>
  new SandboxFailed({ backend, method: "run", reason, detail, ...(cause === undefined ? {} : { cause }) })

const own = () => ({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 })

const nothing: SandboxCommand = {
  command: "true",
  args: [],
  cwd: "/",
  mounts: [],
  limits: { ...defaultLimits, timeoutMs: probeTimeoutMs },
  user: own()
}

const make = ({ path = "", program = "bwrap" }: BubblewrapOptions) => {
  let found: HostSystem | undefined
  const host = () => found ??= hostSystem(readdirSync("/etc"))
  const known = new Map<string, Toolchains>()
  const toolchainsOf = (user: SandboxCommand["user"]): Toolchains => {
    const key = `${user.uid}:${user.gid}`
    const list = known.get(key) ?? toolchains(process.execPath, path, user)
    known.set(key, list)
    return list
  }

  let groups: { readonly made: ControlGroups | undefined } | undefined
  const groupsOf = () => (groups ??= { made: process.getuid?.() === 0 ? controlGroups(defaultLimits) : undefined }).made
  /** The kernel does not hold root to the number of processes, so root's sandbox is in a group before it begins. */
  const groupOf = ({ limits, user }: SandboxCommand) => {
    const make = groupsOf()
    return make === undefined ? undefined : { early: user.uid === 0, make: () => make(limits) }
  }
  let devices: string | undefined
  const devicesFor = ({ uid }: SandboxCommand["user"]) => uid === 0 ? devices ??= ownlessDevices() : undefined
  const close = Effect.sync(() => {
    if (devices !== undefined) rmSync(devices, { recursive: true, force: true })
    devices = undefined
  })

  const start = (asked: SandboxCommand) => {
    const command = withinTemplate(asked)
    const { first, last, paths } = toolchainsOf(command.user)
    return launch({
      ...overlaid(overlayOf(command.mounts), program, programLine(limited(host(), command))),
      hidden: sandboxArguments({
        host: host(),
        toolchains: paths,
        programs: { first, last },
        devices: devicesFor(command.user),
        mounts: ordered(command.mounts),
        cwd: command.cwd,
        env: command.env ?? {}
      }),
      filter: filterOf(templateOf(command).profile),
      files: host().files.map((file) => file.source),
      identity: process.getuid?.() === 0 ? command.user : undefined,
      searchPath,
      group: groupOf(command),
      command
    })
  }

  const execute = (command: SandboxCommand): Effect.Effect<SandboxResult, SandboxFailed> =>
    Effect.async<Outcome, SandboxFailed>((resume) => {
      try {
        const { outcome, stop } = start(command)
        void outcome.then((outcome) => resume(Effect.succeed(outcome)))
        return Effect.promise(() => {
          stop()
          return outcome
        })
      } catch (cause) {
        resume(failed("setup", `the sandbox cannot be described: ${(cause as Error).message}`, cause))
      }
    }).pipe(Effect.flatMap((outcome): Effect.Effect<SandboxResult, SandboxFailed> => {
      if (outcome._tag === "Ended") return Effect.succeed(outcome.result)
      return outcome._tag === "Died" ? Effect.die(outcome.defect) : failed(outcome.reason, outcome.detail)
    }))

  const probe: Effect.Effect<SandboxProbe> = Effect.gen(function*() {
    const around = surroundings()
    const [found, failure] = yield* Effect.all([
      version(program, searchPath),
      execute(nothing).pipe(Effect.match({
        onFailure: (error) => error.detail,
        onSuccess: ({ ended, exitCode }) => exitCode === 0 ? undefined : `true ended with ${exitCode} (${ended})`
      }))
    ], { concurrency: "unbounded" })
    const wrong = diagnose({
      ...around,
      version: found,
      failure,
      prlimit: around.platform !== "linux" || host().prlimit !== undefined
    })
    const warnings = warningsFor(nothing.user.uid, around.platform === "linux" && groupsOf() !== undefined)
    return wrong === undefined
      ? { backend, usable: true, detail: `bubblewrap ${found}: ${enforced}`, warnings }
      : { backend, usable: false, ...wrong, warnings }
  }).pipe(Effect.withSpan("Sandbox.probe"))

  /** Found out only after a failure: a sandbox that works pays nothing for the question. */
  const unavailable = (error: SandboxFailed) =>
    error.reason === "io" ?
      Effect.fail(error) :
      Effect.flatMap(probe, ({ detail, remedy, usable }) =>
        Effect.fail(usable ? error : new SandboxUnavailable({ backend, detail, remedy: remedy ?? "fluffy doctor" })))

  const run = Effect.fn("Sandbox.run")((given: SandboxCommand) => {
    const command = networked(given)
    const reason = networkProblem(given) ?? problem(command)
    return reason === undefined
      ? Effect.catchTag(execute(command), "SandboxFailed", unavailable)
      : Effect.fail(failed("setup", reason))
  })
  return { sandbox: Sandbox.of({ backend, run, probe, warm: () => Effect.void }), close }
}

const scoped = (options: BubblewrapOptions) =>
  acquireRelease(Effect.sync(() => make(options)), ({ close }) => close).pipe(
    Effect.map(({ sandbox }) => sandbox)
  )

const enforced =
  "no network, no privileges, seccomp, private /proc /dev /tmp; limits on time, output, memory, processes, files, disk"

const warningsFor = (uid: number, grouped: boolean): ReadonlyArray<string> => {
  if (grouped) return []
  const memory =
    "no control group can be made here: a sandbox's memory is bounded per process and looked at every 50 ms as a whole"
  const processes = "nor does the kernel bound the processes of a sandbox that root runs: they are counted every 50 ms"
  return uid === 0 ? [`${memory}; ${processes}`] : [memory]
}

/** Bubblewrap, not tried before the first command; a machine where it does not work fails that with `SandboxUnavailable`. */
export const layerLazy = (options: BubblewrapOptions = {}): Layer.Layer<Sandbox> =>
  Layer.scoped(Sandbox, scoped(options))

/** Bubblewrap, tried when the layer is built: without a working one there is no kernel. */
export const layer = (options: BubblewrapOptions = {}): Layer.Layer<Sandbox, SandboxUnavailable> =>
  Layer.scoped(
    Sandbox,
    Effect.gen(function*() {
      const sandbox = yield* scoped(options)
      const { detail, remedy, usable } = yield* sandbox.probe
      return usable ? sandbox : yield* new SandboxUnavailable({ backend, detail, remedy: remedy ?? "fluffy doctor" })
    })
  )

/** `layerLazy` with the toolchains of this process's PATH. */
export const layerConfig: Layer.Layer<Sandbox> = Layer.unwrapEffect(
  Config.string("PATH").pipe(Config.withDefault(""), Effect.orDie, Effect.map((path) => layerLazy({ path })))
)
