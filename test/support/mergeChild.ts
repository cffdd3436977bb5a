// Merges a session's changes and, at the n-th call of the file system after the merge began, kills itself: a program of its own.
import { Effect } from "effect"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { SessionId } from "../../src/domain/SessionId.ts"
import { Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { changeAll } from "./mergeChanges.ts"

const [project = "", state = "", memory = "", at = "0"] = process.argv.slice(2)
let calls = 0
let counting = false

const count = () => {
  if (counting && ++calls === Number(at)) process.kill(process.pid, "SIGKILL")
}

const module = fs as unknown as Record<string, (...args: Array<unknown>) => unknown>
for (const [name, call] of Object.entries(module)) {
  if (
    !name.endsWith("Sync") ||
    !/^(open|close|write|rename|unlink|mkdir|rmdir|symlink|fsync|fchmod|fchown|lchown)Sync$/.test(name)
  ) continue
  module[name] = (...args) => {
    count()
    const result = call.apply(module, args)
    count()
    return result
  }
}
syncBuiltinESMExports()

await Effect.gen(function*() {
  const workspace = yield* Workspace
  const stage = yield* workspace.open({
    project,
    session: SessionId.make("s-child"),
    secrets: [],
    maxFileBytes: 1 << 20
  })
  changeAll(stage.root)
  yield* Effect.flatMap(stage.scan, stage.accept)
  counting = true
  yield* stage.merge
  counting = false
  process.stdout.write(`${calls}\n`)
}).pipe(Effect.scoped, Effect.provide(Disk.layer({ state, memory })), Effect.runPromise)
