// npm run format: formats what dprint.json includes, by dprint's plugin run in Node: dprint's native package does not exist for
// every platform. `--check` only names the files that are not formatted; paths narrow it to those files.
import { createFromBuffer } from "@dprint/formatter"
import { getPath } from "@dprint/typescript"
import { readFileSync, writeFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import process from "node:process"
import { files } from "./files.mjs"
import { root } from "./setup.mjs"

const { excludes, includes, plugins: _, typescript, ...global } = JSON.parse(
  readFileSync(join(root, "dprint.json"), "utf8")
)
const formatter = createFromBuffer(readFileSync(getPath()))
formatter.setConfig(global, typescript)
const wrong = formatter.getConfigDiagnostics()
if (wrong.length > 0) throw new Error(`dprint.json: ${JSON.stringify(wrong)}`)

const check = process.argv.includes("--check")
const asked = process.argv.slice(2).filter((argument) => argument !== "--check").map((file) =>
  relative(root, resolve(file))
)
const chosen = files(includes, excludes).filter((file) =>
  asked.length === 0 || asked.some((path) => path === "" || file === path || file.startsWith(`${path}/`))
)
if (chosen.length === 0) throw new Error(`Nothing to format in ${asked.join(", ")}`)

const changed = chosen.filter((file) => {
  const path = join(root, file)
  const text = readFileSync(path, "utf8")
  const formatted = formatter.formatText({ filePath: path, fileText: text })
  if (formatted === text) return false
  if (!check) writeFileSync(path, formatted)
  return true
})
for (const file of changed) process.stdout.write(`${check ? "not formatted: " : "formatted "}${file}\n`)
if (check && changed.length > 0) {
  process.stdout.write("npm run format formats them\n")
  process.exitCode = 1
}
