// Reporter of mocha for Fluffy's kernel, loaded by --require too, so that a test file that cannot be loaded is reported as well:
// mocha itself then stops before any reporter exists. One sealed JSON line per test, then {"end":true}.
"use strict"
const { resolve } = require("node:path")
const harden = require("./harden.cjs")
const { readInput, sealer } = require("./seal.cjs")

const maxMessage = 4_000
const write = sealer(readInput().trim(), 1)
harden()

const loaded = (suffix) => {
  const key = Object.keys(require.cache).find((name) => name.replaceAll("\\", "/").endsWith(suffix))
  return key === undefined ? undefined : require.cache[key].exports
}

const messageOf = (error) => String(error?.stack ?? error?.message ?? error).slice(0, maxMessage)

const loader = loaded("/mocha/lib/nodejs/esm-utils.js")
if (loader !== undefined && !loader.fluffy) {
  const load = loader.requireOrImport
  loader.fluffy = true
  loader.requireOrImport = async (file, ...rest) => {
    try {
      return await load(file, ...rest)
    } catch (error) {
      write({ file: resolve(file), name: "(file)", status: "error", message: messageOf(error) })
      write({ end: true })
      throw error
    }
  }
}

const Spec = loaded("/mocha/lib/reporters/spec.js") ?? class {}

module.exports = class extends Spec {
  constructor(runner, options) {
    super(runner, options)
    const titles = (test) => typeof test.titlePath === "function" ? test.titlePath().join(" > ") : test.fullTitle()
    const report = (status) => (test, error) =>
      write({
        file: test.file ?? test.parent?.file ?? null,
        name: titles(test),
        status,
        ...(error === undefined ? {} : { message: messageOf(error) })
      })
    runner.on("pass", report("passed"))
    runner.on("fail", report("failed"))
    runner.on("pending", report("skipped"))
    runner.once("end", () => write({ end: true }))
  }
}
