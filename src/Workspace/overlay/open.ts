import { Effect, type Scope } from "effect"
import { lstatSync } from "node:fs"
import { acquireRelease } from "../../internal/finalizer.ts"
import type { Stage, StageOptions, WorkspaceFailed } from "../../Workspace.ts"
import { attempt } from "../attempt.ts"
import * as Blobs from "../Blobs.ts"
import { lookAt } from "../files.ts"
import type { Owner } from "../fill.ts"
import type { GitOptions } from "../Git.ts"
import * as Home from "../Home.ts"
import * as Ignored from "../Ignored.ts"
import type { Listing } from "../listing.ts"
import { gitMounts } from "../mounts.ts"
import { secretPaths } from "../secretPaths.ts"
import { Trees } from "../Trees.ts"
import { Layer, makeOwned, whiteouts } from "./Layer.ts"
import { Lower } from "./Lower.ts"
import { Mask } from "./Mask.ts"
import { Names } from "./Names.ts"
import { type Native, native } from "./native.ts"
import * as OverlayStage from "./OverlayStage.ts"
import { makeSheet, type OverlayState } from "./OverlayState.ts"
import { tryOverlay } from "./trial.ts"
import { View } from "./View.ts"
import { watch } from "./watch.ts"

/** What an overlay stage is opened with; `place` is the directory its own directory goes into. */
export interface OverlayOptions {
  readonly stage: StageOptions
  readonly place: string
  readonly journals: string
  readonly owner: Owner
  readonly user: Stage["user"]
  readonly git: GitOptions
  readonly listing: Listing
}

const inodesOf = (project: string, names: Names): ReadonlyMap<string, bigint> => {
  const device = lstatSync(project, { bigint: true }).dev
  const found = new Map<string, bigint>()
  for (const directory of names.directories.keys()) {
    const stat = lookAt(`${project}/${directory}`)
    if (stat !== undefined && stat.dev !== device) throw new OtherFileSystem(directory)
    if (stat !== undefined) found.set(directory, stat.ino)
  }
  return found
}

class OtherFileSystem extends Error {}

const isWithin = (path: string, directory: string) => path === directory || path.startsWith(`${directory}/`)

/** Makes an overlay's directory, removed with the scope, and tries one over the project; a text says why that is not possible here. */
export const prepareOverlay = Effect.fnUntraced(function*(
  { owner, place, stage, user }: Pick<OverlayOptions, "owner" | "place" | "user"> & {
    readonly stage: Pick<StageOptions, "project" | "trial">
  }
): Effect.fn.Return<
  { readonly calls: Native; readonly made: Home.OverlayHome } | string,
  WorkspaceFailed,
  Scope.Scope
> {
  if (isWithin(place, stage.project)) return `${place} lies in the project`
  const calls = yield* Effect.promise(native)
  if (calls === undefined) return "the C library cannot be called"
  // Before anything is looked at: what changes from here on has changed since the session's start.
  const made = yield* acquireRelease(
    attempt("open a stage", "write", () => Home.createOverlay(place, owner)),
    ({ directory }) => Effect.ignoreLogged(attempt("remove a stage", "write", () => Home.remove(directory)))
  )
  const why = yield* tryOverlay({ stage, directory: made.directory, owner, user, isOpaque: calls.isOpaque })
  return why ?? { calls, made }
})

/** Opens a stage as an overlay over the project; a text says why that is not possible here. */
export const openOverlay = Effect.fnUntraced(function*(
  options: OverlayOptions
): Effect.fn.Return<Stage | string, WorkspaceFailed, Scope.Scope> {
  const { listing, stage, user } = options
  const prepared = yield* prepareOverlay(options)
  if (typeof prepared === "string") return prepared
  const { calls, made } = prepared
  const secrets = listing.files.filter(secretPaths(stage.secrets))
  // History holds what a tracked secret says.
  const tellsSecrets = secrets.some((path) => listing.tracked.has(path))
  const history = tellsSecrets
    ? undefined
    : yield* attempt("open a stage", "read", () => gitMounts(stage.project, made.directory))
  const points = new Set([...listing.dependencies, ...(history === undefined ? [] : [".git"])])
  const state = yield* build(options, calls, made, points, secrets)
  if (typeof state === "string") return state
  return OverlayStage.make({
    stage,
    state,
    journals: options.journals,
    ignored: Ignored.make(options.git, listing.repositories, (path) => state.names.kindOf(path) === "file"),
    trees: new Trees(stage.project, listing.dependencies),
    points,
    history,
    user
  })
})

const build = (
  options: OverlayOptions,
  calls: Native,
  made: Home.OverlayHome,
  points: ReadonlySet<string>,
  secrets: ReadonlyArray<string>
) =>
  Effect.gen(function*() {
    const { listing, owner, stage } = options
    const { project } = stage
    const { directory, trash } = made
    const blobs = yield* acquireRelease(
      attempt("open a stage", "write", () => Blobs.make(made.blobs, false)),
      (held) => Effect.sync(() => held.close())
    )
    const names = new Names(listing.files)
    const watching = yield* acquireRelease(
      attempt("open a stage", "read", () => watch(project, names.directories.keys(), calls)),
      (one) => Effect.sync(one.close)
    )
    if (watching.method === "polls") {
      yield* Effect.logWarning(
        `This project has more directories than the system watches for one user: every command looks at all ${names.directories.size} of them. sudo sysctl fs.inotify.max_user_watches=1048576 mends it.`
      )
    }
    return yield* attempt("open a stage", "write", (): OverlayState | string => {
      const tools = { owner, trash, whiteouts: whiteouts(directory) }
      const layer = new Layer(makeOwned(`${directory}/mask`, owner), tools)
      try {
        const inodes = inodesOf(project, names)
        const session = new Layer(makeOwned(`${directory}/session`, owner), tools)
        const gone = (path: string) => session.unhideBelow(path).forEach((one) => names.forget(one))
        const covered = new Set(points)
        const mask = new Mask({ project, names, layer, watch: watching, covered, secrets: new Set(secrets), gone })
        mask.lookAtAll()
        return {
          ...tools,
          directory,
          blobs,
          names,
          mask,
          session,
          lower: new Lower({ project, names, blobs, scratch: trash, since: made.since, inodes }),
          view: new View({ project, names, mask, isOpaque: calls.isOpaque }),
          points,
          isSecret: secretPaths(stage.secrets),
          isOpaque: calls.isOpaque,
          maxFileBytes: stage.maxFileBytes,
          manifest: new Map(),
          base: new Map(),
          sheet: makeSheet(directory, owner, 0),
          sheets: 0,
          trying: false,
          pending: undefined
        }
      } catch (cause) {
        if (cause instanceof OtherFileSystem) return `another file system is mounted at ${cause.message}`
        throw cause
      }
    })
  })
