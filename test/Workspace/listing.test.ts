import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { cleanConfig } from "../../src/Workspace/mounts.ts"
import { options, path } from "../contract/WorkspaceContract.ts"
import { diskWorld, git, handsOf, temporary } from "../support/diskProject.ts"

const isRoot = process.geteuid?.() === 0

const open = (project: string, more: Partial<Disk.DiskOptions> = {}) =>
  Effect.flatMap(Workspace, (workspace) => workspace.open(options(project))).pipe(
    Effect.provide(Disk.layer({ state: join(project, ".fluffy/state"), ...more }))
  )

const staged = (project: string, more: Partial<Disk.DiskOptions> = {}) =>
  Effect.gen(function*() {
    const stage = yield* open(project, more)
    const { entries } = yield* stage.list(path("."), { recursive: true, limit: 1000 })
    return entries.filter((entry) => entry.kind !== "directory").map((entry) => entry.path as string)
  })

const without = (all: ReadonlyArray<string>, known: ReadonlyArray<string>) => all.filter((one) => !known.includes(one))

const usual = [".gitignore", "README.md", "keys.pem", "src/a.ts", "src/b.ts", "src/deep/c.ts"]

describe("what is staged", () => {
  it.scopedLive("is what git tracks, and what it neither tracks nor ignores", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      inProject.write("untracked.txt", "u\n")
      inProject.write("cache/ignored.txt", "i\n")
      inProject.write("cache/tracked.txt", "t\n")
      git(project, "add", "-f", "cache/tracked.txt")
      inProject.remove("src/b.ts")
      assert.deepStrictEqual(without(yield* staged(project), usual), ["cache/tracked.txt", "untracked.txt"])
    }))

  it.scopedLive("leaves out links that leave, special files and the kernel's own directory", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      inProject.link("absolute", "/etc/passwd")
      inProject.link("up", "../outside")
      inProject.link("git", ".git/config")
      inProject.link("good", "src/a.ts")
      inProject.link("here", ".")
      inProject.link("around", "here/../outside")
      inProject.write(".fluffy/config.yaml", "mode: strict\n")
      git(project, "add", "-A", "-f")
      assert.deepStrictEqual(without(yield* staged(project), usual), [".env", "good", "here"])
      assert.lengthOf((yield* (yield* open(project)).read(path(".env"))).bytes, 0)
    }))

  it.scopedLive("holds no untracked dependency tree that nobody ignored", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      inProject.write("node_modules/dep/index.js", "x\n")
      inProject.write("venv/pyvenv.cfg", "x\n")
      const stage = yield* open(project)
      assert.strictEqual(stage.files, 6)
      assert.deepStrictEqual((yield* stage.mounts).slice(-2).map((mount) => mount.target), [
        `${project}/node_modules`,
        `${project}/venv`
      ])
    }))

  it.scopedLive("copies a dependency tree that is tracked", () =>
    Effect.gen(function*() {
      const { project } = yield* diskWorld("memory", { "node_modules/own/index.js": "x\n", "vendor/lib.php": "x\n" })
      assert.deepStrictEqual(without(yield* staged(project), usual), ["node_modules/own/index.js", "vendor/lib.php"])
    }))

  it.scopedLive("reaches into submodules and nested repositories, never into their git", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      inProject.write("nested/.gitignore", "secret\n")
      inProject.write("nested/n.ts", "n\n")
      inProject.write("nested/secret", "s\n")
      git(join(project, "nested"), "init", "-q", "--template=")
      const stage = yield* open(project)
      assert.deepStrictEqual(without(yield* staged(project), usual), ["nested/.gitignore", "nested/n.ts"])
      fs.writeFileSync(join(stage.root, "nested/secret"), "made by a call\n")
      const set = yield* stage.scan
      assert.deepStrictEqual(set.ignored as ReadonlyArray<string>, ["nested/secret"])
    }))

  it.scopedLive("is everything but the usual caches without git", () =>
    Effect.gen(function*() {
      const project = yield* temporary
      const hands = handsOf(project)
      for (
        const name of [
          "a.py",
          "dist/b.js",
          "Cargo.toml",
          "target/debug/x",
          "__pycache__/a.pyc",
          "node_modules/d/i.js",
          ".env"
        ]
      ) {
        hands.write(name, "x\n")
      }
      const stage = yield* open(project)
      assert.deepStrictEqual(yield* staged(project), [".env", "Cargo.toml", "a.py", "dist/b.js"])
      assert.lengthOf((yield* stage.read(path(".env"))).bytes, 0)
      assert.deepStrictEqual((yield* stage.mounts).map((mount) => mount.target), [project, `${project}/node_modules`])
      for (const name of ["__pycache__/b.pyc", "target/debug/y", "dist/c.js"]) handsOf(stage.root).write(name, "y\n")
      const set = yield* stage.scan
      assert.deepStrictEqual(set.changes.map((change) => change.path as string), ["dist/c.js"])
      assert.lengthOf(set.ignored, 2)
    }))

  it.scopedLive("is a subdirectory's own when the repository is further up", () =>
    Effect.gen(function*() {
      const { project } = yield* diskWorld("memory")
      assert.deepStrictEqual(yield* staged(join(project, "src")), ["a.ts", "b.ts", "deep/c.ts"])
    }))

  it.scopedLive("does not depend on a repository further up that tracks nothing here", () =>
    Effect.gen(function*() {
      const home = yield* temporary
      git(home, "init", "-q")
      handsOf(home).write(".gitignore", "*\n")
      handsOf(home).write("work/a.ts", "a\n")
      assert.deepStrictEqual(yield* staged(join(home, "work")), ["a.ts"])
    }))

  it.scopedLive("cannot be told where git is missing or broken", () =>
    Effect.gen(function*() {
      const { project } = yield* diskWorld("memory")
      const missing = yield* Effect.flip(open(project, { path: "/nonexistent" }))
      assert.include(missing.message, "git is not installed")
      fs.writeFileSync(join(project, ".git/index"), "not an index")
      assert.include((yield* Effect.flip(open(project))).message, "git ls-files exited with 128")
    }))

  it.scopedLive("follows no link out of the project that an index claims to hold files below", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory", { "data/passwd": "mine\n" })
      inProject.remove("data")
      inProject.link("data", "/etc")
      assert.deepStrictEqual(without(yield* staged(project), usual), [])
    }))
})

describe("a hostile repository", () => {
  it.scopedLive("runs nothing when its files are listed or asked about", () =>
    Effect.gen(function*() {
      const { directory, inProject, project } = yield* diskWorld("memory")
      const mark = join(directory, "ran")
      inProject.write("hook.sh", `#!/bin/sh\ntouch ${mark}\n`, true)
      const hook = join(project, "hook.sh")
      for (const hookName of ["post-index-change", "fsmonitor-watchman", "reference-transaction"]) {
        inProject.write(`.git/hooks/${hookName}`, `#!/bin/sh\ntouch ${mark}\n`, true)
      }
      for (
        const setting of [
          "core.fsmonitor",
          "core.sshCommand",
          "core.askPass",
          "core.pager",
          "core.editor",
          "credential.helper",
          "filter.x.clean",
          "filter.x.smudge",
          "filter.x.process",
          "diff.external",
          "diff.x.textconv",
          "gpg.program"
        ]
      ) git(project, "config", setting, hook)
      git(project, "config", "core.hooksPath", join(project, ".git/hooks"))
      git(project, "config", "core.worktree", "/etc")
      inProject.write(".gitattributes", "* filter=x diff=x\n")
      const stage = yield* open(project)
      fs.writeFileSync(join(stage.root, "new.txt"), "x")
      assert.lengthOf((yield* stage.scan).changes, 1)
      assert.deepStrictEqual(without(yield* staged(project), usual), [".gitattributes", "hook.sh"])
      assert.isFalse(fs.existsSync(mark))
    }))

  it("shows a sandbox its configuration without credentials and programs", () => {
    const config = [
      "[core]",
      "\trepositoryformatversion = 1",
      "\tbare = false",
      "\tfsmonitor = /tmp/evil",
      "[extensions]",
      "\tobjectformat = sha256",
      "[remote \"origin\"]",
      "\turl = https://user:token@example.org/x.git",
      "\tbare = true",
      "[http \"https://example.org/\"]",
      "\textraheader = AUTHORIZATION: basic dG9rZW4=",
      "[Core]",
      "\tfilemode = true"
    ].join("\n")
    assert.strictEqual(
      cleanConfig(config),
      "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectformat = sha256\n[Core]\n\tfilemode = true\n"
    )
  })

  it.scopedLive("shows its history read-only where no tracked file is a secret", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      git(project, "rm", "-q", "--cached", "keys.pem")
      inProject.remove("keys.pem")
      const stage = yield* open(project)
      const mounts = yield* stage.mounts
      const shown = mounts.map(({ mode, target }) => `${mode} ${target.slice(project.length)}`)
      assert.deepStrictEqual(shown.slice(0, 2), ["rw ", "ro /.git"])
      assert.include(shown, "ro /.git/config")
      assert.deepStrictEqual(fs.readdirSync(join(stage.root, ".git")), [])
      assert.deepStrictEqual((yield* stage.scan).forbidden, [])
    }))

  it.scopedLive("lays its own over everything in it that is not history, also when that comes and goes meanwhile", () =>
    Effect.gen(function*() {
      const { inProject, project } = yield* diskWorld("memory")
      git(project, "rm", "-q", "--cached", "keys.pem")
      inProject.remove("keys.pem")
      const within = (name: string) => join(project, ".git", name)
      git(project, "config", "include.path", "extra")
      fs.writeFileSync(within("extra"), "[http]\n\textraheader = AUTHORIZATION: basic dG9rZW4=\n")
      fs.mkdirSync(within("remotes"))
      fs.writeFileSync(within("remotes/origin"), "URL: https://user:token@example.org/x.git\n")
      const server = createServer().listen(within("fsmonitor--daemon.ipc"))
      yield* Effect.addFinalizer(() => Effect.promise(() => new Promise((resolve) => server.close(resolve))))
      const stage = yield* open(project)
      const ofHistory = ["HEAD", "index", "info", "objects", "refs", "description"]
      const bare = Effect.map(stage.mounts, (mounts) => {
        const covered = new Map(mounts.flatMap((one) => one.mode === "ro" ? [[one.target, one.source]] : []))
        for (const [target, source] of covered) {
          if (target === join(project, ".git")) continue
          assert.isFalse(source.startsWith(project), target)
          if (fs.statSync(source).isDirectory()) assert.deepStrictEqual(fs.readdirSync(source), [], target)
          else assert.notMatch(fs.readFileSync(source, "utf8"), /token|dG9rZW4|include/, target)
        }
        return fs.readdirSync(within("")).filter((name) => !covered.has(within(name)) && !ofHistory.includes(name))
      })
      for (const name of ["extra", "remotes", "logs", "config", "fsmonitor--daemon.ipc"]) {
        assert.isTrue(fs.existsSync(within(name)), name)
      }
      assert.deepStrictEqual(yield* bare, [])
      fs.rmSync(within("extra"))
      fs.writeFileSync(within("config.worktree"), "[http]\n\textraheader = AUTHORIZATION: basic dG9rZW4=\n")
      assert.deepStrictEqual(yield* bare, [])
      assert.notInclude((yield* stage.mounts).map(({ target }) => target), within("extra"))
      // What an engine could misread is not laid over, and so nothing of it is shown.
      fs.writeFileSync(within("a:b"), "")
      assert.lengthOf(yield* stage.mounts, 1)
    }))
})

describe("the stage's directory", () => {
  it.scopedLive("is the kernel's alone, and gone with the scope whatever was done to it", () =>
    Effect.gen(function*() {
      const { project, scratch } = yield* diskWorld("disk")
      const root = yield* Effect.scoped(Effect.gen(function*() {
        const stage = yield* open(project, { scratch, memory: "" })
        assert.strictEqual(fs.statSync(stage.root).mode & 0o777, 0o700)
        assert.strictEqual(fs.statSync(join(stage.root, "..")).mode & 0o077, 0)
        fs.mkdirSync(join(stage.root, "x/y"), { recursive: true })
        fs.writeFileSync(join(stage.root, "x/y/f"), "f")
        for (const name of ["x/y/f", "x/y", "x", "."]) fs.chmodSync(join(stage.root, name), 0)
        return stage.root
      }))
      assert.isFalse(fs.existsSync(root))
      assert.deepStrictEqual(fs.readdirSync(scratch), [])
    }))

  it.scopedLive("is gone, too, when opening it is interrupted", () =>
    Effect.gen(function*() {
      const { project, scratch } = yield* diskWorld("disk")
      for (let index = 0; index < 600; index++) handsOf(project).write(`many/${index}`, `${index}\n`)
      for (const turns of [1, 5, 20, 60]) {
        const fiber = yield* Effect.fork(Effect.scoped(open(project, { scratch, memory: "" })))
        for (let turn = 0; turn < turns; turn++) {
          yield* Effect.promise(() => new Promise((resolve) => void setImmediate(resolve)))
        }
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(fs.readdirSync(scratch), [])
      }
    }))

  it.scopedLive.skipIf(!isRoot)(
    "belongs to the project's owner when the kernel is root, and so does what is merged",
    () =>
      Effect.gen(function*() {
        const { project } = yield* diskWorld("memory")
        const own = (directory: string) => {
          for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
            fs.lchownSync(join(directory, entry.name), 12345, 54321)
            if (entry.isDirectory()) own(join(directory, entry.name))
          }
        }
        own(project)
        fs.chownSync(project, 12345, 54321)
        fs.chmodSync(join(project, ".."), 0o755)
        fs.chmodSync(join(project, "src/a.ts"), 0o640)
        const stage = yield* open(project)
        assert.deepStrictEqual(stage.user, { uid: 12345, gid: 54321 })
        const ownerOf = (file: string) => [fs.lstatSync(file).uid, fs.lstatSync(file).gid]
        for (const name of ["", "/src", "/src/a.ts", "/keys.pem"]) {
          assert.deepStrictEqual(ownerOf(stage.root + name), [12345, 54321])
        }
        assert.strictEqual(fs.statSync(join(stage.root, "..")).mode & 0o777, 0o711)
        assert.strictEqual(fs.statSync(join(stage.root, "../blobs")).mode & 0o777, 0o700)
        handsOf(stage.root).write("src/a.ts", "changed\n")
        handsOf(stage.root).write("new/b.ts", "new\n")
        handsOf(stage.root).link("link", "src/a.ts")
        fs.rmSync(join(stage.root, "src/b.ts"))
        const set = yield* stage.scan
        yield* stage.accept(set)
        fs.rmSync(join(stage.root, "src/a.ts"))
        yield* Effect.flatMap(stage.scan, stage.reject)
        assert.deepStrictEqual(ownerOf(join(stage.root, "src/a.ts")), [12345, 54321])
        yield* stage.merge
        for (const name of ["src/a.ts", "new", "new/b.ts", "link"]) {
          assert.deepStrictEqual(ownerOf(join(project, name)), [12345, 54321])
        }
        assert.strictEqual(fs.statSync(join(project, "src/a.ts")).mode & 0o777, 0o640)
      })
  )

  it.scopedLive("lies on the disk when the project is too large to be read at every scan", () =>
    Effect.gen(function*() {
      const { project, scratch } = yield* diskWorld("memory")
      fs.writeFileSync(join(project, "large.bin"), Buffer.alloc(33 << 20))
      const stage = yield* open(project, { scratch })
      assert.strictEqual(stage.medium, "disk")
      assert.deepStrictEqual(yield* stage.scan, { changes: [], ignored: [], forbidden: [] })
      fs.rmSync(join(stage.root, "large.bin"))
      const set = yield* stage.scan
      assert.lengthOf(set.changes, 1)
      yield* stage.reject(set)
      assert.strictEqual(fs.statSync(join(stage.root, "large.bin")).size, 33 << 20)
      assert.deepStrictEqual(yield* stage.scan, { changes: [], ignored: [], forbidden: [] })
    }))

  it.scopedLive("is refused for what is no directory", () =>
    Effect.gen(function*() {
      const { project } = yield* diskWorld("memory")
      assert.strictEqual((yield* Effect.flip(open(join(project, "README.md")))).reason, "not a directory")
      assert.strictEqual((yield* Effect.flip(open(join(project, "missing")))).reason, "read")
    }))
})
