import { Effect, Either, Option } from "effect"
import { posix } from "node:path"
import { parse, ProjectPath, root } from "../../domain/ProjectPath.ts"
import type { SessionState } from "../../StateMachine.ts"
import type { Stage } from "../../Workspace.ts"
import { type Leaves, subject } from "../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { RouterSession } from "../RouterSession.ts"
import type { RouterOptions } from "../Tool.ts"
import { ecosystems, find } from "./find.ts"
import { keyOf } from "./keyOf.ts"
import { show } from "./show.ts"

const maxFolders = 200

/** The folders looked at: the project's root and those in it that have a lockfile. */
const foldersOf = Effect.fnUntraced(function*(stage: Stage) {
  const { entries } = yield* stage.list(root, { recursive: false, limit: maxFolders }).pipe(
    Effect.catchTag("PathRefused", () => Effect.succeed({ entries: [] }))
  )
  const names = ["", ...entries.flatMap((entry) => entry.kind === "directory" && !entry.ignored ? [entry.path] : [])]
  const found: Array<ProjectPath> = []
  for (const name of names) {
    for (const lockfile of ecosystems.flatMap(({ lockfiles }) => lockfiles)) {
      const path = parse(posix.join(name, lockfile))
      if (Either.isLeft(path)) continue
      const entry = yield* Effect.catchTag(stage.stat(path.right), "PathRefused", () => Effect.succeedNone)
      if (Option.isNone(entry)) continue
      found.push(ProjectPath.make(name === "" ? "." : name))
      break
    }
  }
  return found
})

/** Shows what was installed for the same lockfile before, in folders that have no tree of their own; once for a stage, without a network. */
export const attach = Effect.fnUntraced(function*(
  leaves: Leaves,
  options: Pick<RouterOptions, "layers" | "limits" | "registries">,
  session: RouterSession,
  state: SessionState
): Effect.fn.Return<void, RouterFailed> {
  const { layers } = options
  const memory = leaves.memoryOf(session.stage)
  if (layers === undefined || memory.attached === true) return
  memory.attached = true
  const { stage } = session
  const fail = fromLeaf("deps.install")
  const folders = yield* Effect.mapError(foldersOf(stage), fail)
  const kinds = folders.flatMap((directory) => ecosystems.map((kind) => ({ directory, kind })))
  for (const { directory, kind } of kinds) {
    const wanted = yield* Effect.mapError(find(stage, directory, options.registries ?? {}, [kind]), fail)
    if (typeof wanted === "string" || !(yield* layers.mayHave(wanted.digest))) continue
    const places = wanted.inputs.trees.map((path) => ProjectPath.make(posix.join(directory, path)))
    const there = yield* Effect.forEach(places, (place) =>
      stage.stat(place).pipe(
        Effect.catchTag("PathRefused", () => Effect.succeedNone),
        Effect.mapError(fail)
      ))
    if (there.some(Option.isSome)) continue
    const found = yield* keyOf(leaves, session, options.limits, wanted)
    const layer = found === undefined ? undefined : yield* layers.open(found.key)
    if (found === undefined || layer === undefined) continue
    const { shown } = yield* Effect.mapError(show(leaves, stage, directory, layer), fail)
    yield* Effect.mapError(
      leaves.audit.append({
        ...subject(session.id, state),
        category: "tool",
        action: "deps.shown",
        actor: "kernel",
        detail: { directory, ecosystem: wanted.ecosystem.name, layer: layer.key, digest: layer.digest, shown }
      }),
      fail
    )
  }
})
