// npm test: the whole suite, after whatever set-up is still missing. Arguments go to vitest; the last line counts the tests.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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

const read = (file) => {
  try {
    return count(JSON.parse(readFileSync(file, "utf8")))
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
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
const { failed, passed, skipped } = read(reportFile)
rmSync(temporary, { recursive: true, force: true })

const ran = passed + failed
if (ran === 0) process.stdout.write("No test ran.\n")
else if (code !== 0 && failed === 0) process.stdout.write("No test failed, yet vitest did: its errors are above.\n")
const everything = (process.env.FLUFFY_REQUIRE ?? "").split(",").includes("everything")
const missed = everything && skipped > 0
if (missed) process.stdout.write("FLUFFY_REQUIRE wants everything to run, and tests were skipped.\n")
process.exitCode = code === 0 && failed === 0 && ran > 0 && !missed ? 0 : 1
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`)
