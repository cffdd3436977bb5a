import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { describe as line } from "../../src/domain/Change.ts"
import { ripgrep } from "../../src/Router/grep/ripgrep.ts"
import { type Stage, Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { files, open, path } from "../contract/WorkspaceContract.ts"
import { git } from "../support/diskProject.ts"
import { inSandbox } from "../support/inSandbox.ts"
import { overlayWorld } from "../support/overlayWorld.ts"
import { requireRuntime } from "../support/require.ts"

const clean = { changes: [], ignored: [], forbidden: [] }

type Overlaid = Effect.Effect.Success<ReturnType<typeof overlayWorld>>

const test = (
  sentence: string,
  body: (stage: Stage, world: Overlaid) => Effect.Effect<void, unknown, Workspace | Scope.Scope>,
  prepare: (project: string) => void = () => undefined
) =>
  it.scopedLive(sentence, () =>
    Effect.gen(function*() {
      const world = yield* overlayWorld()
      prepare(world.project)
      yield* Effect.gen(function*() {
        const stage = yield* open(world)
        assert.strictEqual(stage.form, "overlay")
        yield* body(stage, world)
      }).pipe(Effect.provide(world.layer))
    }))

const sh = (stage: Stage, script: string) => inSandbox(stage, ["/bin/sh", "-c", script]).toString()

/** Every entry a command sees, in bytes as Latin letters. */
const seen = (stage: Stage): ReadonlyArray<string> =>
  inSandbox(stage, ["find", ".", "-mindepth", "1", "-printf", "%P\\n"]).toString("latin1").split("\n")
    .filter((name) => name !== "").toSorted()

const atStart = [".gitignore", "README.md", "keys.pem", "src", "src/a.ts", "src/b.ts", "src/deep", "src/deep/c.ts"]

const take = (stage: Stage) => Effect.flatMap(stage.scan, stage.accept)

const conflicting = (stage: Stage) =>
  Effect.map(Effect.flip(stage.merge), (error) => error._tag === "MergeConflict" ? [...error.paths] : [error.message])

describe.runIf(requireRuntime("bubblewrap"))("an overlay over the project", () => {
  test(
    "shows a command what git lists, and nothing else that lies in the project",
    (stage) =>
      Effect.sync(() => {
        assert.deepStrictEqual(seen(stage), atStart)
        assert.strictEqual(sh(stage, "cat keys.pem .env src/.env cache/x 2>/dev/null || true"), "")
      }),
    (project) => {
      fs.mkdirSync(join(project, "cache/deep"), { recursive: true })
      fs.writeFileSync(join(project, "cache/deep/x"), "cached\n")
      fs.writeFileSync(join(project, "src/.env"), "NESTED=secret\n")
      fs.mkdirSync(join(project, "empty"))
      fs.symlinkSync("/etc/passwd", join(project, "src/passwd"))
      execFileSync("mkfifo", [join(project, "src/pipe")])
      fs.writeFileSync(Buffer.concat([Buffer.from(`${project}/src/`), Buffer.from([0x66, 0xff])]), "x")
      fs.mkdirSync(join(project, ".fluffy/policies"), { recursive: true })
      fs.writeFileSync(join(project, ".fluffy/policies/own.yaml"), "version: 1\n")
    }
  )

  test(
    "hides from the next command whatever comes to be in the project meanwhile",
    (stage, { inProject, project }) =>
      Effect.sync(() => {
        inProject.write("src/.env", "TOKEN=late\n")
        inProject.write("late.ts", "late\n")
        inProject.write("src/new/deeper/.env", "TOKEN=late\n")
        assert.deepStrictEqual(seen(stage), atStart)
        fs.rmSync(join(project, "src/new"), { recursive: true })
        inProject.write("src/new/.env", "TOKEN=again\n")
        inProject.write("src/deep/.env", "TOKEN=again\n")
        assert.deepStrictEqual(seen(stage), atStart)
      })
  )

  test(
    "hides what a name of the start has become, until it is what it was",
    (stage, { inProject, project }) =>
      Effect.sync(() => {
        inProject.write("README.md/.env", "TOKEN=late\n")
        fs.renameSync(join(project, "src/deep"), join(project, "moved"))
        fs.symlinkSync("../cache", join(project, "src/deep"))
        assert.deepStrictEqual(seen(stage), atStart.filter((name) => name !== "README.md" && !name.includes("deep")))
        fs.rmSync(join(project, "src/deep"))
        inProject.write("moved/.env", "TOKEN=late\n")
        fs.renameSync(join(project, "moved"), join(project, "src/deep"))
        inProject.write("README.md", "back\n")
        assert.deepStrictEqual(seen(stage), atStart)
      })
  )

  test(
    "never shows the names of what was hidden in a directory that is gone",
    (stage, { project }) =>
      Effect.gen(function*() {
        sh(stage, "rm src/deep/c.ts && echo new > src/deep/new.ts")
        yield* take(stage)
        fs.rmSync(join(project, "src/deep"), { recursive: true })
        assert.deepStrictEqual(seen(stage), [...atStart.slice(0, -1), "src/deep/new.ts"])
      })
  )

  test(
    "keeps what a call made for later calls, also where git ignores it",
    (stage, { project }) =>
      Effect.gen(function*() {
        sh(stage, "echo MINE=1 > .env; mkdir -p cache/a; echo 1 > cache/a/b")
        const set = yield* stage.scan
        assert.deepStrictEqual([set.changes, set.forbidden], [[], []])
        assert.deepStrictEqual(set.ignored as ReadonlyArray<string>, [".env", "cache/a/b"])
        yield* stage.accept(set)
        assert.strictEqual(sh(stage, "cat .env cache/a/b"), "MINE=1\n1\n")
        assert.strictEqual(fs.readFileSync(join(project, ".env"), "utf8"), files[".env"])
      })
  )

  test("shows a later command what was edited in the project", (stage, { inProject }) =>
    Effect.gen(function*() {
      inProject.write("src/b.ts", "edited\n")
      assert.strictEqual(sh(stage, "cat src/b.ts"), "edited\n")
      assert.deepStrictEqual(yield* stage.scan, clean)
      sh(stage, "touch src/b.ts")
      assert.deepStrictEqual(yield* stage.scan, clean)
      inProject.write("src/b.ts", "edited again\n")
      assert.deepStrictEqual(yield* stage.scan, clean)
      assert.strictEqual(sh(stage, "cat src/b.ts"), "edited again\n")
    }))

  const meddling: ReadonlyArray<readonly [string, (world: Overlaid) => void, string]> = [
    ["was edited", ({ inProject }) => inProject.write("src/a.ts", "theirs\n"), "echo mine > src/a.ts"],
    ["was removed", ({ inProject }) => inProject.remove("src/a.ts"), "echo mine > src/a.ts"],
    ["was edited and is removed here", ({ inProject }) => inProject.write("src/a.ts", "theirs\n"), "rm src/a.ts"],
    ["came to be", ({ inProject }) => inProject.write("src/a.ts.new", "theirs\n"), "echo mine > src/a.ts.new"],
    [
      "is in a directory that was replaced",
      ({ project }) => {
        fs.cpSync(join(project, "src"), join(project, "other"), { recursive: true, preserveTimestamps: true })
        fs.rmSync(join(project, "src"), { recursive: true })
        fs.renameSync(join(project, "other"), join(project, "src"))
      },
      "echo mine > src/a.ts"
    ]
  ]
  for (const [what, act, script] of meddling) {
    test(
      `merges nothing where a path ${what} before the session first changed it`,
      (stage, world) =>
        Effect.gen(function*() {
          act(world)
          sh(stage, script)
          yield* take(stage)
          assert.lengthOf(yield* conflicting(stage), 1)
        })
    )
  }

  test(
    "merges nothing where a path was edited while the command ran",
    (stage, { inProject }) =>
      Effect.gen(function*() {
        sh(stage, "echo mine >> src/a.ts")
        inProject.write("src/a.ts", "theirs\n")
        yield* take(stage)
        assert.deepStrictEqual((yield* conflicting(stage)) as ReadonlyArray<string>, ["src/a.ts"])
        assert.strictEqual(inProject.read("src/a.ts"), "theirs\n")
      })
  )

  const hostile: ReadonlyArray<readonly [string, string, string]> = [
    ["a FIFO", "mkfifo src/pipe", "FIFO"],
    ["a FIFO in a file's place", "rm src/a.ts; mkfifo src/a.ts", "FIFO"],
    ["a setuid file", "cp /bin/true tool; chmod 4755 tool", "setuid"],
    ["a name that is not UTF-8", "printf x > \"$(printf 'src/f\\377')\"", "UTF-8"],
    ["a directory that is not UTF-8", "d=$(printf '\\303('); mkdir \"$d\"; echo x > \"$d/in\"", "UTF-8"],
    ["a directory with the secret removed", "mkdir keep; rm -rf keys.pem", "secret"],
    ["too many files", "mkdir many; cd many; seq 20100 | xargs touch", "20000"],
    ["a file that is sparse and too large", "truncate -s 64M sparse", "4096"]
  ]
  for (const [what, script, why] of hostile) {
    test(`takes nothing of a call that leaves ${what}, and goes back`, (stage) =>
      Effect.gen(function*() {
        sh(stage, `echo good > good.ts; ${script}`)
        const set = yield* stage.scan
        assert.lengthOf(set.forbidden, 1)
        assert.include(set.forbidden[0]?.why, why)
        yield* stage.reject(set)
        assert.deepStrictEqual(yield* stage.scan, clean)
        assert.deepStrictEqual(seen(stage), atStart)
      }))
  }

  test("lets a command forge no mark of the overlay", (stage) =>
    Effect.gen(function*() {
      const forging = [
        "import os",
        "def attempt(work):",
        "  try: work(); print('done')",
        "  except OSError as error: print(error.errno)",
        "attempt(lambda: os.mknod('src/b.ts.x', 0o020000, 0))",
        "attempt(lambda: os.mknod('null', 0o020666, os.makedev(1, 3)))",
        "print(os.listxattr('src'))"
      ].join("\n")
      assert.strictEqual(inSandbox(stage, ["python3", "-c", forging]).toString(), "1\n1\n[]\n")
      yield* Effect.map(stage.scan, (set) => assert.deepStrictEqual(set, clean))
    }))

  test(
    "takes sparse files, hard links and swapped kinds exactly",
    (stage, { inProject, project }) =>
      Effect.gen(function*() {
        sh(stage, "truncate -s 4096 sparse; ln src/a.ts twin; echo more >> twin; rm -r src/deep; echo f > src/deep")
        sh(stage, "rm README.md; mkdir README.md; echo d > README.md/in; mv src/b.ts src/c.ts; chmod +x src/c.ts")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.forbidden, [])
        assert.deepStrictEqual(set.changes.map(line), [
          "D README.md",
          "A README.md/in",
          "A sparse",
          "M src/a.ts",
          "R src/b.ts -> src/c.ts",
          "A src/deep",
          "D src/deep/c.ts",
          "A twin"
        ])
        yield* stage.accept(set)
        sh(stage, "rm src/deep; mkdir src/deep; echo 3 > src/deep/c.ts; rm -r README.md; echo back > README.md")
        yield* take(stage)
        yield* stage.merge
        assert.strictEqual(inProject.read("README.md"), "back\n")
        assert.strictEqual(inProject.read("src/deep/c.ts"), "3\n")
        assert.strictEqual(inProject.read("twin"), `${files["src/a.ts"]}more\n`)
        assert.deepStrictEqual(fs.readFileSync(join(project, "sparse")), Buffer.alloc(4096))
        assert.strictEqual(fs.statSync(join(project, "src/c.ts")).mode & 0o111, 0o111)
        assert.deepStrictEqual(yield* stage.scan, clean)
      })
  )

  test("says nothing new of a nested directory made again as it was", (stage) =>
    Effect.gen(function*() {
      sh(stage, "mkdir -p x/y/z; echo 1 > x/y/z/f; echo 2 > x/y/g")
      yield* take(stage)
      sh(stage, "rm -r x; mkdir -p x/y/z; echo 1 > x/y/z/f; echo 2 > x/y/g")
      assert.deepStrictEqual(yield* stage.scan, clean)
      sh(stage, "rm -r x; mkdir -p x/y; echo 2 > x/y/g")
      assert.deepStrictEqual((yield* stage.scan).changes.map(line), ["D x/y/z/f"])
    }))

  test(
    "is searched as it is shown: changed, hidden, removed and emptied files included",
    (stage, { inProject }) =>
      Effect.gen(function*() {
        sh(stage, "echo 'const mine = 1' > src/a.ts; rm src/b.ts; mkdir -p cache; echo 'const cached' > cache/x")
        yield* take(stage)
        inProject.write("late.ts", "const late = 1\n")
        inProject.write("src/.env", "const secret = 1\n")
        assert.deepStrictEqual(
          yield* ripgrep(stage, { pattern: "const|TOKEN|PRIVATE", path: path("."), glob: undefined }),
          [
            "cache/x:1:const cached",
            "src/a.ts:1:const mine = 1",
            "src/deep/c.ts:1:export const c = 3"
          ]
        )
      })
  )

  test("shows history and dependency trees read-only, by their mounts alone", (stage) =>
    Effect.gen(function*() {
      const script = "cat node_modules/x/index.js; git log --format=%s 2>&1; touch node_modules/y .git/y 2>&1; ls"
      assert.include(sh(stage, `${script} || true`), "module\n")
      assert.include(sh(stage, `${script} || true`), "Read-only file system")
      assert.deepStrictEqual(yield* stage.scan, clean)
      assert.strictEqual(Buffer.from((yield* stage.read(path("node_modules/x/index.js"))).bytes).toString(), "module\n")
    }), (project) => {
    fs.mkdirSync(join(project, "node_modules/x"), { recursive: true })
    fs.writeFileSync(join(project, "node_modules/x/index.js"), "module\n")
    fs.rmSync(join(project, "keys.pem"))
    git(project, "commit", "-q", "-a", "-m", "No keys")
  })

  it.scopedLive("leaves nothing when it is closed, and a killed kernel's is removed at the next start", () =>
    Effect.gen(function*() {
      const world = yield* overlayWorld()
      const workspace = yield* Effect.provide(Workspace, world.layer)
      const provide = Effect.provideService(Workspace, workspace)
      const kept = join(world.scratch, "kept")
      yield* Effect.scoped(provide(Effect.gen(function*() {
        const stage = yield* open(world)
        sh(stage, "rm -r src; mkdir src; mkdir unreadable; chmod 0 unreadable")
        // Only root can copy what the overlay leaves unreadable.
        execFileSync("chmod", ["-R", "u+rwX", stage.root])
        execFileSync("cp", ["-a", stage.root, kept])
        execFileSync("find", [kept, "-type", "d", "-name", "work", "-exec", "chmod", "0", "{}", ";", "-prune"])
      })))
      assert.deepStrictEqual(fs.readdirSync(world.scratch), ["kept"])
      assert.notInclude(fs.readFileSync("/proc/mounts", "utf8"), world.scratch)
      fs.renameSync(kept, join(world.scratch, "fluffy-stage-000000000000-1-1-1.abcdef"))
      assert.strictEqual((yield* workspace.recover(world.project)).stages, 1)
      assert.deepStrictEqual(fs.readdirSync(world.scratch), [])
    }))
})

describe("the form of a stage", () => {
  it.scopedLive("is a copy where nothing can try an overlay, or the trial says no", () =>
    Effect.gen(function*() {
      const world = yield* overlayWorld()
      const formOf = (trial: Overlaid["trial"] | undefined) =>
        Effect.scoped(
          Effect.map(open({ project: world.project, ...(trial === undefined ? {} : { trial }) }), ({ form }) => form)
        )
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* formOf(undefined), "copy")
        assert.strictEqual(yield* formOf(() => Effect.succeed("no overlays on Sundays")), "copy")
        assert.strictEqual(yield* formOf(() => Effect.succeed(undefined)), "copy")
      }).pipe(Effect.provide(world.layer))
      assert.deepStrictEqual(fs.readdirSync(world.scratch), [])
    }))

  it("is an overlay by itself for many files or many bytes only", () => {
    assert.isFalse(Disk.isLarge(5_000, 1 << 20))
    assert.isTrue(Disk.isLarge(5_001))
    assert.isTrue(Disk.isLarge(1, 512 << 20))
  })
})
