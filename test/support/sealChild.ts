// As root: keeps a layer made by another user, who tries before each step to put a link to somebody else's folder in the place of what the
// step is about. A program of its own; prints how often that worked.
import { Effect } from "effect"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { join } from "node:path"
import { onDisk } from "../../src/Router/deps/layersOnDisk.ts"

const [directory = "", key = "", victim = ""] = process.argv.slice(2)
const user = { uid: 65_534, gid: 65_534 }
const { renameSync, symlinkSync } = fs

const asUser = (work: () => void) => {
  process.setegid!(user.gid)
  process.seteuid!(user.uid)
  try {
    work()
  } finally {
    process.seteuid!(0)
    process.setegid!(0)
  }
}

let tried = 0
let worked = 0
const attack = (path: string) => {
  tried++
  try {
    asUser(() => {
      renameSync(path, `${path}.old`)
      symlinkSync(victim, path)
    })
    worked++
  } catch {
    // It is not theirs to change.
  }
}

const hooked = /^(lchown|chmod|readdir|rename|unlink|rmdir|writeFile|mkdir|readlink)Sync$/
const module = fs as unknown as Record<string, (...args: Array<unknown>) => unknown>
let attacking = false
for (const [name, call] of Object.entries(module)) {
  if (!hooked.test(name)) continue
  module[name] = (...args) => {
    if (attacking) attack(String(args[0]))
    return call.apply(module, args)
  }
}
syncBuiltinESMExports()

process.setgroups!([])
const layers = onDisk(directory)
await Effect.gen(function*() {
  const work = yield* layers.workplace(user, [{ path: "package.json", bytes: Buffer.from("{}") }])
  asUser(() => {
    for (const tree of ["node_modules", "packages/one/node_modules"]) {
      fs.mkdirSync(join(work.folder, tree, "tiny"), { recursive: true, mode: 0o777 })
      fs.writeFileSync(join(work.folder, tree, "tiny/index.js"), "1\n")
    }
  })
  attacking = true
  return yield* layers.keep(key, work, ["node_modules", "packages/one/node_modules"], [])
}).pipe(Effect.scoped, Effect.runPromise)
process.stdout.write(`${tried} ${worked}\n`)
