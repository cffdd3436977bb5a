// Part of the build: runs the demo once from a bundle folder and keeps what V8 compiled for it, for the next starts.
import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import process from "node:process"
import { Script } from "node:vm"

const file = join(process.argv[2], "main.cjs")
// The same text, read the same way, as src/cli/load.ts does: V8 asks for that.
const script = new Script(readFileSync(file, "latin1"), { filename: file })
const module = { exports: {} }
script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))

// Where no sandbox is, the demo ends early and less is warm; the build goes well all the same.
process.on("exit", () => {
  writeFileSync(join(process.argv[2], `main.${process.versions.v8}.${process.arch}.cache`), script.createCachedData())
  process.exitCode = 0
})
process.exit = new Proxy(process.exit, { apply: (exit, self) => Reflect.apply(exit, self, [0]) })
process.stdout.write = () => true
process.stderr.write = () => true
module.exports.main({ name: "demo", flags: {}, operands: [] })
