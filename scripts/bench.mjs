// npm run bench: every bench/*.ts that exports `run`, one after the other, each in a process of its own; then one table.
// Names after `--` pick some; `--strict` exits 1 when a bar is missed.
import { fork } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { basename, join } from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { root, setup } from "./setup.mjs"

const typescript = { cwd: root, execArgv: ["--import", "tsx"] }

/** In the child: runs one module and sends its rows, or null where it measures nothing. */
const measure = async (file) => {
  const { run } = await import(pathToFileURL(file).href)
  process.send(run === undefined ? null : await run(), () => process.disconnect())
}

const rowsOf = async (file) => {
  const child = fork(import.meta.filename, ["--measure", file], typescript)
  const sent = []
  child.on("message", (rows) => sent.push(rows))
  const [code] = await once(child, "exit")
  if (code !== 0 || sent.length === 0) throw new Error(`bench/${basename(file)} ended with ${code} and no figures`)
  return sent[0]
}

/** In the parent, once tsx is there to load report.ts: runs the chosen modules and prints the table. */
const main = async (args) => {
  const { tsImport } = await import("tsx/esm/api")
  const { print } = await tsImport("../bench/report.ts", import.meta.url)
  const names = args.filter((argument) => !argument.startsWith("--"))
  const rows = []
  for (const name of readdirSync(join(root, "bench")).filter((file) => file.endsWith(".ts")).toSorted()) {
    if (names.length > 0 && !names.includes(name.replace(/\.ts$/, ""))) continue
    const start = performance.now()
    const measured = await rowsOf(join(root, "bench", name))
    if (measured === null) continue
    rows.push(...measured)
    process.stderr.write(`bench/${name} ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
  }
  if (rows.length === 0) {
    process.stderr.write(`Nothing was measured: no module in bench/ is named ${names.join(" or ")} and exports run\n`)
    process.exitCode = 2
    return
  }
  const met = print(rows)
  process.exitCode = args.includes("--strict") && !met ? 1 : 0
}

const [flag, file] = process.argv.slice(2)
if (flag === "--measure") await measure(file)
else {
  setup({ sandbox: "wanted" })
  await main(process.argv.slice(2))
}
