// Keeps a layer and, at the n-th call of the file system, kills itself: a program of its own.
import { Effect } from "effect"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { onDisk } from "../../src/Router/deps/layersOnDisk.ts"

const [directory = "", key = "", at = "0"] = process.argv.slice(2)
let calls = 0

const module = fs as unknown as Record<string, (...args: Array<unknown>) => unknown>
for (const [name, call] of Object.entries(module)) {
  if (!/^(write(File)?|rename|unlink|mkdir|mkdtemp|rmdir|chmod|lchown|chown|utimes)Sync$/.test(name)) continue
  module[name] = (...args) => {
    if (++calls === Number(at)) process.kill(process.pid, "SIGKILL")
    return call.apply(module, args)
  }
}
syncBuiltinESMExports()

const layers = onDisk(directory)
const user = { uid: process.getuid!(), gid: process.getgid!() }
await Effect.gen(function*() {
  const work = yield* layers.workplace(user, [{ path: "package.json", bytes: Buffer.from("{}") }])
  fs.mkdirSync(join(work.folder, "node_modules/tiny"), { recursive: true })
  fs.writeFileSync(join(work.folder, "node_modules/tiny/index.js"), "1\n")
  return yield* layers.keep(key, work, ["node_modules"], [])
}).pipe(Effect.scoped, Effect.runPromise)
process.stdout.write(`${calls}\n`)
