// npm run demo: a throw-away project from red to green with a recorded model, after whatever set-up is still missing.
import { spawn } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { root, setup } from "./setup.mjs"

setup({ sandbox: "needed" })
const child = spawn(process.execPath, [join(root, "dist", "bin.js"), "demo", ...process.argv.slice(2)], {
  stdio: "inherit"
})
// The terminal sends Ctrl-C to the child as well; its exit code is the one to report.
process.on("SIGINT", () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? code : 130
})
