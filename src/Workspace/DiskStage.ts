import { Effect, Option, Schedule } from "effect"
import type { ChangeSet } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import {
  MergeConflict,
  PathRefused,
  type Stage,
  type StagedFile,
  type StageOptions,
  WorkspaceFailed
} from "../Workspace.ts"
import { attempt, failure } from "./attempt.ts"
import * as State from "./DiskState.ts"
import { fingerprint } from "./fingerprint.ts"
import type { Ignored } from "./Ignored.ts"
import * as Journal from "./Journal.ts"
import { differences, toChanges } from "./Manifest.ts"
import { merge } from "./merge.ts"
import * as Patch from "./patch.ts"
import * as Read from "./read.ts"
import { bringBack, tryOut, tryStart } from "./tryOut.ts"

/** All a stage is made of; `trees` are the dependency trees, `fixed` the mounts that do not depend on the stage's content. */
export interface DiskStageOptions {
  readonly stage: StageOptions
  readonly state: State.DiskState
  readonly journals: string
  readonly ignored: Ignored
  readonly trees: ReadonlyArray<string>
  readonly fixed: Stage["mounts"]
  readonly user: Stage["user"]
}

const lockWait = Schedule.spaced("50 millis").pipe(Schedule.intersect(Schedule.recurs(200)))

const busy = new WorkspaceFailed({
  method: "merge",
  reason: "journal",
  detail: "another session is merging into this project"
})

const readerOf = (options: DiskStageOptions): Read.ReadOptions => {
  const { manifest, options: { isSecret } } = options.state
  const trees = new Set(options.trees)
  const inTree = (path: string) => options.trees.some((tree) => path === tree || path.startsWith(`${tree}/`))
  let known: { readonly size: number; readonly of: ReturnType<typeof State.directoriesOf> } | undefined
  const directories = () =>
    (known = known?.size === manifest.size ? known : { size: manifest.size, of: State.directoriesOf(manifest) }).of
  return {
    project: options.stage.project,
    root: options.state.home.root,
    isTree: (path) => trees.has(path),
    inTree,
    isMasked: (path) => manifest.get(path)?.masked ?? (inTree(path) && isSecret(path)),
    isIgnored: (path) => {
      const entry = manifest.get(path)
      if (entry !== undefined) return entry.ignored
      return directories().ignored.has(path) && !directories().kept.has(path)
    }
  }
}

const reading = <A>(method: string, work: () => A): Effect.Effect<A, PathRefused | WorkspaceFailed> =>
  Effect.try({ try: work, catch: (cause) => cause instanceof PathRefused ? cause : failure(method, "read")(cause) })

const baseOf = (state: State.DiskState, path: string, maxBytes = 1 << 20): StagedFile | undefined => {
  const content = state.base.get(path)
  if (content === undefined || content.kind === "directory") return undefined
  const pieces: Array<Buffer> = []
  let room = maxBytes
  for (const chunk of content.size === 0 ? [] : state.blobs.chunks(content.sha256)) {
    pieces.push(Buffer.from(chunk.subarray(0, room)))
    room -= chunk.length
    if (room <= 0) break
  }
  const { executable, kind, size } = content
  return { kind, executable, size, bytes: Buffer.concat(pieces) }
}

/** The stage over its state. Whoever calls keeps to one call that writes at a time. */
export const make = (options: DiskStageOptions): Stage => {
  const { fixed, ignored, journals, stage, state, trees } = options
  const { blobs, home } = state
  const reader = readerOf(options)
  const whole = { source: home.root, target: stage.project, mode: "rw" } as const
  const between = () => differences(state.base, State.visible(state.manifest))
  const diff = () => Patch.make(toChanges(between()), (content) => blobs.read(content.sha256))

  let known: { readonly start: string | null } | undefined
  const keepPatch = attempt("keep the patch", "write", () => {
    const patch = `${Journal.ownDirectory(`${Journal.ownDirectory(journals)}/patches`)}/${stage.session}.patch`
    Journal.writeDurably(patch, Buffer.from(diff().patch))
    return patch
  })

  const conflict = (paths: ReadonlyArray<string>) =>
    Effect.flatMap(
      keepPatch,
      (patch) => new MergeConflict({ paths: paths.map((path) => ProjectPath.make(path)), patch })
    )

  const apply = attempt("merge", "write", () => {
    const wanted = between()
    const conflicts = merge({
      state: journals,
      project: stage.project,
      session: stage.session,
      wanted,
      blobs,
      refuse: (path) => state.options.isSecret(path) ? "it is a secret" : undefined
    })
    if (conflicts.length > 0) return { conflicts, merged: [] }
    state.base.clear()
    for (const [path, content] of State.visible(state.manifest)) state.base.set(path, content)
    return { conflicts, merged: wanted.map((one) => ProjectPath.make(one.path)) }
  })

  const locked = attempt("merge", "journal", () => Journal.lock(journals)).pipe(
    Effect.filterOrFail((release) => release !== undefined, () => busy),
    Effect.retry({ schedule: lockWait, while: (error) => error.detail === busy.detail })
  )

  return {
    project: stage.project,
    root: home.root,
    files: state.manifest.size,
    medium: home.medium,
    user: options.user,
    get mounts() {
      const shown = trees.filter((tree) => State.hasPoint(state, tree)).map((tree) => `${stage.project}/${tree}`)
      return [whole, ...fixed, ...shown.map((path) => ({ source: path, target: path, mode: "ro" }) as const)]
    },
    read: Effect.fn("Workspace.read")((path, range) => reading("read", () => Read.read(reader, path, range ?? {}))),
    list: Effect.fn("Workspace.list")((path, range) => reading("list", () => Read.list(reader, path, range))),
    stat: Effect.fn("Workspace.stat")((path) => reading("stat", () => Option.fromNullable(Read.stat(reader, path)))),
    base: Effect.fn("Workspace.base")((path, range) =>
      attempt("read the start", "read", () => Option.fromNullable(baseOf(state, path, range?.maxBytes)))
    ),
    fingerprint: attempt("tell the start", "read", () => {
      if (known === undefined) known = { start: fingerprint(state.base, stage.project, trees) ?? null }
      return Option.fromNullable(known.start)
    }),
    tryOut: Effect.fn("Workspace.tryOut")((edits) =>
      attempt("try out", "write", () => edits === "start" ? tryStart(state) : tryOut(state, edits))
    ),
    scan: attempt("scan", "read", () => State.look(state)).pipe(
      Effect.flatMap((scanned) =>
        Effect.map(ignored.of(State.fresh(state, scanned)), (some) => State.conclude(state, scanned, some))
      ),
      Effect.withSpan("Workspace.scan")
    ),
    accept: Effect.fn("Workspace.accept")((set: ChangeSet) =>
      attempt("accept", "write", () => State.accept(state, set))
    ),
    reject: Effect.fn("Workspace.reject")((set: ChangeSet) =>
      attempt("reject", "write", () => {
        bringBack(state)
        State.reject(state, set)
      })
    ),
    changes: attempt("compare", "read", () => toChanges(between())).pipe(Effect.withSpan("Workspace.changes")),
    diff: attempt("diff", "read", diff).pipe(Effect.withSpan("Workspace.diff")),
    keepPatch: Effect.withSpan(keepPatch, "Workspace.keepPatch"),
    merge: Effect.acquireUseRelease(
      locked,
      () =>
        Effect.flatMap(
          apply,
          ({ conflicts, merged }) => conflicts.length > 0 ? conflict(conflicts) : Effect.succeed({ merged })
        ),
      (release) => Effect.sync(() => release?.())
    ).pipe(Effect.withSpan("Workspace.merge"))
  }
}
