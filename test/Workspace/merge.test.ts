import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import * as fs from "node:fs"
import { basename, dirname, join } from "node:path"
import { isDead, self } from "../../src/internal/owner.ts"
import { type Stage, Workspace } from "../../src/Workspace.ts"
import { options } from "../contract/WorkspaceContract.ts"
import { diskWorld, handsOf } from "../support/diskProject.ts"
import { digest } from "../support/mutations.ts"

type World = Effect.Effect.Success<ReturnType<typeof diskWorld>>

const withStage = (
  body: (stage: Stage, world: World) => Effect.Effect<void, unknown, Workspace | Scope.Scope>,
  more: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const world = yield* diskWorld("memory", more)
    yield* Effect.gen(function*() {
      const stage = yield* Effect.flatMap(Workspace, (workspace) => workspace.open(options(world.project)))
      yield* body(stage, world)
    }).pipe(Effect.provide(world.layer))
  })

const take = (stage: Stage) => Effect.flatMap(stage.scan, stage.accept)

describe("a merge", () => {
  it.scopedLive("keeps a file's mode and makes new ones as readable as their directory", () =>
    withStage((stage, { project }) =>
      Effect.gen(function*() {
        fs.chmodSync(join(project, "src/a.ts"), 0o600)
        fs.chmodSync(join(project, "src/deep"), 0o700)
        const hands = handsOf(stage.root)
        hands.write("src/a.ts", "changed\n", true)
        hands.write("src/deep/new.ts", "new\n", true)
        hands.write("src/new.ts", "new\n")
        yield* take(stage)
        yield* stage.merge
        const mode = (name: string) => fs.statSync(join(project, name)).mode & 0o7777
        assert.deepStrictEqual(["src/a.ts", "src/deep/new.ts", "src/new.ts"].map(mode), [0o700, 0o700, 0o644])
      })
    ))

  it.scopedLive("removes directories it emptied, and none in which something is left", () =>
    withStage((stage, { project }) =>
      Effect.gen(function*() {
        const hands = handsOf(stage.root)
        hands.remove("src/deep")
        hands.remove("lib")
        handsOf(project).write("src/deep/.env", "SECRET\n")
        yield* take(stage)
        yield* stage.merge
        assert.deepStrictEqual(fs.readdirSync(join(project, "src/deep")), [".env"])
        assert.isFalse(fs.existsSync(join(project, "lib")))
      }), { "lib/x/y.ts": "y\n", "lib/z.ts": "z\n" }))

  it.scopedLive("puts no file in the place of a directory that holds something else", () =>
    withStage((stage, { project }) =>
      Effect.gen(function*() {
        handsOf(stage.root).write("src/deep", "a file\n")
        handsOf(stage.root).write("src/a.ts", "changed\n")
        handsOf(project).write("src/deep/.env", "SECRET\n")
        yield* take(stage)
        const before = digest(project)
        const error = yield* Effect.flip(stage.merge)
        assert.strictEqual(error._tag, "MergeConflict")
        assert.deepStrictEqual(digest(project), before)
      })
    ))

  it.scopedLive("writes through no link, wherever in the path one appeared", () =>
    withStage((stage, { directory, project }) =>
      Effect.gen(function*() {
        handsOf(stage.root).write("src/deep/c.ts", "changed\n")
        handsOf(stage.root).write("src/deep/more/d.ts", "new\n")
        yield* take(stage)
        fs.renameSync(join(project, "src"), join(directory, "outside"))
        fs.symlinkSync(join(directory, "outside"), join(project, "src"))
        const error = yield* Effect.flip(stage.merge)
        assert.strictEqual(error._tag, "MergeConflict")
        assert.strictEqual(fs.readFileSync(join(directory, "outside/deep/c.ts"), "utf8"), "export const c = 3\n")
        assert.isFalse(fs.existsSync(join(directory, "outside/deep/more")))
      })
    ))

  it.scopedLive("replaces a link that was planted in the place of its temporary file", () =>
    withStage((stage, { directory, project }) =>
      Effect.gen(function*() {
        const victim = join(directory, "victim")
        fs.writeFileSync(victim, "precious\n")
        handsOf(stage.root).write("src/a.ts", "changed\n")
        yield* take(stage)
        fs.symlinkSync(victim, join(project, "src/.fluffy-merge-s-contract-0"))
        yield* stage.merge
        assert.strictEqual(fs.readFileSync(victim, "utf8"), "precious\n")
        assert.deepStrictEqual(fs.readdirSync(join(project, "src")).toSorted(), ["a.ts", "b.ts", "deep"])
      })
    ))

  it.scopedLive("leaves neither journal nor lock, and keeps the patch of a conflict to the kernel", () =>
    withStage((stage, { project, state }) =>
      Effect.gen(function*() {
        handsOf(stage.root).write("src/a.ts", "mine\n")
        yield* take(stage)
        handsOf(project).write("src/a.ts", "theirs\n")
        const error = yield* Effect.flip(stage.merge)
        if (error._tag !== "MergeConflict") return assert.fail(error.message)
        assert.strictEqual(error.patch, join(state, "patches/s-contract.patch"))
        assert.include(fs.readFileSync(error.patch, "utf8"), "+mine")
        assert.strictEqual(fs.statSync(error.patch).mode & 0o777, 0o600)
        for (const name of [state, dirname(error.patch), join(state, "merge")]) {
          assert.strictEqual(fs.statSync(name).mode & 0o777, 0o700)
        }
        assert.deepStrictEqual(fs.readdirSync(join(state, "merge")), [])
        assert.deepStrictEqual(fs.readdirSync(dirname(error.patch)), ["s-contract.patch"])
      })
    ))

  it.scopedLive("waits for another session's, and takes over from a dead one", () =>
    withStage((stage, { project, state }) =>
      Effect.gen(function*() {
        handsOf(stage.root).write("src/a.ts", "mine\n")
        yield* take(stage)
        fs.mkdirSync(join(state, "merge"), { recursive: true, mode: 0o700 })
        fs.writeFileSync(join(state, "merge/lock"), self)
        const waiting = yield* Effect.fork(stage.merge)
        yield* Effect.sleep("120 millis")
        assert.strictEqual(fs.readFileSync(join(project, "src/a.ts"), "utf8"), "export const a = 1\n")
        fs.rmSync(join(state, "merge/lock"))
        assert.lengthOf((yield* waiting).merged, 1)
        handsOf(stage.root).write("src/a.ts", "mine again\n")
        yield* take(stage)
        fs.writeFileSync(join(state, "merge/lock"), self.replace(/-\d+-\d+$/, "-999999999-1"))
        assert.lengthOf((yield* stage.merge).merged, 1)
      })
    ))

  it.scopedLive("fails, with nothing written, where the kernel's directory is a link a project brought", () =>
    withStage((stage, { directory, project, state }) =>
      Effect.gen(function*() {
        handsOf(stage.root).write("src/a.ts", "mine\n")
        yield* take(stage)
        fs.mkdirSync(join(directory, "elsewhere"))
        fs.mkdirSync(state, { recursive: true, mode: 0o700 })
        fs.symlinkSync(join(directory, "elsewhere"), join(state, "merge"))
        const error = yield* Effect.flip(stage.merge)
        assert.include(error.message, "is not a directory")
        assert.deepStrictEqual(fs.readdirSync(join(directory, "elsewhere")), [])
        assert.strictEqual(fs.readFileSync(join(project, "src/a.ts"), "utf8"), "export const a = 1\n")
      })
    ))
})

describe("recovery", () => {
  const dead = self.replace(/-\d+-\d+$/, "-999999999-1")

  const side = (content: string) => ({
    kind: "file",
    executable: false,
    size: content.length,
    sha256: "0".repeat(64),
    mode: 0o755,
    uid: 0,
    gid: 0,
    at: 0
  })

  const plant = (world: World, path: string, more: Record<string, unknown> = {}) => {
    const directory = join(world.state, "merge", `s-planted@${dead}`)
    fs.mkdirSync(directory, { recursive: true })
    fs.writeFileSync(join(directory, "content"), "#!/bin/sh\n")
    fs.writeFileSync(
      join(directory, "plan.json"),
      JSON.stringify({
        version: 1,
        project: world.project,
        session: "s-planted",
        operations: [{ path, before: null, after: side("#!/bin/sh\n") }],
        made: [],
        emptied: [],
        ...more
      })
    )
  }

  const planted: ReadonlyArray<readonly [string, string, Record<string, unknown>]> = [
    ["git's hooks", ".git/hooks/pre-commit", {}],
    ["the kernel's policies", ".fluffy/policies/all.yaml", {}],
    ["a path outside", "../outside", {}],
    ["an absolute path", "/tmp/outside", {}],
    ["another project", "src/x", { project: "/somewhere/else" }],
    ["another session", "src/x", { session: "s-other" }],
    ["a directory of git", "src/x", { made: [{ path: ".git/x", mode: 0o755, uid: 0, gid: 0 }] }]
  ]
  for (const [what, path, more] of planted) {
    it.scopedLive(`does nothing for a planted journal that names ${what}`, () =>
      Effect.gen(function*() {
        const world = yield* diskWorld("memory")
        plant(world, path, more)
        const git = digest(join(world.project, ".git"))
        const before = digest(world.project)
        const error = yield* Effect.flatMap(Workspace, (_) => Effect.flip(_.recover(world.project))).pipe(
          Effect.provide(world.layer)
        )
        assert.strictEqual(error.reason, "journal")
        assert.include(error.message, "look at the project, then remove it")
        assert.deepStrictEqual(digest(world.project), before)
        assert.deepStrictEqual(digest(join(world.project, ".git")), git)
      }))
  }

  it.scopedLive("undoes what never became a merge, and leaves a living kernel's alone", () =>
    Effect.gen(function*() {
      const world = yield* diskWorld("memory")
      const unfinished = join(world.state, "merge", `s-dead@${dead}`)
      const living = join(world.state, "merge", `s-living@${self}`)
      fs.mkdirSync(unfinished, { recursive: true })
      fs.mkdirSync(living)
      fs.writeFileSync(join(unfinished, "content"), "half of")
      const found = yield* Effect.flatMap(Workspace, (_) => _.recover(world.project)).pipe(Effect.provide(world.layer))
      assert.deepStrictEqual(found.undone, ["s-dead"])
      assert.deepStrictEqual(fs.readdirSync(join(world.state, "merge")), [basename(living)])
    }))

  it.scopedLive("finds nothing to do in a project that never saw a session", () =>
    Effect.gen(function*() {
      const world = yield* diskWorld("disk")
      const found = yield* Effect.flatMap(Workspace, (_) => _.recover(world.project)).pipe(Effect.provide(world.layer))
      assert.deepStrictEqual(found, { finished: [], undone: [], stages: 0 })
      assert.isFalse(fs.existsSync(world.state))
    }))

  it.scopedLive("removes stages of dead kernels and no others", () =>
    Effect.gen(function*() {
      const world = yield* diskWorld("disk")
      for (const mark of [dead, self, "not-a-mark"]) {
        fs.mkdirSync(join(world.scratch, `fluffy-stage-${mark}.abc`, "root/x"), { recursive: true })
      }
      fs.chmodSync(join(world.scratch, `fluffy-stage-${dead}.abc`, "root"), 0)
      const found = yield* Effect.flatMap(Workspace, (_) => _.recover(world.project)).pipe(Effect.provide(world.layer))
      assert.strictEqual(found.stages, 1)
      assert.lengthOf(fs.readdirSync(world.scratch), 2)
    }))

  it("tells a dead kernel from a living one, from another boot and from one it cannot see", () => {
    const [boot = "", namespace = "", pid = "", start = ""] = self.split("-")
    assert.isFalse(isDead(self))
    assert.isTrue(isDead([boot, namespace, pid, Number(start) + 1].join("-")))
    assert.isTrue(isDead([boot, namespace, 999999999, 1].join("-")))
    assert.isTrue(isDead(["0123", namespace, pid, start].join("-")))
    assert.isFalse(isDead([boot, Number(namespace) + 1, 999999999, 1].join("-")))
    assert.isFalse(isDead("anything else"))
  })
})

it.scopedLive("no stage is opened where the project leads the kernel's directory elsewhere", () =>
  Effect.gen(function*() {
    const world = yield* diskWorld("memory")
    fs.mkdirSync(join(world.directory, "elsewhere"))
    fs.symlinkSync(join(world.directory, "elsewhere"), join(world.project, ".fluffy"))
    const workspace = yield* Effect.provide(Workspace, world.layer)
    assert.include((yield* Effect.flip(workspace.open(options(world.project)))).message, ".fluffy is not a directory")
    assert.include((yield* Effect.flip(workspace.recover(world.project))).message, ".fluffy is not a directory")
    assert.deepStrictEqual(fs.readdirSync(join(world.directory, "elsewhere")), [])
  }))
