import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { canonical } from "../src/Audit/canonical.ts"
import * as Sqlite from "../src/internal/Sqlite.ts"
import { fluffy, type Ran } from "./support/fluffy.ts"
import { makeModelServer, says, text } from "./support/ModelServer.ts"
import { contents, javascript, makeProject } from "./support/project.ts"
import { requireRuntime } from "./support/require.ts"

const sandboxed = requireRuntime("bubblewrap")
const timeout = 60_000
const bin = join(import.meta.dirname, "../dist/bin.js")
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"))

const write = (project: string, path: string, content: string) => {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), content)
}

const assertEnded = (ran: Ran, exitCode: number, stderr: string) => {
  assert.strictEqual(ran.exitCode, exitCode, ran.stdout + ran.stderr)
  assert.include(ran.stderr, stderr)
}

describe("the built command", () => {
  it.live("answers --version and --help anywhere, at once", () =>
    Effect.gen(function*() {
      const asked = yield* fluffy(["--version"], { cwd: "/" })
      assert.deepStrictEqual([asked.exitCode, asked.stdout, asked.stderr], [0, `${version}\n`, ""])
      const help = yield* fluffy(["--help"], { cwd: "/" })
      assert.strictEqual(help.exitCode, 0)
      assert.match(help.stdout, /fluffy doctor/)
    }))

  it.live.each([
    { args: [], stderr: "Exit codes:" },
    { args: ["audt"], stderr: "Did you mean: fluffy audit" },
    { args: ["--mode", "lose", "do it"], stderr: "--mode does not know \"lose\"" },
    { args: ["\x1b[2Jx"], stderr: "\"\\u001b[2Jx\"" }
  ])("ends with 2 and prints nothing for $args", ({ args, stderr }) =>
    Effect.gen(function*() {
      const ran = yield* fluffy(args, { cwd: "/" })
      assertEnded(ran, 2, stderr)
      assert.strictEqual(ran.stdout, "")
    }))

  it.scopedLive("ends with 2 where there is no project, no model, or a wrong setting", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      assertEnded(yield* fluffy(["do it"], { cwd: "/" }), 2, "Cannot use /: it holds far more than a project")
      assertEnded(yield* fluffy(["do it"], { cwd: project, env: { HOME: project } }), 2, "it is your home directory")
      assertEnded(yield* fluffy(["do it"], { cwd: project }), 2, "No model is chosen. Give --model")
      assertEnded(yield* fluffy(["--model", "gpt", "do it"], { cwd: project }), 2, "a model is named provider/model")
      assertEnded(yield* fluffy(["--model", "openai/x", "do it"], { cwd: project }), 2, "set OPENAI_API_KEY")
      assertEnded(
        yield* fluffy(["session", "list"], { cwd: project, env: { FLUFFY_MODE: "x" } }),
        2,
        "Cannot use FLUFFY_MODE"
      )
      write(project, ".fluffy/config.yaml", "max_turns: 5\nmodle: x\n")
      assertEnded(yield* fluffy(["do it"], { cwd: project }), 2, ".fluffy/config.yaml:2:1: unknown key \"modle\"")
      write(project, ".fluffy/config.yaml", "model: compat/evil\n")
      const refused = yield* fluffy(["do it"], { cwd: project })
      assertEnded(refused, 2, "No model is chosen")
      assert.include(refused.stderr, ".fluffy/config.yaml:1: model is not taken from a project")
    }), timeout)

  it.scopedLive("checks, tests and explains policies", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      assert.match((yield* fluffy(["policy", "check"], { cwd: project })).stdout, /ok +shipped .*default\.yaml/)
      assert.match((yield* fluffy(["policy", "test"], { cwd: project })).stdout, / 0 failed/)
      write(project, "bad.yaml", "version: 1\nrules:\n  - name: x\n    match: { action: fly }\n    effect: allow\n")
      assertEnded(
        yield* fluffy(["policy", "check", "bad.yaml"], { cwd: project }),
        2,
        "bad.yaml:4:22 (rule x): unknown action"
      )
      write(
        project,
        "wrong.yaml",
        "version: 1\nrules:\n  - name: x\n    match: { action: merge }\n    effect: deny\n    examples:\n" +
          "      match: [{ action: merge, path: [a, b] }, { action: change }]\n      no_match: [{ action: merge }]\n"
      )
      const tested = yield* fluffy(["policy", "test", "wrong.yaml"], { cwd: project })
      assertEnded(tested, 2, "")
      assert.match(tested.stdout, /FAILED +user x matches change\nFAILED +user x leaves merge\n4 examples .*, 2 failed/)
      const asJson = yield* fluffy(["policy", "test", "wrong.yaml", "bad.yaml", "--json"], { cwd: project })
      const lines = asJson.stdout.trim().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(lines.map(({ ok }) => ok), [undefined, true, true, false, false])
      assert.deepInclude(lines[0], { line: 4, column: 22, rule: "x" })
      const explained = yield* fluffy(["policy", "explain", "fs.read", "--path", ".env", "--json"], { cwd: project })
      assert.deepInclude(JSON.parse(explained.stdout).decision, { effect: "deny", rule: "secrets-are-not-read" })
      assertEnded(yield* fluffy(["policy", "explain", "fs.raed"], { cwd: project }), 2, "Did you mean: fs.read")
      assertEnded(
        yield* fluffy(["policy", "explain", "fs.read", "--path", "../x"], { cwd: project }),
        2,
        "cannot be used"
      )
      const connect = ["policy", "explain", "network.connect", "--host", "registry.npmjs.org"]
      assert.include((yield* fluffy(connect, { cwd: project })).stdout, "deny by rule default")
      const install = yield* fluffy([...connect, "--tool", "deps.install", "--json"], { cwd: project })
      const { decision, request } = JSON.parse(install.stdout)
      assert.deepInclude(request, { tool: "deps.install", host: "registry.npmjs.org:443" })
      assert.deepInclude(decision, { effect: "allow", rule: "installs-reach-their-registry" })
      for (
        const [args, told] of [
          [["change", "--tool", "fs.wrte"], "Did you mean: fs.write"],
          [["fs.read", "--tool", "fs.write"], "of no other tool"],
          [["network.connect", "--host", "https://a.example"], "The host \"https://a.example\" cannot be used"]
        ] as const
      ) assertEnded(yield* fluffy(["policy", "explain", ...args], { cwd: project }), 2, told)
      assert.deepStrictEqual(contents(project), {
        ...javascript,
        "bad.yaml": readFileSync(join(project, "bad.yaml"), "utf8"),
        "wrong.yaml": readFileSync(join(project, "wrong.yaml"), "utf8")
      })
    }), timeout)

  it.scopedLive("checks, tests, explains and applies extensions", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const env = { XDG_CONFIG_HOME: yield* makeProject({ "README.md": "a home\n" }) }
      const run = (...args: ReadonlyArray<string>) => fluffy(["policy", ...args], { cwd: project, env })
      const rule = `export default ({ path }: { path?: string }) => {
  if (path === "src/spin") for (;;);
  return path === "src/no" ? { effect: "deny", reason: "not this one" } : undefined
}
export const examples = { match: [{ action: "fs.read", path: "src/no" }] }
`
      write(project, ".fluffy/policies/not-that.ts", rule)
      const checked = yield* run("check")
      assert.match(checked.stdout, /ok +project .*not-that\.ts/)
      assert.match(checked.stdout, /, 1 extension, 0 problems/)
      assert.match((yield* run("test")).stdout, /ok +project not-that matches fs\.read "src\/no"/)
      const denied = yield* run("explain", "fs.read", "--path", "src/no")
      assert.include(denied.stdout, "deny by rule not-that (project): not this one")
      assert.match((yield* run("explain", "fs.read", "--path", "src/a")).stdout, /not-that +the extension says nothing/)
      const spun = yield* run("explain", "fs.read", "--path", "src/spin")
      assert.match(spun.stdout, /extensions that failed[^]*timeout +project +not-that: it took longer than 100 ms/)
      const { decision } = JSON.parse((yield* run("explain", "fs.read", "--path", "src/spin", "--json")).stdout)
      assert.deepInclude(decision.failures[0], { extension: "not-that", failure: "timeout" })
      write(project, "mine.js", "export default () => ({ effect: 'deny', reason: 'all of it' })\n")
      assertEnded(yield* run("apply", "mine.js"), 4, "Nothing was changed")
      write(project, "mine.js", "export default () => {\n")
      assertEnded(yield* run("apply", "mine.js"), 2, "mine.js:2:1: SyntaxError")
      assertEnded(yield* run("check", "mine.js"), 2, "mine.js:2:1: SyntaxError")
      write(project, ".fluffy/policies/broken.js", "import 'node:fs'\n")
      assertEnded(yield* run("explain", "fs.read"), 2, "broken.js: an extension imports nothing")
    }), timeout)

  it.scopedLive(
    "puts no rules in force without a person at a terminal, and shows what would change",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        const env = { XDG_CONFIG_HOME: yield* makeProject({ "README.md": "a home\n" }) }
        const read = yield* fluffy(["tool", "fs.read", "{\"path\":\"package.json\"}"], { cwd: project, env })
        assert.strictEqual(read.exitCode, sandboxed ? 0 : 7, read.stderr)
        write(
          project,
          "no-manifests.yaml",
          "version: 1\nrules:\n  - { name: no-manifests, match: { action: fs.read, path: package.json }, effect: deny }\n"
        )
        for (const args of [[], ["--to", "project"]]) {
          const ran = yield* fluffy(["policy", "apply", "no-manifests.yaml", ...args], { cwd: project, env })
          assertEnded(ran, 4, "Nothing was changed: rules are put in force by a person at a terminal")
          if (sandboxed) assert.match(ran.stdout, /\[BREAKING\] allow -> deny {2}fs\.read "package\.json"/)
        }
        const ran = yield* fluffy(["policy", "apply", "no-manifests.yaml", "--json"], { cwd: project, env })
        const told = JSON.parse(ran.stdout)
        assert.deepInclude(told, { applied: false, layer: "user", warnings: [] })
        assert.deepStrictEqual(told.differences.map(({ breaking }: any) => breaking), sandboxed ? [true] : [])
        assertEnded(yield* fluffy(["policy", "apply", "package.json"], { cwd: project, env }), 2, "Rename it")
        assertEnded(
          yield* fluffy(["policy", "apply", "gone.yaml"], { cwd: project, env }),
          2,
          "cannot be read (ENOENT)"
        )
        assert.isFalse(existsSync(join(env.XDG_CONFIG_HOME, "fluffy")))
        assert.isFalse(existsSync(join(project, ".fluffy/policies")))
      }),
    timeout
  )

  it.scopedLive(
    "has nothing to verify where no session ran, and makes no log by looking",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        assertEnded(yield* fluffy(["audit", "verify"], { cwd: project }), 9, "There is no audit log to verify")
        assertEnded(yield* fluffy(["audit", "log"], { cwd: project }), 0, "There is no log yet")
        assertEnded(yield* fluffy(["audit", "export"], { cwd: project }), 2, "no audit log to export")
        assertEnded(yield* fluffy(["session", "list"], { cwd: project }), 0, "No session ran here yet")
        assert.notInclude(readdirSync(project), ".fluffy")
        write(project, ".fluffy/state/audit.db", "shipped by the project")
        assertEnded(yield* fluffy(["audit", "verify"], { cwd: project }), 2, "this Fluffy did not make it")
      }),
    timeout
  )

  it.scopedLive("loads no code of the project it works on", () =>
    Effect.gen(function*() {
      const evil = "process.stderr.write('OWNED\\n'); process.exit(66)\n"
      const names = ["better-sqlite3", "@vscode/ripgrep", "yaml", "effect"]
      const files = names.map((name) => [`node_modules/${name}/index.js`, evil] as const)
      const project = yield* makeProject({
        ...javascript,
        ...Object.fromEntries(files),
        ".fluffy/config.yaml": "max_turns: 5\n"
      })
      const ran = yield* fluffy(["doctor", "--json"], {
        cwd: project,
        env: { NODE_PATH: join(project, "node_modules") }
      })
      assert.notInclude(ran.stderr, "OWNED")
      const found = JSON.parse(ran.stdout).findings.filter(({ name }: { name: string }) =>
        ["search", "sqlite"].includes(name)
      )
      assert.deepStrictEqual(found.map(({ ok }: { ok: boolean }) => ok), [true, true])
    }), timeout)
})

describe.skipIf(!sandboxed)("the built command, with a sandbox", () => {
  it.scopedLive("finds in doctor what is usable, and names no key", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const ran = yield* fluffy(["doctor"], { cwd: project, env: { OPENAI_API_KEY: "sk-very-secret" } })
      assert.strictEqual(ran.exitCode, 0, ran.stdout)
      for (const name of ["node", "git", "sqlite", "sandbox", "state", "tests"]) {
        assert.match(ran.stdout, new RegExp(`^ok +${name}`, "m"))
      }
      assert.match(ran.stdout, /^ok +sandbox +bubblewrap \(taken by auto: no image is named\): /m)
      assert.include(ran.stdout, "OPENAI_API_KEY is set")
      assert.include(ran.stdout, "export ANTHROPIC_API_KEY=")
      assert.notInclude(ran.stdout, "very-secret")
      assert.notInclude(readdirSync(project), ".fluffy")
      const none = yield* fluffy(["doctor"], {
        cwd: project,
        env: { FLUFFY_SANDBOX: "docker", DOCKER_HOST: "unix:///nonexistent.sock" }
      })
      assert.strictEqual(none.exitCode, 7, none.stdout)
    }), timeout)

  it.scopedLive(
    "runs one command with its own output and exit code, and drops what it changed",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        const script = "printf 'a\\033[2J\\377'; echo err >&2; echo x > new.txt; rm README.md; exit 3"
        const ran = yield* fluffy(["exec", "sh", "-c", script], { cwd: project })
        assert.strictEqual(ran.exitCode, 3)
        assert.strictEqual(ran.stdout, "a\x1b[2J\ufffd")
        assert.include(ran.stderr, "err\n")
        assert.include(ran.stderr, "  D README.md\n  A new.txt\n")
        assert.deepStrictEqual(contents(project), { ...javascript })
        assertEnded(
          yield* fluffy(["exec", "--timeout", "500ms", "--", "sleep", "20"], { cwd: project }),
          143,
          "it took too long"
        )
        assertEnded(
          yield* fluffy(["exec", "sudo", "ls"], { cwd: project }),
          5,
          "Refused by policy (rule no-privileges)"
        )
        assert.strictEqual((yield* fluffy(["exec", "no-such-program"], { cwd: project })).exitCode, 127)
      }),
    timeout
  )

  it.scopedLive("makes one tool call through the gates", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const tool = (...args: ReadonlyArray<string>) => fluffy(["tool", ...args], { cwd: project })
      const read = yield* tool("fs.read", "{\"path\": \"src/sums.js\"}")
      assert.deepStrictEqual([read.exitCode, read.stdout.includes("export const add")], [0, true])
      assertEnded(yield* tool("fs.read", "{\"path\": \".env\"}"), 5, "refused by policy secrets-are-not-read")
      assertEnded(
        yield* tool("fs_write", "{\"path\": \"src/a.js\", \"content\": \"\"}"),
        5,
        "refused by phase planning"
      )
      assertEnded(yield* tool("fs.read", "{\"path\": \"nope\"}"), 1, "failed")
      assertEnded(yield* tool("fs.raed", "{}"), 2, "Did you mean: fs.read")
      assertEnded(yield* tool("fs.read", "[1]"), 2, "no JSON object")
      const json = yield* tool("--json", "fs.exists", "{\"path\": \"README.md\"}")
      assert.deepInclude<unknown>(json.events.at(-1), { type: "tool.result", outcome: "ok" })
    }), timeout)

  it.scopedLive(
    "shows, exports and verifies its log, and names the entry that was altered",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        const run = (...args: ReadonlyArray<string>) => fluffy(args, { cwd: project })
        yield* run("exec", "true")
        yield* run("exec", "echo", "\x1b[2J")
        const all = (yield* run("audit", "log", "--json")).stdout.trim().split("\n").map((line) => JSON.parse(line))
        assert.deepStrictEqual(all.map(({ action }) => action), [
          "exec.started",
          "exec.finished",
          "exec.started",
          "exec.finished"
        ])
        const shown = (yield* run("audit", "log", "--last", "2")).stdout
        assert.strictEqual(shown.trim().split("\n").length, 2)
        assert.notInclude(shown, "\x1b")
        const ofOne = (yield* run("audit", "log", "--session", all[0].session)).stdout
        assert.strictEqual(ofOne.trim().split("\n").length, 2)
        assert.match((yield* run("session", "list")).stdout, /explore +- +exec echo .*\n.* - +exec true\n$/)
        assertEnded(yield* run("audit", "log", "--session", "s-unknown"), 2, "No session s-unknown is in the log")
        assert.match((yield* run("session", "show", all[0].session)).stdout, /exec\.started/)
        assertEnded(yield* run("session", "show", "s-unknown"), 2, "No session s-unknown ran here")
        assert.match((yield* run("audit", "verify")).stdout, /^ok  4 entries, 1 segment/)

        yield* run("audit", "export", "--output", "log.jsonl")
        assertEnded(yield* run("audit", "export", "--output", "log.jsonl"), 2, "log.jsonl exists already")
        let prev = "0".repeat(64)
        for (const line of readFileSync(join(project, "log.jsonl"), "utf8").trim().split("\n")) {
          const { hash, ...entry } = JSON.parse(line)
          assert.strictEqual(entry.prev, prev)
          assert.strictEqual(createHash("sha256").update(canonical(entry)).digest("hex"), hash)
          prev = hash
        }

        const sql = yield* Sqlite.open(join(project, ".fluffy/state/audit.db"))
        const tables = yield* sql.unsafe("SELECT name FROM sqlite_schema WHERE sql LIKE '%payload%'").values
        yield* sql.unsafe(`UPDATE ${String(tables[0]![0])} SET payload = replace(payload, 'echo', 'ls') WHERE seq = 3`)
          .raw
        const broken = yield* run("audit", "verify")
        assertEnded(broken, 9, "broken  entry 3: hash mismatch")
        assert.strictEqual(JSON.parse((yield* run("audit", "verify", "--json")).stdout).broken[0].seq, 3)
      }),
    timeout
  )

  it.scopedLive("ends well when the reader of its output has seen enough", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      yield* fluffy(["exec", "true"], { cwd: project })
      const child = spawn(process.execPath, [bin, "audit", "log"], { cwd: project, stdio: ["ignore", "pipe", "pipe"] })
      child.stdout.destroy()
      let stderr = ""
      child.stderr.on("data", (chunk) => (stderr += chunk))
      const [code] = yield* Effect.promise(() => once(child, "close"))
      assert.deepStrictEqual([code, stderr], [0, ""])
    }), timeout)

  it.scopedLive.each([["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const)(
    "ends a session on %s with %d, cleanly",
    ([signal, exitCode]) =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        const server = yield* makeModelServer(
          "compat",
          () => says({ call: { name: "shell.exec", args: { command: "sleep", args: ["30"] } } })
        )
        const ran = yield* fluffy([...server.args, "--json", "--no-input", "add multiply"], {
          cwd: project,
          env: server.env,
          onLine: (line, kill) => line.includes("tool.started") && kill(signal)
        })
        assertEnded(ran, exitCode, "Interrupted: ending cleanly")
        assert.deepInclude<unknown>(ran.events.at(-1), {
          type: "session.finished",
          outcome: "interrupted",
          exitCode: 130
        })
        assert.deepStrictEqual(contents(project), { ...javascript })
        const listed = yield* fluffy(["audit", "log"], { cwd: project })
        assert.include(listed.stdout, "session.interrupted")
        assert.strictEqual((yield* fluffy(["audit", "verify"], { cwd: project })).exitCode, 0)
      }),
    timeout
  )

  it.scopedLive("prints nothing but events on standard output with --json", () =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const server = yield* makeModelServer("compat", [says(text("It adds.\x1b[2J\u202e"))])
      write(project, ".fluffy/config.yaml", "max_turns: 5000\n")
      const ran = yield* fluffy([...server.args, "--json", "--mode", "explore", "what is it?"], {
        cwd: project,
        env: server.env
      })
      assert.strictEqual(ran.exitCode, 0, ran.stderr)
      assert.include(ran.stderr, "warning: ")
      const lines = ran.stdout.trimEnd().split("\n")
      assert.strictEqual(lines.length, ran.events.length)
      assert.notMatch(ran.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    }), timeout)

  it.scopedLive(
    "demonstrates the whole loop without key or network, and leaves nothing behind",
    () =>
      Effect.gen(function*() {
        const temporary = yield* makeProject({ "a.txt": "" })
        const ran = yield* fluffy(["demo"], { cwd: "/", env: { TMPDIR: temporary } })
        assert.strictEqual(ran.exitCode, 0, ran.stdout + ran.stderr)
        const order = [
          "refused  fs.write src/basket.js",
          "  RED ",
          "  GREEN ",
          "What reached the project:",
          "+export const discounted",
          "verified: the chain"
        ]
        const places = order.map((part) => ran.stdout.indexOf(part))
        assert.deepStrictEqual(places, places.toSorted((a, b) => a - b))
        assert.isTrue(places.every((place) => place >= 0), ran.stdout)
        assert.deepStrictEqual(readdirSync(temporary), [".git", "a.txt"])
      }),
    timeout
  )
})
