import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, ManagedRuntime } from "effect"
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe as line } from "../../src/domain/Change.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import { Sandbox } from "../../src/Sandbox.ts"
import { Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { type CommandChanges, commandChanges, maxFileBytes } from "../support/commandChanges.ts"
import { git, temporary, temporaryOnDisk } from "../support/diskProject.ts"
import { digest, makeTree } from "../support/mutations.ts"
import { type Runtime, runtimes } from "../support/runtimes.ts"
import { command, isRoot, text } from "../support/sandbox.ts"

const empty = { changes: [], ignored: [], forbidden: [] }

/** A project of the runtime's user, and a copy for running the command without a sandbox. */
const world = ({ user }: Runtime) =>
  Effect.zipWith(temporaryOnDisk, temporary, (directory, scratch) => {
    const project = join(directory, "project")
    const native = join(directory, "native")
    mkdirSync(project)
    makeTree(project)
    writeFileSync(join(project, ".gitignore"), "ignored/\n")
    git(project, "init", "-q", "--template=")
    cpSync(project, native, { recursive: true, verbatimSymlinks: true })
    execFileSync("chmod", ["711", directory])
    execFileSync("chown", ["-Rh", `${user.uid}:${user.gid}`, project])
    return { project, native, scratch, state: join(directory, "state"), base: digest(project) }
  })

const runs = (
  sandbox: Sandbox["Type"],
  runtime: Runtime,
  { changes, forbidden = [], ignored = [], script }: CommandChanges
) =>
  Effect.gen(function*() {
    const { base, native, project, scratch, state } = yield* world(runtime)
    yield* Effect.gen(function*() {
      const session = SessionId.make("s-changes")
      const stage = yield* Effect.flatMap(
        Workspace,
        (workspace) => workspace.open({ project, session, secrets: [], maxFileBytes })
      )
      const { exitCode, stderr } = yield* sandbox.run(command(["sh", "-c", script], {
        cwd: project,
        mounts: yield* stage.mounts,
        user: stage.user
      }))
      assert.deepStrictEqual([exitCode, text(stderr)], [0, ""])
      const set = yield* stage.scan
      assert.deepStrictEqual({
        changes: set.changes.map(line),
        ignored: set.ignored.map(String),
        forbidden: set.forbidden.map(({ path, why }) => `${path}: ${why}`)
      }, { changes, ignored, forbidden })
      if (forbidden.length === 0) {
        execFileSync("sh", ["-c", script], { cwd: native, stdio: "ignore" })
        execFileSync("chmod", ["-R", "u+rwX", native, stage.root])
        assert.deepStrictEqual(digest(stage.root), digest(native))
      }
      yield* stage.reject(set)
      assert.deepStrictEqual(digest(stage.root), base)
      assert.deepStrictEqual(yield* stage.scan, empty)
      assert.deepStrictEqual(digest(project), base)
    }).pipe(Effect.provide(Disk.layer({ state, scratch })))
  })

for (const runtime of runtimes.filter(({ user }) => !isRoot || user.uid !== 0)) {
  describe(`the change set of a command on ${runtime.name}`, () => {
    const kernel = ManagedRuntime.make(runtime.layer)
    beforeAll(() => Effect.runPromise(runtime.prepare), 120_000)
    afterAll(() => kernel.dispose())

    describe.concurrent("is exact when it", () => {
      for (const one of commandChanges) {
        it(
          one.name,
          () => kernel.runPromise(Effect.scoped(Effect.flatMap(Sandbox, (sandbox) => runs(sandbox, runtime, one)))),
          120_000
        )
      }
    })
  })
}
