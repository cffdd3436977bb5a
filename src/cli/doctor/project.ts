import { Effect, Either, Option } from "effect"
import { accessSync, constants, lstatSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "../../domain/ProjectPath.ts"
import { shellWord } from "../../internal/shellWord.ts"
import { count } from "../../internal/text.ts"
import type { KernelOptions } from "../../KernelConfig.ts"
import { prepareState } from "../../KernelConfig/stateDirectory.ts"
import * as PolicyYaml from "../../Policy/Yaml.ts"
import { type RunnerProject, select } from "../../Router/Runners.ts"
import { Sandbox, trial } from "../../Sandbox.ts"
import * as Auto from "../../Sandbox/Auto.ts"
import type { WorkspaceFailed } from "../../Workspace.ts"
import * as Disk from "../../Workspace/Disk.ts"
import * as Listing from "../../Workspace/listing.ts"
import type { Finding } from "./Finding.ts"

const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/** Where sessions of this project are kept. Nothing is made that is not there. */
export const state = ({ project, state }: KernelOptions): Effect.Effect<Finding> => {
  const found = (detail: string): Finding => ({ name: "state", ok: true, required: true, detail })
  const wrong = (detail: string, remedy: string): Finding => ({
    name: "state",
    ok: false,
    required: true,
    detail,
    remedy
  })
  return isThere(state)
    ? Effect.match(prepareState(state), {
      onSuccess: () => found(state),
      onFailure: ({ message }) => wrong(message, `rm -r ${shellWord(state)}`)
    })
    : Effect.match(Effect.try(() => accessSync(project, constants.W_OK | constants.X_OK)), {
      onSuccess: () => found(`${state} will be made by the first session`),
      onFailure: () => wrong(`${project} cannot be written`, `chmod u+w ${shellWord(project)}`)
    })
}

const maxBytes = 1 << 20

const text = (project: string, path: string): Option.Option<string> => {
  if (Either.isLeft(parse(path))) return Option.none()
  try {
    const file = join(project, path)
    const stats = lstatSync(file)
    return stats.isFile() && stats.size <= maxBytes ? Option.some(readFileSync(file, "utf8")) : Option.none()
  } catch {
    return Option.none()
  }
}

/** Whom git runs as: never as root in someone else's project. */
const ownerOf = (project: string) => {
  const { gid, uid } = lstatSync(project)
  return process.geteuid?.() === 0 && uid !== 0 ? { uid, gid } : null
}

/** The project as it lies on the disk, for the search for its tests. */
const onDisk = (project: string): RunnerProject<WorkspaceFailed> => ({
  exists: (path) => Effect.sync(() => Either.isRight(parse(path)) && isThere(join(project, path))),
  read: (path) => Effect.sync(() => text(project, path)),
  list: Effect.map(
    Listing.make({ directory: project, path: Disk.gitPath, user: ownerOf(project) }),
    ({ files }) => files.flatMap((file) => Option.toArray(Either.getRight(parse(file))))
  )
})

/** Whether the rules in force can be loaded: with one file that cannot, nothing runs. */
export const policy = ({ policies }: KernelOptions): Effect.Effect<Finding> =>
  PolicyYaml.list(policies).pipe(
    Effect.flatMap(PolicyYaml.check),
    Effect.map(({ problems, rules }) => ({ problem: problems[0]?.message, rules: rules.length })),
    Effect.catchAll(({ message }) => Effect.succeed({ problem: message, rules: 0 })),
    Effect.map(({ problem, rules }) => ({
      name: "policy",
      ok: problem === undefined,
      required: true,
      detail: problem ?? `${count(rules, "rule")} in force`,
      ...(problem === undefined
        ? {}
        : { remedy: "correct the file or take it away; fluffy policy check tells all that is wrong" })
    }))
  )

/** Which test runner a session here would use. */
export const runner = ({ project, runners }: KernelOptions): Effect.Effect<Finding> =>
  Effect.match(select(onDisk(project), { root: project, configured: runners }), {
    onSuccess: (found) => ({
      name: "tests",
      ok: true,
      required: false,
      detail: [...new Set(found.map(({ runner, cwd }) => cwd === "." ? runner : `${runner} in ${cwd}`))].join(", ")
    }),
    onFailure: (error) => ({
      name: "tests",
      ok: false,
      required: false,
      ...(error._tag === "NoRunner" ? { detail: error.reason, remedy: error.remedy } : { detail: error.message })
    })
  })

/** How a session here would see the project: copied, or laid over where it is large, which is tried with the sandbox it would take. */
export const stage = (options: KernelOptions): Effect.Effect<Finding> =>
  Effect.gen(function*() {
    const { project, stage, state } = options
    const { files } = yield* Listing.make({
      directory: project,
      path: Disk.gitPath,
      user: ownerOf(project)
    })
    const size = count(files.length, "file")
    const found = (detail: string): Finding => ({
      name: "stage",
      ok: true,
      required: false,
      detail: `${size}: ${detail}`
    })
    if (stage === "copy" || (stage === "auto" && !Disk.isLarge(files.length))) {
      return found("a session works in a copy")
    }
    const why = yield* Sandbox.pipe(
      Effect.flatMap(({ run }) => Disk.overlayProblem({ state }, { project, trial: trial(run, project) })),
      Effect.provide(Auto.layerConfig(options)),
      Effect.catchAll(({ message }) => Effect.succeed(message))
    )
    return why === undefined
      ? found("a session works in an overlay over the project, and no command costs more for its size")
      : found(`a session works in a copy, which takes a while to make, since no overlay is possible: ${why}`)
  }).pipe(
    Effect.catchAll(({ message }) =>
      Effect.succeed({ name: "stage", ok: false, required: true, detail: message } satisfies Finding)
    )
  )
