import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer, Option, type Scope } from "effect"
import { describe as line } from "../../src/domain/Change.ts"
import { ProjectPath } from "../../src/domain/ProjectPath.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import { type Stage, type StageOptions, Workspace } from "../../src/Workspace.ts"

/** A project and hands to change it and a stage of it, as a person or a sandboxed command would. */
export interface World {
  readonly project: string
  readonly layer: Layer.Layer<Workspace>
  readonly trial?: StageOptions["trial"]
  readonly inProject: Hands
  readonly inStage: (stage: Stage) => Hands
}

/** Writes, reads and removes entries of one tree. `read` gives undefined for what is no file. */
export interface Hands {
  readonly write: (path: string, content: string, executable?: boolean) => void
  readonly link: (path: string, target: string) => void
  readonly remove: (path: string) => void
  readonly read: (path: string) => string | undefined
}

/** What every project of the contract holds; git ignores `.env` and `cache/`, and `keys.pem` is tracked. */
export const files = {
  ".gitignore": ".env\ncache/\n",
  ".env": "TOKEN=very-secret\n",
  "keys.pem": "PRIVATE KEY\n",
  "README.md": "# One\n\nText.\n",
  "src/a.ts": "export const a = 1\n",
  "src/b.ts": "export const b = 2\n",
  "src/deep/c.ts": "export const c = 3\n"
}

export const path = (text: string) => ProjectPath.make(text)

/** The options the contract's stages are opened with. */
export const options = (project: string, session = "s-contract") => ({
  project,
  session: SessionId.make(session),
  secrets: [".env", "*.pem"],
  maxFileBytes: 4096
})

const text = (stage: Stage, name: string) =>
  Effect.map(stage.read(path(name)), ({ bytes }) => Buffer.from(bytes).toString())

const refusal = (stage: Stage, name: string) =>
  Effect.map(Effect.flip(stage.read(path(name))), (error) => error.message)

/** Opens a stage of a world's project. */
export const open = ({ project, trial }: Pick<World, "project" | "trial">, session?: string) =>
  Effect.flatMap(
    Workspace,
    (workspace) => workspace.open({ ...options(project, session), ...(trial === undefined ? {} : { trial }) })
  )

/** What holds of every workspace. */
export const suite = (name: string, make: Effect.Effect<World, never, Scope.Scope>): void => {
  const test = (
    sentence: string,
    body: (stage: Stage, hands: Hands, world: World) => Effect.Effect<void, unknown, Workspace | Scope.Scope>
  ) =>
    it.scopedLive(sentence, () =>
      Effect.gen(function*() {
        const world = yield* make
        yield* Effect.gen(function*() {
          const stage = yield* open(world)
          yield* body(stage, world.inStage(stage), world)
        }).pipe(Effect.provide(world.layer))
      }))

  const take = (stage: Stage) => Effect.flatMap(stage.scan, stage.accept)

  describe(`Workspace contract: ${name}`, () => {
    test("stages what git tracks or does not ignore", (stage) =>
      Effect.gen(function*() {
        const { cut, entries } = yield* stage.list(path("."), { recursive: true, limit: 100 })
        assert.isFalse(cut)
        assert.deepStrictEqual(entries.filter((entry) => entry.kind === "file").map((entry) => entry.path as string), [
          ".gitignore",
          "README.md",
          "keys.pem",
          "src/a.ts",
          "src/b.ts",
          "src/deep/c.ts"
        ])
        assert.strictEqual(stage.files, 6)
        assert.strictEqual(yield* text(stage, "src/a.ts"), "export const a = 1\n")
        assert.strictEqual(yield* refusal(stage, ".env"), "Cannot use .env: not found")
      }))

    test("shows a tracked secret as an empty file", (stage) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* stage.read(path("keys.pem")), { bytes: new Uint8Array(), size: 0 })
        assert.strictEqual(Option.getOrThrow(yield* stage.stat(path("keys.pem"))).size, 0)
      }).pipe(Effect.asVoid))

    test("finds nothing changed when nothing was", (stage) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* stage.scan, { changes: [], ignored: [], forbidden: [] })
        assert.deepStrictEqual(yield* stage.changes, [])
        assert.deepStrictEqual(yield* stage.diff, { patch: "", lines: 0 })
        assert.deepStrictEqual(yield* stage.merge, { merged: [] })
      }))

    test("names every kind of change", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("src/new.ts", "export const n = 1\n")
        hands.write("src/a.ts", "export const a = 10\n")
        hands.write("README.md", files["README.md"], true)
        hands.remove("src/b.ts")
        hands.write("src/renamed.ts", files["src/deep/c.ts"])
        hands.remove("src/deep")
        hands.link("latest", "src/a.ts")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.changes.map(line), [
          "m README.md",
          "A latest",
          "M src/a.ts",
          "D src/b.ts",
          "A src/new.ts",
          "R src/deep/c.ts -> src/renamed.ts"
        ])
        assert.deepStrictEqual(set.forbidden, [])
        assert.strictEqual(set.changes[1]?.after?.kind, "symlink")
        assert.isTrue(set.changes[0]?.after?.executable)
      }))

    test("takes an accepted set as the new state and goes back to it", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "first\n")
        yield* take(stage)
        hands.write("src/a.ts", "second\n")
        hands.write("src/extra.ts", "extra\n")
        hands.remove("src/b.ts")
        hands.remove("src/deep")
        hands.write("src/deep", "a file now\n")
        const set = yield* stage.scan
        assert.lengthOf(set.changes, 5)
        yield* stage.reject(set)
        assert.strictEqual(hands.read("src/a.ts"), "first\n")
        assert.strictEqual(hands.read("src/b.ts"), files["src/b.ts"])
        assert.strictEqual(hands.read("src/deep/c.ts"), files["src/deep/c.ts"])
        assert.isUndefined(hands.read("src/extra.ts"))
        assert.deepStrictEqual(yield* stage.scan, { changes: [], ignored: [], forbidden: [] })
        assert.deepStrictEqual((yield* stage.changes).map(line), ["M src/a.ts"])
      }))

    test("swaps files and directories", (stage, hands, world) =>
      Effect.gen(function*() {
        hands.write("README.md/index.md", "now a directory\n")
        hands.write("src/deep", "now a file\n")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.changes.map(line), [
          "D README.md",
          "A README.md/index.md",
          "A src/deep",
          "D src/deep/c.ts"
        ])
        yield* stage.accept(set)
        assert.lengthOf((yield* stage.merge).merged, 4)
        assert.strictEqual(world.inProject.read("README.md/index.md"), "now a directory\n")
        assert.strictEqual(world.inProject.read("src/deep"), "now a file\n")
      }))

    test("keeps what git ignores for the session and never merges it", (stage, hands, world) =>
      Effect.gen(function*() {
        hands.write("cache/x.bin", "cached\n")
        hands.write("src/new.ts", "new\n")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.changes.map(line), ["A src/new.ts"])
        assert.deepStrictEqual(set.ignored as ReadonlyArray<string>, ["cache/x.bin"])
        yield* stage.accept(set)
        assert.strictEqual(yield* text(stage, "cache/x.bin"), "cached\n")
        assert.isTrue(Option.getOrThrow(yield* stage.stat(path("cache/x.bin"))).ignored)
        assert.isTrue(Option.getOrThrow(yield* stage.stat(path("cache"))).ignored)
        assert.isFalse(Option.getOrThrow(yield* stage.stat(path("src"))).ignored)
        assert.deepStrictEqual((yield* stage.merge).merged as ReadonlyArray<string>, ["src/new.ts"])
        assert.isUndefined(world.inProject.read("cache/x.bin"))
      }))

    test("goes by the project's ignore rules, not by ones a call wrote", (stage, hands) =>
      Effect.gen(function*() {
        hands.write(".gitignore", "src/\n")
        hands.write("src/hidden.ts", "hidden\n")
        yield* take(stage)
        hands.write("src/hidden2.ts", "hidden\n")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.changes.map(line), ["A src/hidden2.ts"])
        assert.deepStrictEqual((yield* stage.changes).map(line), ["M .gitignore", "A src/hidden.ts"])
      }))

    const hostile: ReadonlyArray<readonly [string, (hands: Hands) => void, string]> = [
      ["a file of git", (hands) => hands.write(".git/hooks/pre-commit", "x"), "git"],
      ["a file of the kernel", (hands) => hands.write(".fluffy/policies/all.yaml", "x"), "kernel"],
      ["a nested repository", (hands) => hands.write("src/.git/config", "x"), "git"],
      ["git by another case", (hands) => hands.write("src/.GiT/config", "x"), "git"],
      ["git by its short name", (hands) => hands.write("GIT~1/config", "x"), "git"],
      ["git with an ignorable character", (hands) => hands.write(".g\u200cit/config", "x"), "git"],
      ["a name with a control character", (hands) => hands.write("src/a\nb", "x"), "control"],
      ["a name that reads backwards", (hands) => hands.write("src/\u202egpj.exe", "x"), "direction"],
      ["a name with a backslash", (hands) => hands.write("src\\a", "x"), "backslash"],
      ["an absolute symlink", (hands) => hands.link("src/passwd", "/etc/passwd"), "leaves"],
      ["a symlink to above the project", (hands) => hands.link("src/up", "../../x"), "leaves"],
      ["a symlink into git", (hands) => hands.link("src/hooks", "../.git/hooks"), "git"],
      ["a file that is too large", (hands) => hands.write("big.bin", "x".repeat(4097)), "4096"],
      ["a new secret", (hands) => hands.write("src/other.pem", "x"), "secret"],
      ["a new secret in capitals", (hands) => hands.write("src/OTHER.Pem", "x"), "secret"],
      ["a changed secret", (hands) => hands.write("keys.pem", "mine"), "secret"],
      ["a removed secret", (hands) => hands.remove("keys.pem"), "secret"]
    ]
    for (const [what, act, why] of hostile) {
      test(`never takes ${what}`, (stage, hands) =>
        Effect.gen(function*() {
          hands.write("src/good.ts", "good\n")
          act(hands)
          const set = yield* stage.scan
          assert.lengthOf(set.forbidden, 1)
          assert.include(set.forbidden[0]?.why, why)
          assert.notMatch(set.forbidden[0]?.path ?? "", /[\x00-\x1f\u202e]/)
          const error = yield* Effect.flip(stage.accept(set))
          assert.strictEqual(error.reason, "write")
          yield* stage.reject(set)
          assert.deepStrictEqual(yield* stage.scan, { changes: [], ignored: [], forbidden: [] })
          assert.isUndefined(hands.read("src/good.ts"))
          assert.strictEqual(hands.read("keys.pem"), "")
        }))
    }

    test("refuses a link that only leaves through another", (stage, hands) =>
      Effect.gen(function*() {
        hands.link("src/here", "..")
        hands.link("out", "src/here/../x")
        const set = yield* stage.scan
        assert.deepStrictEqual(set.forbidden.map((one) => one.path), ["out"])
      }))

    test("accepts nothing but the last scan", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "one\n")
        const old = yield* stage.scan
        hands.write("src/a.ts", "two\n")
        yield* stage.scan
        assert.include((yield* Effect.flip(stage.accept(old))).message, "not what the last scan found")
        yield* stage.reject(old)
        assert.strictEqual(hands.read("src/a.ts"), files["src/a.ts"])
      }))

    test("reads parts of files and names what cannot be read", (stage, hands) =>
      Effect.gen(function*() {
        const part = yield* stage.read(path("src/a.ts"), { offset: 7, maxBytes: 5 })
        assert.deepStrictEqual([Buffer.from(part.bytes).toString(), part.size], ["const", 19])
        assert.lengthOf((yield* stage.read(path("src/a.ts"), { offset: 100 })).bytes, 0)
        hands.link("inside", "src/a.ts")
        yield* take(stage)
        assert.strictEqual(yield* text(stage, "inside"), files["src/a.ts"])
        assert.strictEqual(yield* refusal(stage, "nope/at/all"), "Cannot use nope/at/all: not found")
        assert.strictEqual(yield* refusal(stage, "src"), "Cannot use src: is a directory")
        assert.strictEqual(yield* refusal(stage, "src/a.ts/x"), "Cannot use src/a.ts/x: not a directory")
        assert.strictEqual(yield* refusal(stage, "../x"), "Cannot use ../x: leaves the project")
        assert.strictEqual(yield* refusal(stage, ".git/config"), "Cannot use .git/config: not found")
        assert.isTrue(Option.isNone(yield* stage.stat(path("nope"))))
        assert.strictEqual(Option.getOrThrow(yield* stage.stat(path("inside"))).kind, "symlink")
        assert.include(
          (yield* Effect.flip(stage.list(path("README.md"), { recursive: false, limit: 9 }))).message,
          "not a directory"
        )
      }))

    test("lists one level or all, cut at the limit", (stage) =>
      Effect.gen(function*() {
        const flat = yield* stage.list(path("src"), { recursive: false, limit: 10 })
        assert.deepStrictEqual(flat.entries.map((entry) => `${entry.kind} ${entry.path}`), [
          "file src/a.ts",
          "file src/b.ts",
          "directory src/deep"
        ])
        const cut = yield* stage.list(path("."), { recursive: true, limit: 3 })
        assert.isTrue(cut.cut)
        assert.lengthOf(cut.entries, 3)
      }))

    const written = (name: string, text: string, executable = false) => ({
      path: path(name),
      content: { kind: "file" as const, executable, bytes: Buffer.from(text) }
    })
    const undo = (stage: Stage) => Effect.flatMap(stage.scan, stage.reject)
    const readAll = (hands: Hands, names: ReadonlyArray<string>) => names.map((name) => hands.read(name))
    const clean = { changes: [], ignored: [], forbidden: [] }

    test("tells what a path was at the start", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "changed\n", true)
        hands.remove("src/b.ts")
        hands.write("src/new.ts", "new\n")
        yield* take(stage)
        const start = Option.getOrThrow(yield* stage.base(path("src/a.ts")))
        assert.deepStrictEqual([start.kind, start.executable, start.size], ["file", false, 19])
        assert.strictEqual(Buffer.from(start.bytes).toString(), files["src/a.ts"])
        const part = Option.getOrThrow(yield* stage.base(path("src/b.ts"), { maxBytes: 6 }))
        assert.deepStrictEqual([Buffer.from(part.bytes).toString(), part.size], ["export", 19])
        for (const absent of ["src/new.ts", "keys.pem", ".env", "src", "nope"]) {
          assert.isTrue(Option.isNone(yield* stage.base(path(absent))), absent)
        }
      }))

    test("tries out edits that the next reject takes back", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "accepted\n", true)
        hands.write("src/own/x.ts", "own\n")
        hands.write("cache/x.bin", "cached\n")
        yield* take(stage)
        const before = [yield* stage.diff, yield* stage.changes]
        yield* stage.tryOut([
          written("src/a.ts", "tried\n"),
          { path: path("src/own/x.ts"), content: null },
          { path: path("src/nope.ts"), content: null },
          written("src/deep/c.ts/below.ts", "below\n"),
          { path: path("src/link.ts"), content: { kind: "symlink", executable: false, bytes: Buffer.from("a.ts") } }
        ])
        assert.deepStrictEqual(
          readAll(hands, ["src/a.ts", "src/own/x.ts", "src/deep/c.ts/below.ts"]),
          ["tried\n", undefined, "below\n"]
        )
        assert.strictEqual(Option.getOrThrow(yield* stage.stat(path("src/link.ts"))).kind, "symlink")
        assert.strictEqual(yield* text(stage, "src/a.ts"), "tried\n")
        yield* undo(stage)
        assert.deepStrictEqual(
          readAll(hands, ["src/a.ts", "src/own/x.ts", "src/deep/c.ts", "src/link.ts", "cache/x.bin"]),
          [
            "accepted\n",
            "own\n",
            files["src/deep/c.ts"],
            undefined,
            "cached\n"
          ]
        )
        assert.deepStrictEqual(yield* stage.scan, clean)
        assert.deepStrictEqual([yield* stage.diff, yield* stage.changes], before)
      }))

    test(
      "tries out the start: nothing of the session is left until the next reject",
      (stage, hands) =>
        Effect.gen(function*() {
          hands.write("src/a.ts", "accepted\n")
          hands.remove("src/b.ts")
          hands.write("src/own/x.ts", "own\n")
          hands.write("src/deep", "a file now\n")
          hands.write("README.md/index.md", "a directory now\n")
          hands.write("cache/x.bin", "cached\n")
          yield* take(stage)
          hands.write("cache/large.bin", "x".repeat(5000))
          yield* take(stage)
          const before = [yield* stage.diff, yield* stage.changes]
          yield* stage.tryOut("start")
          for (const name of ["README.md", "src/a.ts", "src/b.ts", "src/deep/c.ts"] as const) {
            assert.strictEqual(hands.read(name), files[name])
          }
          for (const name of ["src/own/x.ts", "cache/x.bin", "cache/large.bin"]) assert.isUndefined(hands.read(name))
          hands.write("cache/left.bin", "left by a run\n")
          hands.write("src/a.ts", "and so is this\n")
          yield* undo(stage)
          assert.deepStrictEqual(yield* stage.scan, clean)
          assert.deepStrictEqual([yield* stage.diff, yield* stage.changes], before)
          assert.deepStrictEqual(
            readAll(hands, [
              "src/a.ts",
              "src/b.ts",
              "src/own/x.ts",
              "src/deep",
              "README.md/index.md",
              "cache/x.bin",
              "cache/left.bin"
            ]),
            ["accepted\n", undefined, "own\n", "a file now\n", "a directory now\n", "cached\n", undefined]
          )
          assert.lengthOf(hands.read("cache/large.bin") ?? "", 5000)
        })
    )

    test(
      "tries out what a merge would leave: what git ignores is gone until the next reject",
      (stage, hands) =>
        Effect.gen(function*() {
          hands.write("src/a.ts", "accepted\n")
          hands.write("cache/x.bin", "cached\n")
          hands.write("cache/large.bin", "x".repeat(5000))
          yield* take(stage)
          const before = [yield* stage.diff, yield* stage.changes]
          const left = ["cache/large.bin", "cache/x.bin"]
          assert.deepStrictEqual<ReadonlyArray<string>>(yield* stage.leavings, left)
          yield* stage.tryOut("merged")
          assert.deepStrictEqual(readAll(hands, ["src/a.ts", ...left]), ["accepted\n", undefined, undefined])
          hands.write("cache/left.bin", "left by a run\n")
          yield* undo(stage)
          assert.deepStrictEqual(yield* stage.scan, clean)
          assert.deepStrictEqual([yield* stage.diff, yield* stage.changes], before)
          assert.deepStrictEqual<ReadonlyArray<string>>(yield* stage.leavings, left)
          assert.deepStrictEqual(readAll(hands, ["cache/x.bin", "cache/left.bin"]), ["cached\n", undefined])
          assert.lengthOf(hands.read("cache/large.bin") ?? "", 5000)
        })
    )

    test("tries out no secret and nothing outside", (stage, hands) =>
      Effect.gen(function*() {
        for (const name of ["keys.pem", "src/other.pem", ".git/hooks/pre-commit", ".fluffy/config.yaml"]) {
          const error = yield* Effect.flip(stage.tryOut([written("src/a.ts", "x\n"), written(name, "x\n")]))
          assert.strictEqual(error.method, "try out", name)
        }
        assert.strictEqual(hands.read("src/a.ts"), files["src/a.ts"])
        assert.deepStrictEqual(yield* stage.scan, clean)
      }))

    test("names the start by its content, whatever the session did", (stage, hands, world) =>
      Effect.gen(function*() {
        const start = yield* stage.fingerprint
        hands.write("src/a.ts", "changed\n")
        yield* take(stage)
        assert.deepStrictEqual(yield* stage.fingerprint, start)
        const same = yield* open(world, "s-same")
        assert.deepStrictEqual(yield* same.fingerprint, start)
        world.inProject.write("src/a.ts", "other\n")
        const other = yield* open(world, "s-other")
        assert.isTrue(Option.isNone(start) || Option.getOrThrow(yield* other.fingerprint) !== start.value)
      }))

    test("shows its changes as a patch and counts the lines", (stage, hands) =>
      Effect.gen(function*() {
        hands.write("README.md", "# One\n\nOther.\nMore.\n")
        hands.remove("src/b.ts")
        yield* take(stage)
        assert.deepStrictEqual(yield* stage.diff, {
          lines: 4,
          patch: [
            "diff --git a/README.md b/README.md",
            "--- a/README.md",
            "+++ b/README.md",
            "@@ -1,3 +1,4 @@",
            " # One",
            " ",
            "-Text.",
            "+Other.",
            "+More.",
            "diff --git a/src/b.ts b/src/b.ts",
            "deleted file mode 100644",
            "--- a/src/b.ts",
            "+++ /dev/null",
            "@@ -1 +0,0 @@",
            "-export const b = 2",
            ""
          ].join("\n")
        })
      }))

    test("merges into the project, and only what was accepted", (stage, hands, world) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "changed\n")
        hands.write("lib/new/x.ts", "new\n")
        hands.remove("src/deep")
        yield* take(stage)
        hands.write("src/b.ts", "not accepted\n")
        const { merged } = yield* stage.merge
        assert.deepStrictEqual(merged as ReadonlyArray<string>, ["lib/new/x.ts", "src/a.ts", "src/deep/c.ts"])
        assert.strictEqual(world.inProject.read("src/a.ts"), "changed\n")
        assert.strictEqual(world.inProject.read("lib/new/x.ts"), "new\n")
        assert.isUndefined(world.inProject.read("src/deep/c.ts"))
        assert.strictEqual(world.inProject.read("src/b.ts"), files["src/b.ts"])
        assert.strictEqual(world.inProject.read("keys.pem"), files["keys.pem"])
        assert.strictEqual(world.inProject.read(".env"), files[".env"])
        assert.deepStrictEqual(yield* stage.changes, [])
        assert.deepStrictEqual(yield* stage.merge, { merged: [] })
      }))

    const conflicts: ReadonlyArray<readonly [string, (hands: Hands) => void, (project: Hands) => void, string]> = [
      [
        "was edited",
        (hands) => hands.write("src/a.ts", "mine\n"),
        (project) => project.write("src/a.ts", "theirs\n"),
        "src/a.ts"
      ],
      [
        "was removed",
        (hands) => hands.write("src/a.ts", "mine\n"),
        (project) => project.remove("src/a.ts"),
        "src/a.ts"
      ],
      [
        "came to be",
        (hands) => hands.write("src/n.ts", "mine\n"),
        (project) => project.write("src/n.ts", "theirs\n"),
        "src/n.ts"
      ],
      [
        "was edited and is removed here",
        (hands) => hands.remove("src/a.ts"),
        (project) => project.write("src/a.ts", "t\n"),
        "src/a.ts"
      ],
      [
        "became a link",
        (hands) => hands.write("src/a.ts", "mine\n"),
        (project) => project.link("src/a.ts", "b.ts"),
        "src/a.ts"
      ],
      [
        "lies below a link",
        (hands) => hands.write("new/x.ts", "m\n"),
        (project) => project.link("new", "src"),
        "new/x.ts"
      ],
      [
        "lies below a file",
        (hands) => hands.write("new/x.ts", "m\n"),
        (project) => project.write("new", "t\n"),
        "new/x.ts"
      ]
    ]
    for (const [what, mine, theirs, conflicting] of conflicts) {
      test(`writes nothing when a path ${what} meanwhile`, (stage, hands, world) =>
        Effect.gen(function*() {
          hands.write("src/b.ts", "also mine\n")
          mine(hands)
          yield* take(stage)
          theirs(world.inProject)
          const error = yield* Effect.flip(stage.merge)
          assert.strictEqual(error._tag, "MergeConflict")
          if (error._tag !== "MergeConflict") return
          assert.deepStrictEqual(error.paths as ReadonlyArray<string>, [conflicting])
          assert.include(error.patch, "s-contract.patch")
          assert.strictEqual(world.inProject.read("src/b.ts"), files["src/b.ts"])
        }))
    }

    test("takes a path the project changed in the same way as merged", (stage, hands, world) =>
      Effect.gen(function*() {
        hands.write("src/a.ts", "same\n")
        hands.write("src/b.ts", "mine\n")
        yield* take(stage)
        world.inProject.write("src/a.ts", "same\n")
        assert.lengthOf((yield* stage.merge).merged, 2)
        assert.strictEqual(world.inProject.read("src/b.ts"), "mine\n")
      }))

    test("keeps two sessions apart", (stage, hands, world) =>
      Effect.gen(function*() {
        const other = yield* open(world, "s-other")
        hands.write("src/a.ts", "first\n")
        yield* take(stage)
        assert.deepStrictEqual(yield* other.scan, { changes: [], ignored: [], forbidden: [] })
        yield* stage.merge
        world.inStage(other).write("src/a.ts", "second\n")
        yield* take(other)
        assert.strictEqual((yield* Effect.flip(other.merge))._tag, "MergeConflict")
      }))
  })
}
