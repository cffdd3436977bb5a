// npm run check: types, Effect diagnostics, lint, format, import ranks, unused code, house rules; `--all` adds the packed package.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { root, setup } from "./setup.mjs"

const tool = (name, ...args) => [join(root, "node_modules", ".bin", name), args]
const script = (name, ...args) => [process.execPath, [join(root, "scripts", name), ...args]]

const diagnostics = ["--project", "tsconfig.json", "--strict", "--severity", "error,warning", "--format", "text"]

const checks = [
  ["effect", ...tool("effect-language-service", "diagnostics", ...diagnostics)],
  ["types", ...tool("tsc", "--noEmit", "--project", "tsconfig.json")],
  ["unused", ...tool("knip", "--no-progress", "--treat-config-hints-as-errors")],
  ["imports", ...tool("depcruise", "--config", ".dependency-cruiser.mjs", "--output-type", "err-long", "src")],
  ["lint", ...tool("oxlint", "--deny-warnings")],
  ["format", ...script("format.mjs", "--check")],
  ["house", ...script("house-rules.mjs")],
  ["seccomp", ...script("seccomp.mjs", "--check")]
]

const packed = [
  ["publint", ...tool("publint", "--strict")],
  ["attw", ...tool("attw", "--pack", ".", "--profile", "esm-only", "--no-emoji")]
]

/** Runs one check to its end and prints its line, with its output where it failed. */
const run = async ([name, command, args]) => {
  const start = performance.now()
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] })
  const output = []
  child.stdout.on("data", (chunk) => output.push(chunk))
  child.stderr.on("data", (chunk) => output.push(chunk))
  const [code] = await once(child, "close").catch((error) => (output.push(Buffer.from(String(error))), [1]))
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${code === 0 ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds.padStart(5)} s\n`)
  if (code !== 0) process.stdout.write(`${Buffer.concat(output).toString("utf8").trim().replace(/^/gm, "       ")}\n`)
  return code === 0
}

const all = process.argv.includes("--all")
setup({ build: all, sandbox: "none" })

const queue = all ? [...checks, ...packed] : [...checks]
const results = []
const worker = async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) results.push(await run(next))
}
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, worker))
const failed = results.filter((good) => !good).length
process.stdout.write(
  failed === 0 ? `${results.length} checks passed\n` : `${failed} of ${results.length} checks failed\n`
)
process.exitCode = failed === 0 ? 0 : 1
