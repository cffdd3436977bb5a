// Reporter of jest for Fluffy's kernel: its results as one sealed line, in the shape of jest's own JSON report. See seal.cjs.
"use strict"
const harden = require("./harden.cjs")
const { readInput, sealer } = require("./seal.cjs")

const write = sealer(readInput().trim(), 1)
harden()

const fileOf = (file) => ({
  name: file.testFilePath,
  status: file.testExecError !== undefined && file.testExecError !== null || file.numFailingTests > 0
    ? "failed"
    : "passed",
  message: String(file.failureMessage ?? file.testExecError?.message ?? ""),
  assertionResults: file.testResults.map(({ ancestorTitles, failureMessages, status, title }) => ({
    ancestorTitles,
    failureMessages,
    status,
    title
  }))
})

module.exports = class {
  onRunComplete(_contexts, results) {
    write({ testResults: results.testResults.map(fileOf) })
  }
}
