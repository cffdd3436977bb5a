import { Effect, Option, type Scope } from "effect"
import type { Change, ChangeSet, Content } from "../domain/Change.ts"
import { ProjectPath } from "../domain/ProjectPath.ts"
import { acquireRelease } from "../internal/finalizer.ts"
import { compile } from "../internal/Glob.ts"
import { fingerprint } from "./fingerprint.ts"
import { refuseLink } from "./links.ts"
import { type Difference, differences, sameContent, toChanges } from "./Manifest.ts"
import * as Read from "./memoryRead.ts"
import { contentOf, contentsOf, lookIn, MemoryFiles, type MemoryNode, type MemoryTree } from "./MemoryTree.ts"
import { ancestors, display, refusePath } from "./names.ts"
import * as Patch from "./patch.ts"
import { secretPaths } from "./secretPaths.ts"
import type { Stage, StagedFile, StageOptions } from "./Stage.ts"
import { Trees } from "./Trees.ts"
import { MergeConflict, PathRefused, WorkspaceFailed } from "./WorkspaceError.ts"

type Nodes = Map<string, MemoryNode>

const failed = (method: string, detail: string) => new WorkspaceFailed({ method, reason: "write", detail })

const reading = <A>(work: () => A): Effect.Effect<A, PathRefused> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(work())
    } catch (cause) {
      return cause instanceof PathRefused ? Effect.fail(cause) : Effect.die(cause)
    }
  })

let opened = 0

const pathsOf = (some: ReadonlyArray<Difference>) => some.map((one) => ProjectPath.make(one.path))

const make = (tree: MemoryTree, options: StageOptions, root: string): Stage => {
  const isSecret = secretPaths(options.secrets)
  const matchesIgnored = compile(tree.ignored)
  const files = new MemoryFiles(
    new Map(
      [...tree.project.nodes].filter(([path]) => !matchesIgnored(path)).map(([path, node]) =>
        isSecret(path) ? [path, { bytes: new Uint8Array(), executable: false }] : [path, node]
      )
    )
  )
  tree.stages.set(root, files)
  let accepted: Nodes = new Map(files.nodes)
  let base: Nodes = new Map(files.nodes)
  const start: ReadonlyMap<string, Content> = contentsOf(base)
  let pending: ChangeSet | undefined
  const isIgnored = (path: string) => matchesIgnored(path) && !base.has(path)
  const bytes = new Map<string, Buffer>()
  const keep = (nodes: Nodes) => {
    for (const node of nodes.values()) {
      bytes.set(contentOf(node).sha256, Buffer.from("link" in node ? node.link : node.bytes))
    }
  }
  keep(base)

  const whyNot = (path: string, node: MemoryNode | undefined): string | undefined => {
    const name = refusePath(path)
    if (name !== undefined || isIgnored(path)) return name
    if (isSecret(path)) return "it is a secret"
    if (node !== undefined && "link" in node) return refuseLink(path, node.link, lookIn(files.nodes))
    const tooLarge = node !== undefined && node.bytes.length > options.maxFileBytes
    return tooLarge ? `it is larger than ${options.maxFileBytes} bytes` : undefined
  }

  const scan = (): ChangeSet => {
    const all = differences(contentsOf(accepted), contentsOf(files.nodes))
    const refused = all.flatMap(({ path }) => {
      const why = whyNot(path, files.nodes.get(path))
      return why === undefined ? [] : [{ path, why }]
    })
    const bad = new Set(refused.map((one) => one.path))
    const good = all.filter((one) => !bad.has(one.path))
    pending = {
      changes: toChanges(good.filter((one) => !isIgnored(one.path))),
      ignored: pathsOf(good.filter((one) => isIgnored(one.path))),
      forbidden: refused.map(({ path, why }) => ({ path: display(path), why }))
    }
    return pending
  }

  const shown = (nodes: Nodes): Map<string, Content> =>
    new Map([...contentsOf(nodes)].filter(([path]) => !isIgnored(path) && !isSecret(path)))
  const between = (): ReadonlyArray<Difference> => differences(shown(base), shown(accepted))
  const changes = (): ReadonlyArray<Change> => toChanges(between())
  const diff = () => Patch.make(changes(), (content) => bytes.get(content.sha256) ?? Buffer.alloc(0))
  const keepPatch = Effect.sync(() => {
    const name = `memory:patches/${options.session}.patch`
    tree.patches.set(name, diff().patch)
    return name
  })

  const baseOf = (path: string, maxBytes = 1 << 20): StagedFile | undefined => {
    const node = isSecret(path) ? undefined : base.get(path)
    if (node === undefined) return undefined
    const { executable, kind, size } = contentOf(node)
    const content = "link" in node ? Buffer.from(node.link) : node.bytes
    return kind === "directory" ? undefined : { kind, executable, size, bytes: content.subarray(0, maxBytes) }
  }

  const leavings = () => [...accepted.keys()].filter(isIgnored).map((path) => ProjectPath.make(path)).toSorted()

  const current = (path: string): Content | null => {
    const node = tree.project.nodes.get(path)
    return node === undefined ? null : contentOf(node)
  }

  return {
    project: options.project,
    form: "copy",
    root,
    files: files.nodes.size,
    medium: "memory",
    user: { uid: 0, gid: 0 },
    mounts: Effect.succeed([{ source: root, target: options.project, mode: "rw" }]),
    showTree: () => Effect.succeed("a stage in memory shows no directory of a disk"),
    locate: (path) => accepted.has(path) ? `${root}/${path}` : undefined,
    trees: [],
    read: (path, range) => reading(() => Read.read(files.nodes, path, range?.offset, range?.maxBytes)),
    list: (path, range) => reading(() => Read.list(files.nodes, path, range, isIgnored)),
    stat: (path) => reading(() => Option.fromNullable(Read.stat(files.nodes, path, isIgnored))),
    base: (path, range) => Effect.sync(() => Option.fromNullable(baseOf(path, range?.maxBytes))),
    fingerprint: Effect.sync(() => Option.some(fingerprint(start, new Trees(options.project, [])) ?? "")),
    leavings: Effect.sync(leavings),
    tryOut: (edits) =>
      Effect.suspend(() => {
        if (edits === "merged") {
          for (const path of leavings()) files.nodes.delete(path)
          return Effect.void
        }
        if (edits !== "start") {
          const why = edits.flatMap(({ path }) => refusePath(path) ?? (isSecret(path) ? "it is a secret" : []))
          if (why.length > 0) return failed("try out", why.join(", "))
          for (const { content, path } of edits) if (content === null && files.nodes.has(path)) files.remove(path)
          for (const { content, path } of edits) {
            if (content?.kind === "symlink") files.link(path, Buffer.from(content.bytes).toString())
            else if (content !== null) files.write(path, content.bytes, content.executable)
          }
          return Effect.void
        }
        files.nodes.clear()
        for (const [path, node] of base) files.nodes.set(path, node)
        return Effect.void
      }),
    scan: Effect.sync(scan),
    accept: (set) =>
      Effect.suspend(() => {
        if (pending === undefined || JSON.stringify(pending) !== JSON.stringify(set)) {
          return failed("accept", "this is not what the last scan found")
        }
        if (set.forbidden.length > 0) return failed("accept", `it holds ${set.forbidden[0]?.path}`)
        accepted = new Map(files.nodes)
        keep(accepted)
        pending = undefined
        return Effect.void
      }),
    reject: () =>
      Effect.sync(() => {
        files.nodes.clear()
        for (const [path, node] of accepted) files.nodes.set(path, node)
        pending = undefined
      }),
    changes: Effect.sync(changes),
    diff: Effect.sync(diff),
    keepPatch,
    merge: Effect.gen(function*() {
      const wanted = between()
      const removed = new Set(wanted.filter((one) => one.after === null).map((one) => one.path))
      const conflicts = wanted.filter((one) => {
        const now = current(one.path)
        const blocked = ancestors(one.path).some((above) => tree.project.nodes.has(above) && !removed.has(above))
        return blocked || !(sameContent(now, one.before) || sameContent(now, one.after))
      })
      if (conflicts.length > 0) return yield* new MergeConflict({ paths: pathsOf(conflicts), patch: yield* keepPatch })
      for (const one of wanted) if (one.after === null) tree.project.nodes.delete(one.path)
      for (const one of wanted) {
        const node = accepted.get(one.path)
        if (one.after !== null && node !== undefined) tree.project.nodes.set(one.path, node)
      }
      base = new Map(accepted)
      return { merged: pathsOf(wanted) }
    })
  }
}

/** A stage over a tree in memory, gone with its scope. */
export const open = (tree: MemoryTree, options: StageOptions): Effect.Effect<Stage, never, Scope.Scope> =>
  acquireRelease(
    Effect.sync(() => make(tree, options, `memory:stage-${++opened}`)),
    (stage) => Effect.sync(() => tree.stages.delete(stage.root))
  )
