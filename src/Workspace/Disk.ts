import { Effect, ExecutionStrategy, Exit, Layer, Scope } from "effect"
import { lstatSync } from "node:fs"
import { isAbsolute } from "node:path"
import { acquireRelease } from "../internal/finalizer.ts"
import { type StageOptions, Workspace, WorkspaceFailed } from "../Workspace.ts"
import { attempt } from "./attempt.ts"
import * as Blobs from "./Blobs.ts"
import * as DiskStage from "./DiskStage.ts"
import * as State from "./DiskState.ts"
import { fill, type Item, measure, type Owner } from "./fill.ts"
import type { GitOptions } from "./Git.ts"
import * as Home from "./Home.ts"
import * as Ignored from "./Ignored.ts"
import * as Journal from "./Journal.ts"
import * as Listing from "./listing.ts"
import { gitMounts } from "./mounts.ts"
import { ancestors } from "./names.ts"
import { openOverlay, prepareOverlay } from "./overlay/open.ts"
import { recover } from "./recover.ts"
import { makePoints } from "./restore.ts"
import { secretPaths } from "./secretPaths.ts"
import { Trees } from "./Trees.ts"

/** How a stage is made: by the project's size, or as said. */
export type StageForm = "auto" | "copy" | "overlay"

/**
 * `state` is the project's `.fluffy/state`, absolute: journals and kept patches. `memory` and `scratch` are where stages may lie:
 * a file system in memory (an empty string: none) and a directory of a disk. `path` is where git is looked for.
 */
export interface DiskOptions {
  readonly state: string
  readonly form?: StageForm
  readonly memory?: string
  readonly scratch?: string
  readonly path?: string
}

// A copy of more takes longer than anybody waits for a command.
const maxCopyFiles = 5_000
const maxCopyBytes = 256 << 20

/** Whether a project of this size is staged as an overlay, where that is possible. */
export const isLarge = (files: number, bytes = 0): boolean => files > maxCopyFiles || bytes > maxCopyBytes

/** Where git is looked for: the system's places and no others, since a project may have put itself into a person's PATH. */
export const gitPath = [
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
  "/opt/homebrew/bin",
  "/run/current-system/sw/bin",
  "/nix/var/nix/profiles/default/bin"
].join(":")

interface Context extends Home.Places {
  readonly state: string
  readonly path: string
  readonly isRoot: boolean
  readonly form: StageForm
}

// Another user cannot pass through the state directory, which is the kernel's alone.
const contextOf = (options: DiskOptions): Context => {
  const isRoot = process.geteuid?.() === 0
  return {
    state: options.state,
    path: options.path ?? gitPath,
    isRoot,
    memory: options.memory ?? "/dev/shm",
    disk: options.scratch ?? (isRoot ? "/var/tmp" : `${options.state}/stages`),
    overlay: options.scratch ?? "/var/tmp",
    form: options.form ?? "auto"
  }
}

const ownerOf = (context: Context, project: string) => {
  const stat = lstatSync(project)
  if (!stat.isDirectory() || !isAbsolute(project)) {
    throw new WorkspaceFailed({ method: "open a stage", reason: "not a directory", detail: project })
  }
  Journal.refuseLinks(context.state, project)
  if (!context.isRoot) return { user: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }, owner: null }
  const user = { uid: stat.uid, gid: stat.gid }
  return { user, owner: user.uid === 0 ? null : user satisfies Owner }
}

const bytesOf = (items: ReadonlyArray<Item>) => items.reduce((sum, item) => sum + item.size, 0)

const open = Effect.fnUntraced(function*(context: Context, options: StageOptions) {
  const { project } = options
  const { owner, user } = yield* attempt("open a stage", "read", () => ownerOf(context, project))
  const git: GitOptions = { path: context.path, user: owner, directory: project }
  const listing = yield* Listing.make(git)
  const measured = attempt("open a stage", "read", () => measure(project, listing.files))
  const few = isLarge(listing.files.length) || context.form !== "auto" ? undefined : yield* measured
  if (context.form === "overlay" || (context.form === "auto" && isLarge(listing.files.length, bytesOf(few ?? [])))) {
    const { overlay: place, state: journals } = context
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const stage = yield* Scope.extend(
      openOverlay({ stage: options, place, journals, owner, user, git, listing }),
      scope
    )
    if (typeof stage !== "string") return stage
    yield* Scope.close(scope, Exit.void)
    yield* Effect.logWarning(`The project is copied, since it cannot be laid over: ${stage}`)
  }
  const items = few ?? (yield* measured)
  const bytes = bytesOf(items)
  const home = yield* acquireRelease(
    attempt("open a stage", "write", () => Home.create(context, items.length, bytes, owner)),
    ({ directory }) => Effect.ignoreLogged(attempt("remove a stage", "write", () => Home.remove(directory)))
  )
  const blobs = yield* acquireRelease(
    attempt("open a stage", "write", () => Blobs.make(home.blobs, !home.times)),
    (held) => Effect.sync(() => held.close())
  )
  const isSecret = secretPaths(options.secrets)
  const { directories, manifest } = yield* fill({ project, root: home.root, owner, blobs, isSecret }, items)
  // History holds what a tracked secret says.
  const tellsSecrets = [...manifest].some(([path, entry]) => entry.masked && listing.tracked.has(path))
  const history = tellsSecrets
    ? undefined
    : yield* attempt("open a stage", "read", () => gitMounts(project, home.directory))
  const points = new Set([...listing.dependencies, ...(history === undefined ? [] : [".git"])])
  yield* attempt("open a stage", "write", () => makePoints({ root: home.root, owner, points }))
  for (const point of points) for (const directory of ancestors(point)) directories.add(directory)
  const state: State.DiskState = {
    home,
    owner,
    blobs,
    manifest,
    base: State.visible(manifest),
    options: {
      root: home.root,
      times: home.times,
      maxFileBytes: options.maxFileBytes,
      points,
      isSecret,
      held: blobs.held
    },
    directories,
    aside: [],
    pending: undefined
  }
  const ignored = Ignored.make(git, listing.repositories, (path) => manifest.has(path))
  return DiskStage.make({
    stage: options,
    state,
    journals: context.state,
    ignored,
    trees: new Trees(project, listing.dependencies),
    points,
    history,
    user
  })
})

/** Stages on a file system, in memory where the project is small. */
export const layer = (options: DiskOptions): Layer.Layer<Workspace> =>
  Layer.sync(Workspace, () => {
    const context = contextOf(options)
    return Workspace.of({
      open: Effect.fn("Workspace.open")((stage) => open(context, stage)),
      recover: Effect.fn("Workspace.recover")((project) =>
        attempt("recover", "journal", () => recover(context.state, project, context))
      )
    })
  })

/** Why a project cannot be laid over for the commands of this trial; undefined when it can, whatever its size. Nothing is left of it. */
export const overlayProblem = (
  options: DiskOptions,
  stage: Pick<StageOptions, "project"> & Required<Pick<StageOptions, "trial">>
): Effect.Effect<string | undefined, WorkspaceFailed> =>
  Effect.gen(function*() {
    const context = contextOf(options)
    const { owner, user } = yield* attempt("try an overlay", "read", () => ownerOf(context, stage.project))
    const prepared = yield* prepareOverlay({ stage, place: context.overlay, owner, user })
    return typeof prepared === "string" ? prepared : undefined
  }).pipe(Effect.scoped)
