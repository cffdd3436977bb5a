import { Effect, Option } from "effect"
import type { ChangeSet, Content } from "../domain/Change.ts"
import {
  PathRefused,
  type Stage,
  type StagedFile,
  type StageMount,
  type StageOptions,
  type WorkspaceFailed
} from "../Workspace.ts"
import { attempt, failure } from "./attempt.ts"
import type { Blobs } from "./Blobs.ts"
import * as State from "./DiskState.ts"
import { lookAt } from "./files.ts"
import { fingerprint } from "./fingerprint.ts"
import { finishing } from "./finishing.ts"
import type { Ignored } from "./Ignored.ts"
import { differences } from "./Manifest.ts"
import { parentOf, refusePath } from "./names.ts"
import * as Read from "./read.ts"
import { makePoints } from "./restore.ts"
import type { Trees } from "./Trees.ts"
import { bringBack, tryOut, tryWhole } from "./tryOut.ts"

/**
 * All a stage is made of; `trees` are the dependency trees, `points` the places of everything mounted, `history` the mounts
 * of `.git`.
 */
export interface DiskStageOptions {
  readonly stage: StageOptions
  readonly state: State.DiskState
  readonly journals: string
  readonly ignored: Ignored
  readonly trees: Trees
  readonly points: Set<string>
  readonly history: (() => ReadonlyArray<StageMount>) | undefined
  readonly user: Stage["user"]
}

const readerOf = (options: DiskStageOptions): Read.ReadOptions => {
  const { manifest, options: { isSecret } } = options.state
  const { trees } = options
  const inTree = (path: string) => trees.of(path) !== undefined
  let known: { readonly size: number; readonly of: ReturnType<typeof State.directoriesOf> } | undefined
  const directories = () =>
    (known = known?.size === manifest.size ? known : { size: manifest.size, of: State.directoriesOf(manifest) }).of
  return {
    placeOf: (path) => trees.placeOf(path) ?? { root: options.state.home.root, path },
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

/** Whether a real directory is there. */
export const isDirectory = (host: string): boolean => lookAt(host)?.isDirectory() ?? false

/** Reads as an effect. */
export const reading = <A>(method: string, work: () => A): Effect.Effect<A, PathRefused | WorkspaceFailed> =>
  Effect.try({ try: work, catch: (cause) => cause instanceof PathRefused ? cause : failure(method, "read")(cause) })

/** The first bytes of a content that is kept. */
export const startOf = (
  blobs: Blobs,
  content: Content | null | undefined,
  maxBytes = 1 << 20
): StagedFile | undefined => {
  if (content === undefined || content === null || content.kind === "directory") return undefined
  const pieces: Array<Buffer> = []
  let room = maxBytes
  for (const chunk of content.size === 0 ? [] : blobs.chunks(content.sha256)) {
    pieces.push(Buffer.from(chunk.subarray(0, room)))
    room -= chunk.length
    if (room <= 0) break
  }
  const { executable, kind, size } = content
  return { kind, executable, size, bytes: Buffer.concat(pieces) }
}

/** Why nothing can be mounted at this path of the stage, or undefined. */
const placeProblem = ({ points, state, trees }: DiskStageOptions, path: string): string | undefined => {
  const outer = trees.of(path)
  if (outer === path || (outer === undefined && points.has(path))) {
    return outer === path
      ? undefined
      : "it is not a tree's place"
  }
  const why = refusePath(path)
  if (why !== undefined || outer !== undefined) return why ?? `it lies in ${outer}`
  const parent = parentOf(path)
  if (parent !== "" && !State.hasPoint(state, parent)) return `${parent} is no directory`
  const taken = [...state.manifest.keys()].find((one) => one === path || one.startsWith(`${path}/`))
  return taken === undefined ? undefined : `${taken} lies there`
}

/** The stage over its state. Whoever calls keeps to one call that writes at a time. */
export const make = (options: DiskStageOptions): Stage => {
  const { history, ignored, journals, stage, state, trees } = options
  const { blobs, home } = state
  const reader = readerOf(options)
  const whole = { source: home.root, target: stage.project, mode: "rw" } as const
  const between = () => differences(state.base, State.visible(state.manifest))

  let known: { readonly start: string | null } | undefined
  return {
    project: stage.project,
    form: "copy",
    root: home.root,
    files: state.manifest.size,
    medium: home.medium,
    user: options.user,
    mounts: attempt("show the stage", "read", () => {
      const shown = trees.all.filter(([tree, source]) => State.hasPoint(state, tree) && isDirectory(source))
      return [
        whole,
        ...history?.() ?? [],
        ...shown.map(([tree, source]) => ({ source, target: `${stage.project}/${tree}`, mode: "ro" }) as const)
      ]
    }),
    showTree: Effect.fn("Workspace.showTree")((path, source) =>
      attempt("show a tree", "write", () => {
        const why = placeProblem(options, path)
        if (why !== undefined) return why
        trees.show(path, source)
        options.points.add(path)
        makePoints(State.restoring(state))
        known = undefined
        return undefined
      })
    ),
    locate: (path) => lookAt(`${home.root}/${path}`)?.isFile() === true ? `${home.root}/${path}` : undefined,
    trees: [{ root: home.root, strange: [], shows: () => true }],
    read: Effect.fn("Workspace.read")((path, range) => reading("read", () => Read.read(reader, path, range ?? {}))),
    list: Effect.fn("Workspace.list")((path, range) => reading("list", () => Read.list(reader, path, range))),
    stat: Effect.fn("Workspace.stat")((path) => reading("stat", () => Option.fromNullable(Read.stat(reader, path)))),
    base: Effect.fn("Workspace.base")((path, range) =>
      attempt(
        "read the start",
        "read",
        () => Option.fromNullable(startOf(blobs, state.base.get(path), range?.maxBytes))
      )
    ),
    fingerprint: attempt("tell the start", "read", () => {
      if (known === undefined) known = { start: fingerprint(state.base, trees) ?? null }
      return Option.fromNullable(known.start)
    }),
    leavings: Effect.sync(() => State.leavings(state.manifest)),
    tryOut: Effect.fn("Workspace.tryOut")((edits) =>
      attempt("try out", "write", () => typeof edits === "string" ? tryWhole(state, edits) : tryOut(state, edits))
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
    ...finishing({
      stage,
      journals,
      blobs,
      isSecret: state.options.isSecret,
      between,
      wanted: between,
      merged: () => {
        state.base.clear()
        for (const [path, content] of State.visible(state.manifest)) state.base.set(path, content)
      }
    })
  }
}
