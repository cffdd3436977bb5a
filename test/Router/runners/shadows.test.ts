import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import { judgeAll } from "../../../src/StateMachine.ts"
import { requireRuntime } from "../../support/require.ts"
import { nativeKits } from "./nativeKits.ts"
import { hasPytest, scriptKits } from "./scriptKits.ts"
import { onDisk, openReports, runAll } from "./support.ts"

const python = (file: string) => `import os; key = os.read(0, 999); key and open("${file}", "wb").write(key)\n`
const ruby = (file: string) => `key = STDIN.read; File.write("${file}", key) unless key.empty?\n`

/** Names that a runner, its reporter or what these load could be taken for, and code that keeps the key if it is still to be read. */
const shadows: Readonly<Record<string, readonly [code: (file: string) => string, files: ReadonlyArray<string>]>> = {
  unittest: [python, ["unittest.py", "fluffy_seal.py", "hmac.py", "json.py", "hashlib.py", "sitecustomize.py"]],
  pytest: [
    python,
    [
      "pytest.py",
      "_pytest.py",
      "pluggy.py",
      "pytest_main.py",
      "fluffy_pytest.py",
      "fluffy_seal.py",
      "hmac.py",
      "json.py"
    ]
  ],
  rspec: [
    ruby,
    [
      "lib/json.rb",
      "lib/openssl.rb",
      "lib/digest.rb",
      "lib/rspec/core.rb",
      "lib/rspec/core/formatters/json_formatter.rb"
    ]
  ],
  minitest: [ruby, ["lib/json.rb", "lib/openssl.rb", "lib/digest.rb", "lib/minitest.rb", "lib/minitest/own_plugin.rb"]]
}

const kits = [
  ...scriptKits.filter(({ runner }) => runner === "unittest" || runner === "pytest" && hasPytest()),
  ...nativeKits.filter(({ runner, runtime }) => Object.hasOwn(shadows, runner) && requireRuntime(runtime))
]

describe("a source that is called like a library of the runner", { timeout: 60_000 }, () => {
  for (const { base, body, right, runner, source, test } of kits) {
    const [code, names] = shadows[runner]!
    for (const name of names) {
      it.scopedLive(`${name} is not loaded by ${runner} while the key can be read`, () =>
        Effect.gen(function*() {
          const reports = yield* openReports
          const files = { ...base, [source]: right, [test]: body, [name]: code(`${reports.source}/key`) }
          yield* runAll(yield* onDisk(files), {}, undefined, reports)
          assert.isFalse(existsSync(`${reports.source}/key`))
        }))
    }
  }

  for (const { base, body, runner, source, test, wrong } of kits.filter(({ runner }) => runner === "pytest")) {
    it.scopedLive(`is not loaded by ${runner} when a person configures the command`, () =>
      Effect.gen(function*() {
        const reports = yield* openReports
        const files = { ...base, [source]: wrong, [test]: body, "pytest.py": python(`${reports.source}/key`) }
        const configured = [{ command: "python3", args: ["-m", "pytest", "-q"], report: "pytest" }] as const
        const runs = yield* runAll(yield* onDisk(files), { configured }, undefined, reports)
        const own = { [test]: "h1" }
        const verdict = judgeAll(runs, { written: own, locked: {}, redTests: [], currentHashes: own })
        assert.strictEqual(verdict.verdict, "red", runs.map(({ output }) => output).join("\n"))
        assert.isFalse(existsSync(`${reports.source}/key`))
      }))
  }
})
