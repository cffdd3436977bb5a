import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Policy, type RuleLayer } from "../../src/Policy.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"

// Node has no call for it.
const makeFifo = "mkfifo"

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-policy-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

const text = (name: string, effect: string, match = "{ action: change }") =>
  `version: 1\nrules:\n  - { name: ${name}, match: ${match}, effect: ${effect} }\n`

const folder = (files: Readonly<Record<string, string | Uint8Array>>) =>
  Effect.map(temporary, (directory) => {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
    return directory
  })

const load = (directory: string, layer: RuleLayer = "user") => Yaml.load([{ layer, directory }])

const names = (loaded: Yaml.Loaded) => loaded.rules.map(({ rule }) => rule.name)

describe("Policy/Yaml", () => {
  it.scoped("reads every .yaml and .yml file of a folder, by name, and nothing else", () =>
    Effect.gen(function*() {
      const directory = yield* folder({
        "b.yml": text("b", "deny"),
        "a.yaml": text("a", "allow"),
        ".hidden.yaml": "not: read",
        "c.yaml.bak": "not: read",
        "README.md": "not read"
      })
      assert.deepStrictEqual(names(yield* load(directory)), ["a", "b"])
    }))

  it.scoped("reads extensions beside the rules, and no declarations of types", () =>
    Effect.gen(function*() {
      const directory = yield* folder({
        "a.yaml": text("a", "allow"),
        "b.js": "export default () => undefined",
        "c.ts": "export default (): undefined => undefined",
        "types.d.ts": "export type Nothing = undefined",
        ".hidden.js": "not read"
      })
      const { extensions, files, rules } = yield* load(directory)
      assert.deepStrictEqual(extensions.map(({ extension: { layer, name } }) => [layer, name]), [
        ["user", "b"],
        ["user", "c"]
      ])
      assert.deepStrictEqual([files.length, rules.length], [3, 1])
    }))

  it.scoped("loads nothing when an extension does not compile or fails an example", () =>
    Effect.gen(function*() {
      const programs = {
        "export default () => {\n  let a =": /b\.js:2:10: SyntaxError/,
        "export default () => undefined\nexport const examples = { match: [{ action: 'change' }] }":
          /b\.js:2:1 \(rule b\): the example change should match/
      }
      for (const [program, message] of Object.entries(programs)) {
        const directory = yield* folder({ "a.yaml": text("a", "allow"), "b.js": program })
        const layer = Yaml.layer({ directories: [{ layer: "user", directory }] })
        assert.match((yield* Effect.flip(Effect.provide(Policy, layer))).message, message)
        const report = yield* Yaml.check(yield* Yaml.list([{ layer: "user", directory }]))
        assert.deepStrictEqual([names(report), report.extensions, report.problems.length], [["a"], [], 1])
      }
    }))

  it.scoped("asks the extensions of a folder with its rules", () =>
    Effect.gen(function*() {
      const directory = yield* folder({
        "a.yaml": text("a", "allow"),
        "b.js": `export default ({ path }) =>
          path === "b" ? { effect: "deny", reason: "not b" } : path === "c" ? null : undefined`
      })
      const policy = yield* Effect.provide(
        Policy,
        Yaml.layer({
          directories: [{ layer: "project", directory }, {
            layer: "user",
            directory
          }]
        })
      )
      const ask = (path: string) => policy.decide({ action: "change", phase: "coding", mode: "strict", path })
      assert.deepInclude(yield* ask("a"), { effect: "allow", rule: "a" })
      assert.deepInclude(yield* ask("b"), { effect: "deny", rule: "b", reason: "not b" })
      assert.deepStrictEqual((yield* ask("c")).failures?.map(({ layer }) => layer), ["user", "project"])
    }))

  it.scoped("warns of a name that an extension shares, and refuses a folder with too many", () =>
    Effect.gen(function*() {
      const program = "export default () => undefined"
      const shared = yield* folder({ "a.yaml": text("same", "deny"), "same.js": program })
      assert.deepInclude((yield* load(shared)).warnings[0], { file: join(shared, "same.js"), rule: "same" })
      const many = yield* folder(Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`a${n}.js`, program])))
      assert.include((yield* Effect.flip(load(many))).problem, "more than 32 extensions")
    }))

  it.scoped("follows no link to an extension of a project", () =>
    Effect.gen(function*() {
      const target = yield* folder({ "a.js": "export default () => undefined" })
      const linked = yield* temporary
      symlinkSync(join(target, "a.js"), join(linked, "l.js"))
      assert.strictEqual((yield* load(linked)).extensions.length, 1)
      assert.include((yield* Effect.flip(load(linked, "project"))).problem, "symbolic link")
    }))

  it.scoped("takes a folder that does not exist for an empty one", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      assert.deepStrictEqual(names(yield* load(join(directory, "nowhere"))), [])
      assert.deepStrictEqual(names(yield* load(join(directory, "nowhere"), "project")), [])
    }))

  it.scoped("loads nothing when one file of many is wrong, and names it", () =>
    Effect.gen(function*() {
      const good = yield* folder({ "a.yaml": text("a", "allow") })
      const bad = yield* folder({ "b.yaml": text("b", "deny"), "c.yaml": text("c", "perhaps") })
      const layer = Yaml.layer({
        directories: [{ layer: "shipped", directory: good }, { layer: "user", directory: bad }]
      })
      const error = yield* Effect.flip(Effect.provide(Policy, layer))
      assert.strictEqual(error.file, join(bad, "c.yaml"))
      assert.match(error.message, /c\.yaml:3:\d+ \(rule c\): unknown effect "perhaps"/)
    }))

  it.scoped("checks every file and tells the first error of each", () =>
    Effect.gen(function*() {
      const directory = yield* folder({ "a.yaml": text("a", "allow"), "b.yaml": "a: 1\nb: 2\n", "c.yaml": "[" })
      const report = yield* Yaml.check(yield* Yaml.list([{ layer: "user", directory }]))
      assert.lengthOf(report.files, 3)
      assert.deepStrictEqual(names(report), ["a"])
      assert.deepStrictEqual(report.problems.map(({ file }) => file), [
        join(directory, "b.yaml"),
        join(directory, "c.yaml")
      ])
    }))

  it.scoped("warns of a rule name that two files share", () =>
    Effect.gen(function*() {
      const directory = yield* folder({ "a.yaml": text("same", "allow"), "b.yaml": text("same", "deny") })
      const { warnings } = yield* load(directory)
      assert.deepInclude(warnings[0], { file: join(directory, "b.yaml"), rule: "same" })
    }))

  it.scoped("logs what a project's allow rule comes to, with its place", () =>
    Effect.gen(function*() {
      const directory = yield* folder({ "allow-all.yaml": text("yes", "allow") })
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => lines.push(String(message)))
      const layer = Layer.provide(
        Yaml.layer({ directories: [{ layer: "project", directory }] }),
        Logger.replace(Logger.defaultLogger, logger)
      )
      const policy = yield* Effect.provide(Policy, layer)
      const decision = yield* policy.decide({ action: "change", phase: "coding", mode: "strict", path: "a" })
      assert.deepInclude(decision, { effect: "deny", rule: "default" })
      assert.include(
        lines.join("\n"),
        "allow-all.yaml:3 (rule yes): allow rules in a project's own files do not count"
      )
    }))

  it.scoped("protects the folders it reads where they lie in the project", () =>
    Effect.gen(function*() {
      const project = yield* temporary
      mkdirSync(join(project, "rules"))
      writeFileSync(join(project, "rules/a.yaml"), text("a", "allow", "{ action: [change, fs.read] }"))
      const policy = yield* Effect.provide(
        Policy,
        Yaml.layer({
          project,
          sealed: [join(project, "kernel")],
          directories: [{ layer: "user", directory: join(project, "rules") }]
        })
      )
      const ask = (action: "change" | "fs.read", path: string) =>
        policy.decide({ action, phase: "coding", mode: "strict", path })
      assert.strictEqual((yield* ask("change", "src/a.ts")).effect, "allow")
      assert.strictEqual((yield* ask("change", "rules/b.yaml")).layer, "builtin")
      assert.strictEqual((yield* ask("fs.read", "rules/a.yaml")).effect, "allow")
      assert.strictEqual((yield* ask("fs.read", "kernel/audit.db")).layer, "builtin")
    }))

  it.scoped("follows a link of the person's own, never one of a project", () =>
    Effect.gen(function*() {
      const target = yield* folder({ "a.yaml": text("a", "deny") })
      const linked = yield* temporary
      symlinkSync(join(target, "a.yaml"), join(linked, "l.yaml"))
      assert.deepStrictEqual(names(yield* load(linked)), ["a"])
      assert.include((yield* Effect.flip(load(linked, "project"))).problem, "symbolic link")
      const folderLink = join(linked, "policies")
      symlinkSync(target, folderLink)
      assert.include((yield* Effect.flip(load(folderLink, "project"))).problem, "symbolic link")
    }))

  it.scoped("refuses a FIFO at once, a folder, a device, and a link to nothing", () =>
    Effect.gen(function*() {
      const fifo = yield* temporary
      execFileSync(makeFifo, [join(fifo, "a.yaml")])
      assert.include((yield* Effect.flip(load(fifo, "project"))).problem, "not a regular file")
      const directory = yield* temporary
      mkdirSync(join(directory, "a.yaml"))
      assert.include((yield* Effect.flip(load(directory))).problem, "not a regular file")
      const device = yield* temporary
      symlinkSync("/dev/zero", join(device, "a.yaml"))
      assert.include((yield* Effect.flip(load(device))).problem, "not a regular file")
      const dangling = yield* temporary
      symlinkSync("/nowhere/at/all", join(dangling, "a.yaml"))
      assert.include((yield* Effect.flip(load(dangling))).problem, "ENOENT")
    }))

  it.scoped("refuses a file that is too large or not UTF-8, and a folder that is a file", () =>
    Effect.gen(function*() {
      const large = yield* folder({ "a.yaml": `version: 1\nrules: []\n#${"x".repeat(1024 * 1024)}` })
      assert.include((yield* Effect.flip(load(large))).problem, "larger than 1 MiB")
      const binary = yield* folder({ "a.yaml": Uint8Array.from([0x76, 0xff, 0xfe]) })
      assert.include((yield* Effect.flip(load(binary))).problem, "not UTF-8")
      const error = yield* Effect.flip(load(join(binary, "a.yaml")))
      assert.include(error.problem, "ENOTDIR")
    }))

  it.scoped("refuses a hostile file name, and keeps its control characters out of the message", () =>
    Effect.gen(function*() {
      const directory = yield* folder({ "\u001b[2J.yaml": "nonsense" })
      const error = yield* Effect.flip(load(directory, "project"))
      assert.include(error.problem, "control character")
      assert.notInclude(error.message, "\u001b")
    }))

  it.scoped("refuses a folder of more than 4 MiB", () =>
    Effect.gen(function*() {
      const large = `version: 1\nrules: []\n#${"x".repeat(1000 * 1024)}`
      const files = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`${name}.yaml`, large]))
      assert.include((yield* Effect.flip(load(yield* folder(files), "project"))).problem, "more than 4 MiB")
      const { "a.yaml": _, ...fewer } = files
      assert.lengthOf((yield* load(yield* folder(fewer), "project")).files, 4)
    }))

  it.scoped("reads no rules of the user's that anyone could have written, and says how to mend it", () =>
    Effect.gen(function*() {
      const home = yield* temporary
      const directory = join(home, "policies")
      mkdirSync(directory)
      const file = join(directory, "a.yaml")
      writeFileSync(file, text("a", "allow"))
      for (const open of [home, directory, file]) {
        const { mode } = statSync(open)
        chmodSync(open, mode | 0o002)
        const error = yield* Effect.flip(load(directory))
        assert.strictEqual(error.problem, `everyone may write it; type: chmod o-w ${open}`)
        assert.strictEqual(error.file, open)
        assert.deepStrictEqual(names(yield* load(directory, "shipped")), ["a"])
        chmodSync(open, mode)
        assert.deepStrictEqual(names(yield* load(directory)), ["a"])
      }
      chmodSync(home, 0o1777)
      assert.deepStrictEqual(names(yield* load(directory)), ["a"])
    }))
})
