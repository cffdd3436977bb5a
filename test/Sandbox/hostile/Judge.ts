import { Context, Effect, Layer, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import * as Audit from "../../../src/Audit.ts"
import { paths } from "../../../src/domain/Change.ts"
import * as SessionId from "../../../src/domain/SessionId.ts"
import { packageRoot } from "../../../src/internal/PackageRoot.ts"
import { defaults } from "../../../src/KernelConfig.ts"
import { Policy } from "../../../src/Policy.ts"
import * as PolicyYaml from "../../../src/Policy/Yaml.ts"
import * as Router from "../../../src/Router.ts"
import { publicDialing, Sandbox } from "../../../src/Sandbox.ts"
import * as StateMachine from "../../../src/StateMachine.ts"
import { Workspace } from "../../../src/Workspace.ts"
import * as Disk from "../../../src/Workspace/Disk.ts"
import { contents, makeProject } from "../../support/project.ts"
import type { Runtime } from "../../support/runtimes.ts"
import { command, text } from "../../support/sandbox.ts"
import { survivors } from "../../support/survivors.ts"
import { commands } from "./commands.ts"
import type { Attempt, Bomb, HostileCommand, Plant } from "./HostileCommand.ts"
import { makeScene, type Scene, stateOf } from "./scene.ts"

/** Runs hostile commands on one runtime and tells what came of them. */
export class Judge extends Context.Tag("test/HostileJudge")<Judge, {
  readonly outcome: (command: HostileCommand) => Effect.Effect<string, unknown>
  /** What is not as it was before the first command: settings, files, processes, containers. */
  readonly damage: Effect.Effect<Readonly<Record<string, unknown>>>
}>() {}

const program = fs.readFileSync(new URL("attempts.py", import.meta.url))
const isErrno = (outcome: string) => /^E[A-Z0-9]{2,}$/.test(outcome)
/** Whoever has this in its environment or command line came out of a sandbox. */
const inside = ({ marker }: Scene) => `${marker}-inside`
const environment = (scene: Scene) => ({ GIVEN: inside(scene) })

/** All attempts after one thing in one sandbox: a line of outcomes for each. */
const attemptAll = (runtime: Runtime, scene: Scene, topic: Attempt["topic"]) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox
    const chosen = commands.filter((one): one is Attempt => one.kind === "attempt" && one.topic === topic)
    const given = { ...scene.given, commands: chosen.map(({ tries }) => tries) }
    const { exitCode, stderr, stdout } = yield* sandbox.run(command(["python3", "-B", "-", JSON.stringify(given)], {
      user: runtime.user,
      cwd: "/srv/project",
      env: environment(scene),
      stdin: program,
      mounts: [
        { source: scene.project, target: "/srv/project", mode: "rw" },
        { source: scene.readonly, target: "/srv/readonly", mode: "ro" }
      ],
      limits: { timeoutMs: 60_000 }
    }))
    const lines = text(stdout).trim().split("\n")
    if (exitCode !== 0 || lines.length !== chosen.length) {
      return yield* Effect.dieMessage(`attempts.py ended with ${exitCode}: ${text(stderr)}`)
    }
    return new Map(chosen.map((one, at) => [one as HostileCommand, wordFor(one, JSON.parse(lines[at]!))]))
  })

const wordFor = (
  { expected }: Attempt,
  tried: ReadonlyArray<readonly [expression: string, outcome: string]>
): string => {
  const all = new Set(tried.map(([, outcome]) => outcome))
  if (expected === "refused" && [...all].every(isErrno)) return expected
  return all.size === 1 ? [...all][0]! : tried.map(([expression, outcome]) => `${expression}: ${outcome}`).join("; ")
}

const words = (stdout: Uint8Array) => text(stdout).trim().split("\n").at(-1) ?? ""

const detonate = (runtime: Runtime, scene: Scene, { limits, line }: Bomb) =>
  Effect.gen(function*() {
    const sandbox = yield* Sandbox
    const place = yield* owned(scene, runtime)
    const { ended, exitCode, stderr, stdout } = yield* sandbox.run(command(line, {
      user: runtime.user,
      cwd: "/srv/project",
      env: environment(scene),
      mounts: [{ source: place, target: "/srv/project", mode: "rw" }],
      limits
    }))
    const alive = survivors(inside(scene))
    if (alive.length > 0) return `left alive: ${alive.join(" ")}`
    if (ended === "memory" || text(stderr).includes("MemoryError")) return "held"
    return ended !== "exit" ? ended : words(stdout) || `exit ${exitCode}: ${text(stderr)}`
  })

/** A directory of a bomb's own, below the project's so that it goes with it. */
const owned = (scene: Scene, { user }: Runtime) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const place = fs.mkdtempSync(join(scene.project, "bomb-"))
      fs.chownSync(place, user.uid, user.gid)
      return place
    }),
    (place) => Effect.sync(() => fs.rmSync(place, { recursive: true, force: true }))
  )

const files = {
  ".gitignore": "node_modules\nconfig/.env\n",
  "config/a.json": "{}\n",
  "src/a.js": "export const a = 1\n",
  "test/a.test.js": "// a\n",
  "package.json": "{}\n"
}

/** A project with history, a dependency, and a link to a place outside, of the runtime's user. */
const target = (runtime: Runtime) =>
  Effect.map(makeProject(files), (project) => {
    fs.mkdirSync(join(project, "node_modules/dep"), { recursive: true })
    fs.writeFileSync(join(project, "node_modules/dep/index.js"), "dep\n")
    fs.symlinkSync("/etc", join(project, "out"))
    execFileSync("chown", ["-Rh", `${runtime.user.uid}:${runtime.user.gid}`, project])
    return fs.realpathSync(project)
  })

let sessions = 0

/** A project's files, and what git has of its own in it. */
const wholeOf = (project: string) =>
  JSON.stringify([contents(project), fs.readdirSync(join(project, ".git"), { recursive: true }).toSorted()])

const plant = (project: string, { script }: Plant) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make(`s-hostile-${sessions++}`)
    const machine = yield* StateMachine.StateMachine
    const workspace = yield* Workspace
    const before = wholeOf(project)
    // Debug mode lifts the test-first gate, so that nothing but the sandbox, the workspace and the policy stands in the way.
    yield* machine.create(id, "debug")
    yield* machine.apply(id, { _tag: "TaskSubmitted" })
    const stage = yield* workspace.open({
      project,
      session: id,
      secrets: defaults.secrets,
      maxFileBytes: defaults.limits.fileBytes
    })
    const session = {
      id,
      stage,
      emit: () => Effect.void,
      review: () => Effect.succeed({ approved: false, reason: "" })
    }
    const staged = contents(stage.root)
    const router = yield* Router.Router
    const { by, outcome } = yield* router.call(session, {
      id: "c",
      name: "shell.exec",
      args: { command: "sh", args: ["-c", script] }
    })
    if (wholeOf(project) !== before) return "in the project"
    const rest = yield* stage.scan
    if (rest.changes.length + rest.forbidden.length + rest.ignored.length > 0) {
      return `left behind: ${JSON.stringify(rest)}`
    }
    if (outcome === "refused") return by ?? "nobody"
    const changes = yield* stage.changes
    if (changes.length > 0) return yield* heldAtMerge(changes)
    return JSON.stringify(contents(stage.root)) === JSON.stringify(staged) ? "sandbox" : "session"
  })

/** Who keeps what a session took from being merged without a person. */
const heldAtMerge = (changes: ReadonlyArray<Parameters<typeof paths>[0]>) =>
  Effect.gen(function*() {
    const policy = yield* Policy
    const held = yield* Effect.forEach(changes.flatMap(paths), (path) =>
      Effect.map(
        policy.decide({ action: "merge", phase: "reviewing", mode: "debug", path }),
        ({ effect, rule }) => `${{ allow: "merged", deny: "policy", require_review: "human" }[effect]} ${rule}`
      ))
    return [...new Set(held)].join("; ")
  })

type Kernel = Policy | Router.Router | Sandbox | StateMachine.StateMachine | Workspace

const kernel = (runtime: Runtime, state: string) => {
  const classify = StateMachine.makeClassify(defaults)
  return Router.layer({
    classify,
    limits: defaults.limits,
    runners: [],
    grep: "literal",
    reports: Router.reportsOnDisk,
    baselines: Router.baselinesNowhere,
    necessity: { rule: "off", budgetMs: 0 },
    network: { hosts: [], dialing: publicDialing }
  }).pipe(Layer.provideMerge(Layer.mergeAll(
    Audit.layerMemory,
    PolicyYaml.layer({
      directories: [{ layer: "shipped", directory: join(packageRoot, "policies") }],
      project: "/srv/project",
      sealed: []
    }),
    StateMachine.layerMemory({ classify }),
    runtime.layer,
    Disk.layer({ state })
  )))
}

const make = (runtime: Runtime, scene: Scene) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Kernel>()
    const before = stateOf(scene)
    const project = yield* target(runtime)
    const attempted = yield* Effect.cachedFunction((topic: Attempt["topic"]) => attemptAll(runtime, scene, topic))
    const run = (
      one: HostileCommand
    ): Effect.Effect<string, unknown, Kernel | Scope.Scope> => {
      if (one.kind === "attempt") {
        return Effect.map(attempted(one.topic), (outcomes) => outcomes.get(one) ?? "not tried")
      }
      return one.kind === "bomb" ? detonate(runtime, scene, one) : plant(project, one)
    }
    return Judge.of({
      outcome: (one) => Effect.provide(Effect.scoped(run(one)), context),
      damage: Effect.sync(() => {
        const after = { ...stateOf(scene), survivors: survivors(inside(scene)), containers: runtime.left() }
        const was: typeof after = { ...before, survivors: [], containers: [] }
        return Object.fromEntries(
          Object.entries(after).filter(([name, now]) =>
            JSON.stringify(now) !== JSON.stringify(was[name as keyof typeof after])
          )
        )
      })
    })
  })

/** The judge of one runtime, with a scene and a kernel of its own. */
export const layer = (runtime: Runtime, marker: string): Layer.Layer<Judge> =>
  Layer.unwrapScoped(
    Effect.map(makeScene(runtime.user, marker), (scene) =>
      Layer.scoped(Judge, make(runtime, scene)).pipe(
        Layer.provide(kernel(runtime, join(scene.directory, "state")))
      ))
  ).pipe(Layer.orDie)
