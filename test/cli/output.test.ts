import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { makeProject } from "../support/project.ts"

const bin = join(import.meta.dirname, "../../dist/bin.js")

/** Runs a line of shell in a project, where `fluffy` is the built program. */
const shell = (line: string) =>
  Effect.map(makeProject({ "README.md": "# a project\n" }), (cwd) => {
    const script = `fluffy() { "${process.execPath}" "${bin}" "$@"; }\n${line}`
    const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", NO_COLOR: "1" }
    const { status, stderr, stdout } = spawnSync("sh", ["-c", script], { cwd, env, encoding: "utf8" })
    return { exitCode: status, stdout, stderr }
  })

/** Waits for the reader to be gone, then runs a command and prints its exit code where it can be read. */
const intoNobody = (command: string) =>
  `(trap '' PIPE; until ! printf x 2>/dev/null; do :; done; ${command}; echo "$?" >&2) | :`

describe("standard output", () => {
  it.scopedLive.each([["--help"], ["--version"], ["policy check"], ["policy test"]])(
    "of fluffy %s may have lost its reader",
    ([command]) =>
      Effect.gen(function*() {
        const { stderr } = yield* shell(intoNobody(`fluffy ${command}`))
        assert.strictEqual(stderr, "0\n")
      }),
    120_000
  )

  it.scopedLive.each([["--help"], ["--version"], ["policy check"], ["policy explain fs.read"], ["policy test --json"]])(
    "of fluffy %s that is lost on a full disk is never a success",
    ([command]) =>
      Effect.gen(function*() {
        const { exitCode, stderr } = yield* shell(`fluffy ${command} >/dev/full`)
        assert.strictEqual(exitCode, 1, stderr)
        assert.match(stderr, /^fluffy: Standard output cannot be written \(ENOSPC\)[^\n]*\n$/)
      }),
    120_000
  )
})
