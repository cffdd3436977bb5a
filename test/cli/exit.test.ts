import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigError, FiberId } from "effect"
import { ModelUnknown } from "../../src/Agent/Model.ts"
import { AuditFailed } from "../../src/Audit.ts"
import { CliFailed } from "../../src/cli/CliFailed.ts"
import { type CommandError, ending } from "../../src/cli/exit.ts"
import { invalid } from "../../src/KernelConfig.ts"
import { OrchestratorFailed } from "../../src/Orchestrator.ts"
import { PolicyLoadFailed } from "../../src/Policy.ts"
import { SandboxUnavailable } from "../../src/Sandbox.ts"
import { StateMachineFailed } from "../../src/StateMachine.ts"

const failed = (reason: OrchestratorFailed["reason"]) => new OrchestratorFailed({ reason, detail: `no ${reason}` })

const errors: ReadonlyArray<readonly [number, CommandError]> = [
  [2, invalid("FLUFFY_MODE", "wrong")],
  [2, new ModelUnknown({ model: "x", reason: "name", detail: "no", remedy: "do" })],
  [2, new PolicyLoadFailed({ file: "a.yaml", line: 1, column: 1, problem: "no" })],
  [2, ConfigError.MissingData(["KEY"], "missing")],
  [7, new SandboxUnavailable({ backend: "bubblewrap", detail: "no", remedy: "do" })],
  [7, failed("sandbox")],
  [9, failed("audit")],
  [9, new AuditFailed({ method: "layer", reason: "open" })],
  [5, failed("denied")],
  [1, failed("workspace")],
  [1, failed("state")],
  [1, new StateMachineFailed({ method: "get", reason: "read" })],
  [4, new CliFailed({ exitCode: 4, problem: "said no" })]
]

describe("ending", () => {
  it.each(errors.map(([exitCode, error]) => ({ exitCode, error, tag: error._tag })))(
    "is $exitCode after $tag, with its message",
    ({ error, exitCode }) => {
      const ended = ending(Cause.fail(error))
      assert.strictEqual(ended.exitCode, exitCode)
      assert.strictEqual(ended.message, "message" in error ? error.message : String(error))
    }
  )

  it("is 130 and silent after an interruption, even of several fibers", () => {
    const interrupted = Cause.parallel(Cause.interrupt(FiberId.none), Cause.interrupt(FiberId.none))
    assert.deepStrictEqual(ending(interrupted), { exitCode: 130, message: undefined })
  })

  it("tells a failure beside an interruption", () => {
    assert.strictEqual(ending(Cause.parallel(Cause.interrupt(FiberId.none), Cause.fail(failed("audit")))).exitCode, 9)
  })

  it("is 1 after a defect, and calls it a bug", () => {
    const { exitCode, message } = ending(Cause.die(new TypeError("x is undefined")))
    assert.strictEqual(exitCode, 1)
    assert.match(message!, /bug in Fluffy: TypeError: x is undefined.*--verbose/)
  })
})
