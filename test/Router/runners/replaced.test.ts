import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { judgeAll } from "../../../src/StateMachine.ts"
import { requireRuntime } from "../../support/require.ts"
import { nativeKits } from "./nativeKits.ts"
import { onDisk, runAll } from "./support.ts"

/** What a source does to the runner, or to its assertions, so that the tests pass whatever it returns. */
const patches: Readonly<Record<string, ReadonlyArray<string>>> = {
  minitest: [
    "module Minitest::Assertions; def assert_equal(*); end; end",
    "module Minitest::Assertions; def assert(*) = true; end",
    "module Easy; def assert_equal(*); end; end; Minitest::Assertions.prepend(Easy)",
    "module Easy; def assert_equal(*); end; end; Minitest::Test.include(Easy)",
    "class Minitest::Test; def assert_equal(*); end; end",
    "class << Minitest::Test; def inherited(k); super; k.class_eval { def assert_equal(*); end }; end; end",
    "class Minitest::Test; def capture_exceptions; yield; rescue Exception; end; end",
    "class Minitest::Result; def failures = []; end",
    "class Fluffy::Reporter; def record(result) = super(result.tap { |one| one.failures.clear }); end",
    "def Minitest.run(*) = true"
  ],
  rspec: [
    "class RSpec::Matchers::BuiltIn::Eq; def matches?(*) = true; end",
    "class RSpec::Matchers::BuiltIn::BaseMatcher; def matches?(*) = true; end",
    "def (RSpec::Expectations).fail_with(*) = nil",
    "module Easy; def to(*) = true; end; RSpec::Expectations::ExpectationTarget.prepend(Easy)",
    "module RSpec::Matchers; def eq(*) = be_truthy; end",
    "class RSpec::Core::Example; def set_exception(*) = nil; end",
    "class RSpec::Core::ExampleGroup; def expect(*) = Struct.new(:of) { def to(*) = true }.new(1); end",
    "module Easy; def expect(*) = Struct.new(:of) { def to(*) = true }.new(1); end; RSpec.configure { |c| c.include(Easy) }",
    "class RSpec::Core::Reporter; def example_failed(example) = example_passed(example); end"
  ]
}

/** What projects do by right. */
const helpers: Readonly<Record<string, string>> = {
  minitest: `class Minitest::Test; def setup; super; end; def assert_odd(n) = assert(n.odd?); end
module Minitest::Assertions; def mu_pp(thing) = thing.to_s; end`,
  rspec: `RSpec::Matchers.define(:be_odd_indeed) { match { |n| n.odd? } }
RSpec.configure { |c| c.include(Module.new { def helper; end }); c.around { |example| example.run } }`
}

const kits = nativeKits.filter(({ runner, runtime }) => Object.hasOwn(patches, runner) && requireRuntime(runtime))

describe("an assertion library", { timeout: 60_000 }, () => {
  for (const { base, body, right, runner, source, test, wrong } of kits) {
    const judged = (code: string) =>
      Effect.gen(function*() {
        const runs = yield* runAll(yield* onDisk({ ...base, [source]: code, [test]: body }))
        const own = { [test]: "h1" }
        return judgeAll(runs, { written: own, locked: {}, redTests: [], currentHashes: own })
      })

    for (const patch of patches[runner]!) {
      it.scopedLive(`of ${runner} is not replaced by a source: ${patch}`, () =>
        Effect.map(judged(`${patch}\n${wrong}`), ({ reason, verdict }) => {
          assert.strictEqual(verdict, "none")
          assert.match(reason, /the tests or the code under test changed \w+ itself$/)
        }))
    }

    it.scopedLive(`of ${runner} takes a project's own helpers`, () =>
      Effect.map(
        judged(`${helpers[runner]}\n${right}`),
        ({ reason, verdict }) => assert.strictEqual(verdict, "green", reason)
      ))
  }
})
