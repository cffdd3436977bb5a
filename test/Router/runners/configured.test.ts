import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { judgeAll } from "../../../src/StateMachine.ts"
import { requireRuntime } from "../../support/require.ts"
import { nativeKits } from "./nativeKits.ts"
import { hasPytest, scriptKits } from "./scriptKits.ts"
import { type Files, onDisk, runAll } from "./support.ts"

const manifest = (more: object) => JSON.stringify({ type: "module", scripts: { test: "mocha" }, ...more })

/** Configuration, and code that sets it, by which a runner counts tests as passed that it did not run, or its failures as none. */
const tries: ReadonlyArray<readonly [runner: string, says: string, files: Files]> = [
  ["mocha", "a dry run in .mocharc.json", { ".mocharc.json": "{ \"dry-run\": true }" }],
  ["mocha", "a dry run in the manifest", { "package.json": manifest({ mocha: { dryRun: true } }) }],
  ["mocha", "a dry run in the script", { "package.json": manifest({ scripts: { test: "mocha --dryRun" } }) }],
  ["mocha", "an exit code that hides failures", { ".mocharc.json": "{ \"pass-on-failing-test-suite\": true }" }],
  ["pytest", "a run of fixtures only", { "pytest.ini": "[pytest]\npythonpath = .\naddopts = --setup-plan\n" }],
  ["pytest", "a reporter that is switched off", {
    "pytest.ini": "[pytest]\npythonpath = .\naddopts = -p no:fluffy_pytest\n"
  }],
  ["rspec", "a dry run in .rspec", { ".rspec": "--dry-run\n" }],
  [
    "rspec",
    "a dry run by the source",
    {
      "lib/add.rb":
        "RSpec.configuration.dry_run = true\nat_exit { RSpec.configuration.dry_run = false }\ndef add(a, b) = a - b\n"
    }
  ],
  ["rspec", "hooks that run no example", {
    "lib/add.rb": "RSpec.configure { |c| c.around { } }\ndef add(a, b) = a - b\n"
  }],
  [
    "rspec",
    "an exit code that hides failures",
    { "lib/add.rb": "RSpec.configure { |c| c.failure_exit_code = 0 }\ndef add(a, b) = a - b\n" }
  ]
]

const kits = [
  ...scriptKits.filter(({ runner }) => runner === "mocha" || runner === "pytest" && hasPytest()),
  ...nativeKits.filter(({ runner, runtime }) => runner === "rspec" && requireRuntime(runtime))
]

describe("a wrong source is not green", { timeout: 60_000 }, () => {
  for (const { base, body, runner, source, test, wrong, ...kit } of kits) {
    for (const [, says, more] of tries.filter(([name]) => name === runner)) {
      it.scopedLive(`with ${runner} by ${says}`, () =>
        Effect.gen(function*() {
          const modules = "modules" in kit && kit.modules
          const root = yield* onDisk({ ...base, [source]: wrong, [test]: body, ...more }, { modules })
          const runs = yield* runAll(root)
          const own = { [test]: "h1" }
          const { reason, verdict } = judgeAll(runs, { written: own, locked: {}, redTests: [], currentHashes: own })
          assert.notStrictEqual(verdict, "green", `${reason}\n${runs.map(({ output }) => output).join("\n")}`)
        }))
    }
  }
})
