import { scripted } from "../../src/Sandbox.ts"
import type { TestKernelOptions } from "../../src/TestKernel.ts"

const line = (value: object) => `${JSON.stringify(value)}\n`

/**
 * Plays `node --test` for a kernel in memory: the test in `test/multiply.test.js` passes once `src/sums.js` has `multiply`. The report
 * is what the kernel's reporter would have written; the verdict is still the kernel's.
 */
export const playNodeTest: NonNullable<TestKernelOptions["run"]> = (command, { report, stage }) => {
  if (command.args[0]?.endsWith("/node.mjs") !== true) return undefined
  const passes = stage.read("src/sums.js")?.includes("multiply") === true
  const file = "/project/test/multiply.test.js"
  const written = stage.read("test/multiply.test.js") !== undefined
  report(
    "0-node.jsonl",
    (written ? line({ file, name: "multiplies", status: passes ? "passed" : "failed" }) : "") + line({ end: true })
  )
  return scripted({ exitCode: passes || !written ? 0 : 1 })
}
