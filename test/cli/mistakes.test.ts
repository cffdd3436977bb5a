import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fluffy } from "../support/fluffy.ts"
import { javascript, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"

const bin = join(import.meta.dirname, "../../dist/bin.js")
const timeout = 60_000

describe("a mistake", () => {
  it.scopedLive.each([
    { args: ["do it"], exitCode: 2 },
    { args: ["tool", "fs.exists", "{\"path\":\"a\"}", "--mode", "debug"], exitCode: 2 },
    { args: ["policy", "revoke", "g-0123456789ab"], exitCode: 2 },
    { args: ["audit", "log"], exitCode: 0 }
  ])("leaves nothing behind: fluffy $args", ({ args, exitCode }) =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const home = yield* makeProject({ "README.md": "a home\n" })
      const ran = yield* fluffy(args, { cwd: project, env: { XDG_CONFIG_HOME: home } })
      assert.strictEqual(ran.exitCode, exitCode, ran.stderr)
      assert.notInclude(readdirSync(project), ".fluffy")
    }), timeout)

  it.scopedLive.each(
    [
      ["/nonexistent", "Cannot use /nonexistent: temporary files cannot be made there"],
      [".", "Cannot use TMPDIR: it must be an absolute path"]
    ] as const
  )("in TMPDIR (%s) is told before anything begins", ([TMPDIR, told]) =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      for (
        const args of [["exec", "true"], ["tool", "fs.exists", "{\"path\":\"a\"}"], ["demo"], [
          "--model",
          "x/y",
          "do it"
        ]]
      ) {
        const ran = yield* fluffy(args, { cwd: project, env: { TMPDIR } })
        assert.deepStrictEqual([ran.exitCode, ran.stdout], [2, ""], ran.stderr)
        assert.include(ran.stderr, told)
      }
      assert.notInclude(readdirSync(project), ".fluffy")
    }), timeout)

  it("is to work in a folder that was removed", () => {
    const cwd = mkdtempSync(join(tmpdir(), "fluffy-gone-"))
    const line = `rmdir "${cwd}"; exec "${process.execPath}" "${bin}" session list`
    const { status, stderr } = spawnSync("sh", ["-c", line], { cwd, env: { HOME: "/nonexistent" }, encoding: "utf8" })
    assert.strictEqual(status, 2, stderr)
    assert.include(stderr, "Cannot use the current folder: it was removed")
  })
})

describe.skipIf(!requireRuntime("bubblewrap"))("fluffy doctor", () => {
  it.scopedLive.each([
    { name: "project", path: ".fluffy/config.yaml", content: "modle: x\n", told: "unknown key \"modle\"" },
    { name: "policy", path: ".fluffy/policies/a.yaml", content: "version: 1\nrules: 7\n", told: "Cannot load policy" }
  ])("says that nothing runs with a broken $path", ({ content, name, path, told }) =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      mkdirSync(dirname(join(project, path)), { recursive: true })
      writeFileSync(join(project, path), content)
      const ran = yield* fluffy(["doctor"], { cwd: project })
      assert.strictEqual(ran.exitCode, 2, ran.stdout)
      assert.match(ran.stdout, new RegExp(`^needed +${name} .*${told}`, "m"))
      assert.match(ran.stdout, new RegExp(`^Fluffy cannot work here until this is mended: ${name}\\.$`, "m"))
      assert.strictEqual((yield* fluffy(["exec", "true"], { cwd: project })).exitCode, 2)
    }), timeout)

  it.scopedLive(
    "lines up what it says, and tells what would help where no tests are found",
    () =>
      Effect.gen(function*() {
        const project = yield* makeProject({ "README.md": "# nothing to run\n" })
        const { stdout } = yield* fluffy(["doctor"], { cwd: project })
        const rows = stdout.split("\n").filter((line) => /^(ok|needed|optional) /.test(line))
        assert.isAbove(rows.length, 8)
        for (const row of rows) assert.match(row, /^(ok {6}|needed {2}|optional) {2}[a-z]{3,10} {2,}(?<=^.{22})\S/)
        assert.match(stdout, /^optional {2}tests +no test runner was found\n +mend: Write a test file first/m)
      }),
    timeout
  )
})
