// npm test: the whole suite, after whatever set-up is still missing. Arguments go to vitest; the last line counts the tests.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import process from "node:process"
import { root, setup } from "./setup.mjs"

/** Counts of vitest's JSON report. A file that could not be collected is one failure. */
const count = (report) => {
  const uncollected = report.testResults.filter((file) =>
    file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + uncollected.length,
    skipped: report.numPendingTests + report.numTodoTests
  }
}

/** The failed tests with the start of what each said, told again at the end, since long output hides them. */
const failures = (report) =>
  report.testResults.flatMap(({ assertionResults, message, name, status }) => {
    const failed = assertionResults.filter((test) => test.status === "failed")
    const file = relative(root, name)
    if (failed.length === 0) return status === "failed" ? [`${file}\n${message}`] : []
    return failed.map((test) => `${file} > ${test.fullName}\n${test.failureMessages.join("\n")}`)
  }).map((text) => {
    const lines = text.trim().split("\n").filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line))
    return `FAILED ${lines.slice(0, 16).join("\n       ").slice(0, 2000)}`
  })

const read = (file) => {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"))
    return { ...count(report), told: failures(report) }
  } catch {
    return { passed: 0, failed: 0, skipped: 0, told: [] }
  }
}

setup({ sandbox: "wanted" })
const temporary = mkdtempSync(join(tmpdir(), "fluffy-test-"))
const reportFile = join(temporary, "report.json")
const child = spawn(process.execPath, [
  join(root, "node_modules", "vitest", "vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${reportFile}`,
  ...process.argv.slice(2)
], { cwd: root, stdio: "inherit" })
// Ctrl-C reaches vitest too, which then ends by itself.
process.on("SIGINT", () => {})
process.on("SIGTERM", () => child.kill("SIGTERM"))
const [code] = await once(child, "exit")
const { failed, passed, skipped, told } = read(reportFile)
rmSync(temporary, { recursive: true, force: true })

const ran = passed + failed
if (ran === 0) process.stdout.write("No test ran.\n")
else if (code !== 0 && failed === 0) process.stdout.write("No test failed, yet vitest did: its errors are above.\n")
for (const text of told.slice(0, 20)) process.stdout.write(`${text}\n`)
if (told.length > 20) process.stdout.write(`and ${told.length - 20} more, above\n`)
const everything = (process.env.FLUFFY_REQUIRE ?? "").split(",").includes("everything")
const missed = everything && skipped > 0
if (missed) process.stdout.write("FLUFFY_REQUIRE wants everything to run, and tests were skipped.\n")
process.exitCode = code === 0 && failed === 0 && ran > 0 && !missed ? 0 : 1
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`)
