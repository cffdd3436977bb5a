import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { type Stage, Workspace } from "../../src/Workspace.ts"
import { options, path } from "../contract/WorkspaceContract.ts"
import { diskWorld } from "../support/diskProject.ts"

const empty = { changes: [], ignored: [], forbidden: [] }
const isRoot = process.geteuid?.() === 0

type World = Effect.Effect.Success<ReturnType<typeof diskWorld>>

const withStage = (
  medium: "memory" | "disk",
  body: (stage: Stage, world: World) => Effect.Effect<void, unknown, Workspace | Scope.Scope>,
  more: Readonly<Record<string, string>> = {}
) =>
  Effect.gen(function*() {
    const world = yield* diskWorld(medium, more)
    yield* Effect.gen(function*() {
      const workspace = yield* Workspace
      const stage = yield* workspace.open(options(world.project))
      yield* body(stage, world)
    }).pipe(Effect.provide(world.layer))
  })

// Runs a program over the stage as a command would, without a sandbox.
const python = (stage: Stage, program: string) =>
  execFileSync("python3", ["-c", program], { cwd: stage.root, stdio: "pipe" })

const refuses = (why: RegExp, act: (stage: Stage) => void) =>
  withStage("memory", (stage) =>
    Effect.gen(function*() {
      act(stage)
      const set = yield* stage.scan
      assert.isAbove(set.forbidden.length, 0)
      for (const one of set.forbidden) {
        assert.match(one.why, why)
        assert.match(one.path, /^[\x20-\x7e]*$/)
      }
      assert.include((yield* Effect.flip(stage.accept(set))).message, "it holds")
      yield* stage.reject(set)
      assert.deepStrictEqual(yield* stage.scan, empty)
      assert.strictEqual(fs.readFileSync(join(stage.root, "src/a.ts"), "utf8"), "export const a = 1\n")
    }))

describe("a stage refuses, and clears away", () => {
  it.scopedLive("a FIFO, without waiting for its other end", () =>
    refuses(/FIFO/, (stage) => execFileSync("mkfifo", [join(stage.root, "src/pipe")])))

  it.scopedLive("a FIFO in the place of a file", () =>
    refuses(/FIFO/, (stage) => {
      fs.rmSync(join(stage.root, "src/a.ts"))
      execFileSync("mkfifo", [join(stage.root, "src/a.ts")])
    }))

  it.scopedLive("a socket", () =>
    Effect.flatMap(
      Effect.acquireRelease(Effect.sync(() => createServer()), (server) => Effect.sync(() => server.close())),
      (server) =>
        withStage("memory", (stage) =>
          Effect.gen(function*() {
            yield* Effect.async<void>((resume) => void server.listen(join(stage.root, "s"), () => resume(Effect.void)))
            const set = yield* stage.scan
            assert.match(set.forbidden[0]?.why ?? "", /socket/)
            yield* stage.reject(set)
            assert.deepStrictEqual(yield* stage.scan, empty)
          }))
    ))

  it.scopedLive("a setuid file", () => refuses(/setuid/, (stage) => fs.chmodSync(join(stage.root, "src/a.ts"), 0o4755)))

  it.scopedLive("names that are not UTF-8", () =>
    refuses(/UTF-8/, (stage) => {
      fs.writeFileSync(Buffer.concat([Buffer.from(`${stage.root}/src/`), Buffer.from([0x66, 0xff, 0xfe])]), "x")
      fs.mkdirSync(Buffer.concat([Buffer.from(`${stage.root}/`), Buffer.from([0xc3, 0x28])]))
      fs.writeFileSync(
        Buffer.concat([Buffer.from(`${stage.root}/`), Buffer.from([0xc3, 0x28]), Buffer.from("/in")]),
        "x"
      )
    }))

  it.scopedLive("a tree deeper than paths can be long", () =>
    refuses(
      /nested too deep/,
      (stage) =>
        void python(
          stage,
          "import os\nfor _ in range(3000):\n  os.mkdir('dddddddddd'); os.chdir('dddddddddd')\nopen('f','w').write('x')"
        )
    ))

  it.scopedLive("more entries than a change can have", () =>
    refuses(/more than 20000 entries/, (stage) =>
      void python(
        stage,
        "import os\nfor d in range(21):\n  os.mkdir(f'd{d}')\n  for f in range(1000): open(f'd{d}/{f}','w').close()\nopen('src/a.ts','w').write('x')"
      )))

  it.scopedLive("directories and files it may not read", () =>
    refuses(/git/, (stage) => {
      fs.mkdirSync(join(stage.root, "src/.git/x"), { recursive: true })
      fs.writeFileSync(join(stage.root, "src/.git/x/f"), "x")
      fs.chmodSync(join(stage.root, "src/.git/x"), 0)
      fs.chmodSync(join(stage.root, "src/.git"), 0)
      fs.chmodSync(join(stage.root, "src/b.ts"), 0)
      fs.chmodSync(join(stage.root, "src"), 0)
      fs.chmodSync(stage.root, 0)
    }))

  it.scopedLive.skipIf(!isRoot)(
    "a device",
    () => refuses(/device/, (stage) => void execFileSync("mknod", [join(stage.root, "null"), "c", "1", "3"]))
  )

  it.scopedLive("a link that another change made dangerous", () =>
    Effect.gen(function*() {
      const world = yield* diskWorld("memory")
      world.inProject.link("safe", "src/deep/../../README.md")
      yield* Effect.gen(function*() {
        const stage = yield* Effect.flatMap(Workspace, (workspace) => workspace.open(options(world.project)))
        assert.strictEqual((yield* stage.read(path("safe"))).size, 13)
        world.inStage(stage).link("src/deep", "..")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.forbidden.map((one) => one.path), ["safe"])
        yield* stage.reject(set)
        assert.deepStrictEqual(yield* stage.scan, empty)
      }).pipe(Effect.provide(world.layer))
    }))
})

describe("what a scan sees", () => {
  for (const medium of ["memory", "disk"] as const) {
    it.scopedLive(`a write through a mapped page that leaves no trace in the times, on ${medium}`, () =>
      withStage(medium, (stage) =>
        Effect.gen(function*() {
          yield* Effect.sleep("30 millis")
          assert.deepStrictEqual(yield* stage.scan, empty)
          const before = fs.statSync(join(stage.root, "src/a.ts"), { bigint: true })
          python(
            stage,
            "import mmap,os\nf=os.open('src/a.ts',os.O_RDWR)\nm=mmap.mmap(f,0)\n_=m[0]\nm[0]=88\nm.close()"
          )
          const after = fs.statSync(join(stage.root, "src/a.ts"), { bigint: true })
          if (medium === "memory") assert.strictEqual(after.ctimeNs, before.ctimeNs)
          const set = yield* stage.scan
          assert.deepStrictEqual(set.changes.map((change) => change.path as string), ["src/a.ts"])
        })))

    it.scopedLive(`a write of the same size in the very moment of the scan before, on ${medium}`, () =>
      withStage(medium, (stage) =>
        Effect.gen(function*() {
          for (let round = 0; round < 50; round++) {
            fs.writeFileSync(join(stage.root, "src/a.ts"), `round ${round % 10}\n`)
            const set = yield* stage.scan
            assert.lengthOf(set.changes, 1, `round ${round}`)
            yield* stage.accept(set)
          }
        })))
  }
})

describe("mount points", () => {
  const withTrees = (body: (stage: Stage, world: World) => Effect.Effect<void, unknown, Workspace | Scope.Scope>) =>
    withStage("memory", body, {
      ".gitignore": ".env\ncache/\nnode_modules\n.venv/\nvendor/\n",
      "packages/one/index.js": "1\n",
      "packages/one/node_modules/dep/index.js": "dep one\n",
      "node_modules/dep/index.js": "dep\n",
      "node_modules/dep/.env": "SECRET\n",
      "node_modules/dep/node_modules/inner/index.js": "inner\n",
      ".venv/pyvenv.cfg": "home = /usr/bin\n",
      "vendor/lib.php": "<?php\n"
    })

  it.scopedLive("shows history and dependencies read-only over empty directories", () =>
    withTrees((stage, { project }) =>
      Effect.gen(function*() {
        const mounts = (yield* stage.mounts).filter((mount) => mount.mode !== "overlay")
        const shown = mounts.map(({ mode, target }) => `${mode} ${target.slice(project.length + 1)}`)
        // The project has a tracked secret, so that its history is not shown.
        assert.deepStrictEqual(shown, [
          "rw ",
          "ro .venv",
          "ro node_modules",
          "ro packages/one/node_modules",
          "ro vendor"
        ])
        for (const { source, target } of mounts.slice(1)) {
          assert.strictEqual(source, target)
          assert.deepStrictEqual(fs.readdirSync(target.replace(project, stage.root)), [])
        }
        assert.deepStrictEqual(yield* stage.scan, empty)
        const read = (name: string) => Effect.map(stage.read(path(name)), ({ bytes }) => Buffer.from(bytes).toString())
        assert.strictEqual(yield* read("node_modules/dep/index.js"), "dep\n")
        assert.strictEqual(yield* read("node_modules/dep/node_modules/inner/index.js"), "inner\n")
        assert.strictEqual(yield* read("node_modules/dep/.env"), "")
        const listed = yield* stage.list(path("packages/one"), { recursive: true, limit: 10 })
        assert.deepStrictEqual(listed.entries.map(({ ignored, path: name }) => `${name} ${ignored}`), [
          "packages/one/index.js false",
          "packages/one/node_modules true"
        ])
        const inside = yield* stage.list(path("node_modules/dep"), { recursive: false, limit: 10 })
        assert.lengthOf(inside.entries, 3)
      })
    ))

  it.scopedLive("refuses anything put in their place", () =>
    withTrees((stage) =>
      Effect.gen(function*() {
        fs.writeFileSync(join(stage.root, "node_modules/evil.js"), "x")
        fs.rmdirSync(join(stage.root, ".venv"))
        fs.symlinkSync("src", join(stage.root, ".venv"))
        const set = yield* stage.scan
        assert.deepStrictEqual(set.forbidden.map((one) => one.path), [".venv", "node_modules"])
        yield* stage.reject(set)
        assert.deepStrictEqual(yield* stage.scan, empty)
        assert.deepStrictEqual(fs.readdirSync(join(stage.root, "node_modules")), [])
        assert.isTrue(fs.lstatSync(join(stage.root, ".venv")).isDirectory())
      })
    ))

  it.scopedLive("come back when a call moved the directory around them, and go when it is a file", () =>
    withTrees((stage) =>
      Effect.gen(function*() {
        fs.renameSync(join(stage.root, "packages/one"), join(stage.root, "packages/two"))
        const moved = yield* stage.scan
        assert.lengthOf(moved.changes, 1)
        yield* stage.accept(moved)
        assert.isTrue(fs.existsSync(join(stage.root, "packages/one/node_modules")))
        assert.lengthOf(yield* stage.mounts, 5)
        assert.deepStrictEqual(yield* stage.scan, empty)
        fs.rmSync(join(stage.root, "packages/one"), { recursive: true })
        fs.writeFileSync(join(stage.root, "packages/one"), "a file\n")
        yield* Effect.flatMap(stage.scan, stage.accept)
        assert.lengthOf(yield* stage.mounts, 4)
        assert.deepStrictEqual(yield* stage.scan, empty)
      })
    ))
})

describe("reading", () => {
  it.scopedLive("never leaves the project through links of a dependency tree", () =>
    withStage("memory", (stage, { project }) =>
      Effect.gen(function*() {
        fs.symlinkSync("/etc", join(project, "node_modules/etc"))
        fs.symlinkSync("../../..", join(project, "node_modules/up"))
        fs.symlinkSync("../src", join(project, "node_modules/own"))
        const refusal = (name: string) => Effect.map(Effect.flip(stage.read(path(name))), (error) => error.message)
        assert.include(yield* refusal("node_modules/etc/passwd"), "leaves the project")
        assert.include(yield* refusal("node_modules/up/x"), "leaves the project")
        assert.strictEqual(
          Buffer.from((yield* stage.read(path("node_modules/own/a.ts"))).bytes).toString(),
          "export const a = 1\n"
        )
      }), { ".gitignore": "node_modules\n", "node_modules/dep/index.js": "x\n" }))

  it.scopedLive("refuses a special file of a dependency tree without opening it", () =>
    withStage("memory", (stage, { project }) =>
      Effect.gen(function*() {
        execFileSync("mkfifo", [join(project, "node_modules/pipe")])
        assert.include((yield* Effect.flip(stage.read(path("node_modules/pipe")))).message, "special file")
      }), { ".gitignore": "node_modules\n", "node_modules/dep/index.js": "x\n" }))
})
