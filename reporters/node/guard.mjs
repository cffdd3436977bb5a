// Loaded before anything else into the process of one test file: has node:test take up its reporter, then lets the project's code in.
import { createRequire } from "node:module"
import { join } from "node:path"
import { after } from "node:test"
import { isMainThread } from "node:worker_threads"
import { told, watching } from "./lines.mjs"

const require = createRequire(import.meta.url)

if (isMainThread) {
  // A hook makes node:test start its reporters.
  after(() => {})
  await watching
  require("../harden.cjs")()
  // What the tests start by themselves is no test file of the runner's.
  process.execArgv.splice(0, process.execArgv.length, ...told.execArgv)
  if (told.nodeOptions !== null) process.env.NODE_OPTIONS = told.nodeOptions
  const projectRequire = createRequire(join(process.cwd(), "require.cjs"))
  for (const module of told.requires) projectRequire(module)
}
