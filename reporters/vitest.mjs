// Reporter of vitest for Fluffy's kernel: vitest's own JSON report as one sealed line. See seal.cjs.
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const { readInput, sealer } = createRequire(import.meta.url)("./seal.cjs")
const write = sealer(readInput().trim(), 1)

const path = createRequire(join(process.cwd(), "package.json")).resolve("vitest/reporters")
const { JsonReporter } = await import(pathToFileURL(path).href)

export default class extends JsonReporter {
  constructor() {
    super({})
  }

  async writeReport(report) {
    write(JSON.parse(report))
  }
}
