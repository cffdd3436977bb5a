import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { SessionId } from "../../src/domain/SessionId.ts"
import { Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { git, temporary, temporaryOnDisk } from "../support/diskProject.ts"
import { digest, makeTree, mutations } from "../support/mutations.ts"

const empty = { changes: [], ignored: [], forbidden: [] }

const world = Effect.zipWith(temporary, temporaryOnDisk, (directory, scratch) => {
  const project = join(directory, "project")
  const native = join(directory, "native")
  mkdirSync(project)
  makeTree(project)
  cpSync(project, native, { recursive: true, verbatimSymlinks: true })
  const state = join(project, ".fluffy", "state")
  return { scratch, project, native, state, base: digest(project) }
})

const open = (project: string) =>
  Effect.flatMap(
    Workspace,
    (workspace) =>
      workspace.open({ project, session: SessionId.make("s-mutations"), secrets: [], maxFileBytes: 1 << 20 })
  )

for (const medium of ["memory", "disk"] as const) {
  const layerOf = (state: string, scratch: string) =>
    Disk.layer({ state, scratch, memory: medium === "memory" ? "/dev/shm" : "" })

  describe(`a stage on ${medium}`, () => {
    it.scopedLive("goes back exactly to the accepted state, whatever a command did", () =>
      Effect.gen(function*() {
        const { base, project, scratch, state } = yield* world
        yield* Effect.gen(function*() {
          const stage = yield* open(project)
          assert.strictEqual(stage.medium, medium)
          for (const [name, mutate] of mutations) {
            mutate((path) => join(stage.root, path))
            const set = yield* stage.scan
            assert.deepStrictEqual(set.forbidden, [], name)
            yield* stage.reject(set)
            assert.deepStrictEqual(digest(stage.root), base, name)
            assert.deepStrictEqual(yield* stage.scan, empty, name)
          }
          assert.deepStrictEqual(digest(project), base)
        }).pipe(Effect.provide(layerOf(state, scratch)))
      }))
  })

  it.scopedLive.each(mutations)(
    `on ${medium}, a merge is what running it in the project would be: %s`,
    ([, mutate]) =>
      Effect.gen(function*() {
        const { base, native, project, scratch, state } = yield* world
        yield* Effect.gen(function*() {
          const stage = yield* open(project)
          mutate((path) => join(native, path))
          mutate((path) => join(stage.root, path))
          yield* Effect.flatMap(stage.scan, stage.accept)
          const changes = yield* stage.changes
          assert.deepStrictEqual(digest(project), base)
          execFileSync("chmod", ["-R", "u+rwX", native])
          const { merged } = yield* stage.merge
          assert.deepStrictEqual(digest(project), digest(native))
          assert.strictEqual(merged.length > 0, changes.length > 0)
          assert.deepStrictEqual(yield* stage.scan, empty)
        }).pipe(Effect.provide(layerOf(state, scratch)))
      })
  )
}

const textual = mutations.filter(([name]) => name !== "edits a binary" && name !== "deletes everything")

it.scopedLive.each(textual)("git apply takes the patch: %s", ([, mutate]) =>
  Effect.gen(function*() {
    const { native, project, scratch, state } = yield* world
    yield* Effect.gen(function*() {
      const stage = yield* open(project)
      mutate((path) => join(stage.root, path))
      yield* Effect.flatMap(stage.scan, stage.accept)
      const { patch } = yield* stage.diff
      if (patch === "") return assert.deepStrictEqual(yield* stage.changes, [])
      const file = yield* stage.keepPatch
      git(native, "apply", "--whitespace=nowarn", file)
      yield* stage.merge
      assert.deepStrictEqual(digest(native), digest(project))
    }).pipe(Effect.provide(Disk.layer({ state, scratch })))
  }))
