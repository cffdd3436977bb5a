import { Effect, Option } from "effect"
import type { Content } from "../../domain/Change.ts"
import type { Stage, StageMount, StageOptions } from "../../Workspace.ts"
import { attempt } from "../attempt.ts"
import { isDirectory, reading, startOf } from "../DiskStage.ts"
import { leavings } from "../DiskState.ts"
import { lookAt } from "../files.ts"
import { finishing } from "../finishing.ts"
import type { Ignored } from "../Ignored.ts"
import type { Difference } from "../Manifest.ts"
import { parentOf, refusePath } from "../names.ts"
import * as Read from "../read.ts"
import type { Trees } from "../Trees.ts"
import * as State from "./OverlayState.ts"
import { readerOf } from "./reader.ts"
import { tryOut, tryWhole } from "./tryOut.ts"

/** All an overlay stage is made of; `trees` are the dependency trees, `points` all places of mounts, `history` the mounts of `.git`. */
export interface OverlayStageOptions {
  readonly stage: StageOptions
  readonly state: State.OverlayState
  readonly journals: string
  readonly ignored: Ignored
  readonly trees: Trees
  readonly points: Set<string>
  readonly history: (() => ReadonlyArray<StageMount>) | undefined
  readonly user: Stage["user"]
}

// The overlay's mount for one command, the project's own names looked at just before.
const mountOf = (state: State.OverlayState, project: string): StageMount => ({
  mode: "overlay",
  target: project,
  lower: [state.session.root, state.mask.root, project],
  upper: state.sheet.upper,
  work: State.makeWork(state)
})

// What nothing in the project can be: the session's start is not known, so whatever lies there now is a conflict.
const unknown: Content = { kind: "file", executable: false, size: 0, sha256: "changed meanwhile" }

const wantedOf = (state: State.OverlayState): ReadonlyArray<Difference> =>
  State.between(state).map((one) => state.lower.disturbed.has(one.path) ? { ...one, before: unknown } : one)

const settled = (state: State.OverlayState) => {
  for (const path of state.base.keys()) {
    const entry = state.manifest.get(path)
    state.base.set(path, entry === undefined || entry.ignored ? null : entry.content)
  }
  state.lower.disturbed.clear()
}

/** The stage over its state. Whoever calls keeps to one call that writes at a time. */
export const make = (options: OverlayStageOptions): Stage => {
  const { history, ignored, journals, stage, state, trees } = options
  const { project } = stage
  const reader = readerOf(state, trees)
  const find = (path: string) => state.view.find(State.layersOf(state), path)

  const isEmptied = (path: string) => state.mask.secrets.has(path) && !state.manifest.has(path)

  const shownTrees = () =>
    trees.all.filter(([tree, source]) => {
      const isShown = find(parentOf(tree))?.isDirectory === true && isDirectory(source)
      if (!isShown) state.mask.cover(tree)
      else if (isDirectory(`${project}/${tree}`)) state.mask.uncover(tree)
      else state.mask.place(tree)
      return isShown
    })

  const placeProblem = (path: string): string | undefined => {
    const outer = trees.of(path)
    if (outer === path) return undefined
    if (options.points.has(path)) return "it is not a tree's place"
    const why = refusePath(path)
    if (why !== undefined || outer !== undefined) return why ?? `it lies in ${outer}`
    if (find(parentOf(path))?.isDirectory !== true) return `${parentOf(path)} is no directory`
    return find(path) === undefined ? undefined : "something of the project lies there"
  }

  return {
    project,
    form: "overlay",
    root: state.directory,
    files: options.state.names.files,
    medium: "disk",
    user: options.user,
    mounts: attempt("show the stage", "write", () => {
      state.mask.refresh()
      const shown = shownTrees()
      return [
        mountOf(state, project),
        ...history?.() ?? [],
        ...shown.map(([tree, source]) => ({ source, target: `${project}/${tree}`, mode: "ro" }) as const)
      ]
    }),
    showTree: Effect.fn("Workspace.showTree")((path, source) =>
      attempt("show a tree", "write", () => {
        const why = placeProblem(path)
        if (why !== undefined) return why
        trees.show(path, source)
        options.points.add(path)
        return undefined
      })
    ),
    locate: (path) => {
      const found = isEmptied(path) ? undefined : find(path)
      const host = found === undefined ? undefined : `${found.root}/${path}`
      return host !== undefined && lookAt(host)?.isFile() === true ? host : undefined
    },
    get trees() {
      const layers = State.layersOf(state).map((root) => ({ root, strange: [] }))
      return [...layers, { root: project, strange: [...state.mask.strange] }].map((tree) => ({
        ...tree,
        shows: (path: string) => !isEmptied(path) && find(path)?.root === tree.root
      }))
    },
    read: Effect.fn("Workspace.read")((path, range) => reading("read", () => Read.read(reader, path, range ?? {}))),
    list: Effect.fn("Workspace.list")((path, range) => reading("list", () => Read.list(reader, path, range))),
    stat: Effect.fn("Workspace.stat")((path) => reading("stat", () => Option.fromNullable(Read.stat(reader, path)))),
    base: Effect.fn("Workspace.base")((path, range) =>
      attempt("read the start", "read", () => {
        const isSecret = state.mask.secrets.has(path) || state.names.kindOf(path) === undefined
        const content = state.base.has(path) ? state.base.get(path) : isSecret ? null : state.lower.contentOf(path)
        return Option.fromNullable(startOf(state.blobs, content, range?.maxBytes))
      })
    ),
    fingerprint: Effect.succeed(Option.none()),
    leavings: Effect.sync(() => leavings(state.manifest)),
    tryOut: Effect.fn("Workspace.tryOut")((edits) =>
      attempt("try out", "write", () => typeof edits === "string" ? tryWhole(state, edits) : tryOut(state, edits))
    ),
    scan: attempt("scan", "read", () => State.look(state)).pipe(
      Effect.flatMap((scanned) =>
        Effect.map(ignored.of(State.fresh(state, scanned)), (some) => State.conclude(state, scanned, some))
      ),
      Effect.withSpan("Workspace.scan")
    ),
    accept: Effect.fn("Workspace.accept")((set) => attempt("accept", "write", () => State.accept(state, set))),
    reject: Effect.fn("Workspace.reject")(() => attempt("reject", "write", () => State.reject(state))),
    ...finishing({
      stage,
      journals,
      blobs: state.blobs,
      isSecret: state.isSecret,
      between: () => State.between(state),
      wanted: () => wantedOf(state),
      merged: () => settled(state)
    })
  }
}
