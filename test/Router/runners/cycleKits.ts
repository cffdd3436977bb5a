import type { RunnerConfig } from "../../../src/Router/Runners.ts"
import { requireRuntime } from "../../support/require.ts"
import { goLines, jestJson, jsonLines, junitXml, libtestLines, rspecJson, tapLines } from "./fakeReports.ts"
import { type NativeKit, nativeKits } from "./nativeKits.ts"
import { hasPytest, type ScriptKit, scriptKits } from "./scriptKits.ts"
import type { Files } from "./support.ts"
import { go, javascript, perl, php, python, ruby, rust, type Voice } from "./voices.ts"

type Small = Pick<ScriptKit & NativeKit, "runner" | "base" | "source" | "right" | "wrong" | "test" | "body">

/** What is asked of every runner: a small project, and what hostile code of its language would say in the runner's own words. */
export interface CycleKit extends Small {
  readonly title: string
  readonly modules: boolean
  readonly path?: (() => string) | undefined
  readonly configured: ReadonlyArray<RunnerConfig>
  /** Part of the failed test's message. */
  readonly says: string
  /** Passing tests with names that a runner could make of an address, a counter or a time. */
  readonly steady: Files
  readonly voice: Voice
  readonly reportFile: string
  /** A report of both tests, the way this runner writes it. */
  readonly fake: (passes: boolean) => string
  /** Lines that look sealed: where the runner seals. */
  readonly sealed: boolean
  /** Whether the report lies in a file that the tests' process can reach. */
  readonly filed: boolean
  /** The tries that docs/runners.md says come through, by the end of their names. */
  readonly gaps: ReadonlyArray<Gap>
}

/** What a try wants, and what it does. */
export type Gap =
  | `${"red" | "green"} by a ${"source" | "test"} that reports and quits`
  | "red by a process that fails at its end"

/** The tests' process is all there is: who reports in its words and ends it is believed. */
const anyReportAndQuit: ReadonlyArray<Gap> = [
  "red by a source that reports and quits",
  "red by a test that reports and quits",
  "green by a source that reports and quits",
  "green by a test that reports and quits"
]

/** What a test says comes behind what the runner began to print before it: two reports in one are none. */
const sourceReportAndQuit: ReadonlyArray<Gap> = [
  "red by a source that reports and quits",
  "green by a source that reports and quits"
]

/** Node fails a test file whose process ends with another code than 0, whoever let it. */
const ofNode: ReadonlyArray<Gap> = [
  "red by a source that reports and quits",
  "red by a test that reports and quits",
  "red by a process that fails at its end"
]

const each = "for (const n of [1, 2]) it(`adds ${n} to itself`, () => {})\n"

const steadyJs = (head: string, more: string): Files => ({
  "test/steady.test.js": `${head}\ndescribe("steady", () => {\n${each}${more}})\n`
})

const steadyUnittest: Files = {
  "tests/test_steady.py": `import unittest

class Steady(unittest.TestCase):
    def test_each(self):
        for each in (object(), 1.5, lambda: 1):
            with self.subTest(each=each):
                self.assertIsNotNone(each)
`
}

const steadyPytest: Files = {
  "tests/test_steady.py": `import pytest

@pytest.mark.parametrize("each", [object(), 1.5, lambda: 1, {"a": 1}, "0x7f"])
def test_each(each):
    assert each is not None
`
}

const scripts: Record<string, Pick<CycleKit, "steady" | "voice" | "reportFile" | "fake">> = {
  node: {
    steady: steadyJs(
      "import test, { describe, it } from \"node:test\"",
      "test(() => {})\ntest(\"outer\", (t) => t.test(\"inner\", () => {}))\n"
    ),
    voice: javascript,
    reportFile: "0-node.jsonl",
    fake: jsonLines("test/add.test.js", ["add > adds", "add > knows zero"])
  },
  vitest: {
    steady: steadyJs(
      "import { describe, it } from \"vitest\"",
      "it.each([[{ a: 1 }, () => 1], [new Map(), Symbol(\"s\")]])(\"of %j %s %#\", () => {})\n"
    ),
    voice: javascript,
    reportFile: "0-vitest.json",
    fake: jestJson
  },
  jest: {
    steady: steadyJs("", "it.each([[{ a: 1 }, () => 1], [new Map(), 2]])(\"of %p %p %#\", () => {})\n"),
    voice: javascript,
    reportFile: "0-jest.json",
    fake: jestJson
  },
  mocha: {
    steady: steadyJs("", "it(`takes ${() => 1} and ${new Map()}`, () => {})\n"),
    voice: javascript,
    reportFile: "0-mocha.jsonl",
    fake: jsonLines("test/add.test.js", ["add > adds", "add > knows zero"])
  },
  unittest: {
    steady: steadyUnittest,
    voice: python,
    reportFile: "0-unittest.jsonl",
    fake: jsonLines("tests/test_calc.py", ["AddTest.test_adds", "AddTest.test_knows_zero"])
  },
  pytest: {
    steady: steadyPytest,
    voice: python,
    reportFile: "0-pytest.jsonl",
    fake: jsonLines("tests/test_calc.py", ["AddTest.test_adds", "AddTest.test_knows_zero"])
  }
}

const natives: Record<
  string,
  Pick<CycleKit, "steady" | "voice" | "reportFile" | "fake" | "sealed" | "filed" | "gaps">
> = {
  go: {
    steady: {
      "other/other_test.go":
        "package other\n\nimport \"testing\"\n\nfunc TestEach(t *testing.T) {\n\tfor _, name := range []string{\"\", \"two words\", \"\"} {\n\t\tt.Run(name, func(t *testing.T) { t.Parallel() })\n\t}\n}\n"
    },
    voice: go,
    reportFile: "0-go.jsonl",
    fake: goLines,
    sealed: false,
    filed: false,
    gaps: sourceReportAndQuit
  },
  cargo: {
    steady: {
      "tests/steady.rs":
        "mod one { #[test]\nfn two() {} }\n#[test]\nfn two() {}\n#[test]\n#[should_panic]\nfn panics() { panic!(\"{:p}\", &1) }\n"
    },
    voice: rust,
    reportFile: "0-cargo.txt",
    fake: libtestLines,
    sealed: false,
    filed: false,
    gaps: anyReportAndQuit
  },
  rspec: {
    steady: {
      "spec/steady_spec.rb":
        "RSpec.describe Object do\n  thing = Object.new\n  it { expect(thing).to eq(thing) }\n  it { }\n  [thing, 1].each { |each| it(\"takes #{each}\") { } }\nend\n"
    },
    voice: ruby,
    reportFile: "0-rspec.json",
    fake: rspecJson,
    sealed: true,
    filed: true,
    gaps: []
  },
  minitest: {
    steady: {
      "test/steady_test.rb":
        "require \"minitest/autorun\"\ndescribe \"steady\" do\n  it(\"is first\") { pass }\n  it { pass }\n  describe(\"inside\") { it(\"is second\") { pass } }\nend\n"
    },
    voice: ruby,
    reportFile: "0-minitest.jsonl",
    fake: jsonLines("test/add_test.rb", ["AddTest#test_adds", "AddTest#test_zero"]),
    sealed: true,
    filed: true,
    gaps: []
  },
  phpunit: {
    steady: {
      "tests/SteadyTest.php": `<?php
final class SteadyTest extends PHPUnit\\Framework\\TestCase {
  /** @dataProvider each */
  public function test_each($each): void { $this->assertNotNull($each); }
  public static function each(): array { return [[new stdClass], "named" => [1.5], [function () {}]]; }
}
`
    },
    voice: php,
    reportFile: "0-phpunit.xml",
    fake: junitXml("tests/AddTest.php", "AddTest", ["test_adds", "test_zero"]),
    sealed: false,
    filed: true,
    gaps: anyReportAndQuit
  }
}

const ofScript = (kit: ScriptKit): CycleKit => ({
  ...kit,
  ...scripts[kit.runner]!,
  title: kit.runner,
  configured: [],
  says: kit.source.endsWith(".py") ? "-1 != 3" : "wrong sum",
  sealed: true,
  filed: true,
  gaps: kit.runner === "node" ? ofNode : []
})

const ofNative = (kit: NativeKit): CycleKit => ({
  ...kit,
  ...natives[kit.runner]!,
  title: kit.runner,
  modules: false,
  configured: [],
  says: "wrong sum"
})

const tap: CycleKit = {
  title: "tap (Test::More)",
  runner: "tap",
  base: {},
  modules: false,
  configured: [{ command: "perl", args: ["-Ilib", "{file}"], report: "tap", files: ["t/*.t"] }],
  source: "lib/Calc.pm",
  right: "package Calc;\nsub add { $_[0] + $_[1] }\n1;\n",
  wrong: "package Calc;\nsub add { $_[0] - $_[1] }\n1;\n",
  test: "t/add.t",
  body:
    "use Calc;\nuse Test::More tests => 2;\nis(Calc::add(1, 2), 3, \"adds\") or diag(\"wrong sum\");\nis(Calc::add(0, 0), 0, \"knows zero\");\n",
  says: "",
  steady: {
    "t/steady.t":
      "use Test::More;\nok(1);\nok(1, \"named\");\nsubtest(inner => sub { plan(tests => 1); ok(1) });\ndone_testing;\n"
  },
  voice: perl,
  reportFile: "0-tap.txt",
  fake: tapLines,
  sealed: false,
  filed: false,
  gaps: sourceReportAndQuit
}

const junit = (pytest: ScriptKit): CycleKit => ({
  ...ofScript(pytest),
  title: "junit (pytest)",
  runner: "junit",
  configured: [{
    command: "python3",
    args: ["-m", "pytest", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", "--junit-xml={report}", "{files}"],
    report: "junit",
    files: ["tests/test_*.py"]
  }],
  reportFile: "0-junit.xml",
  fake: junitXml("tests/test_calc.py", "tests.test_calc.AddTest", ["test_adds", "test_knows_zero"]),
  sealed: false,
  gaps: anyReportAndQuit
})

/** Every runner whose tool is here; those that are not installed say so when `requireRuntime` is asked. */
export const cycleKits: ReadonlyArray<CycleKit> = [
  ...scriptKits.map(ofScript),
  ...nativeKits.filter((kit) => requireRuntime(kit.runtime)).map(ofNative),
  ...(hasPytest() ? scriptKits.filter(({ runner }) => runner === "pytest").map(junit) : []),
  ...(requireRuntime("perl") ? [tap] : [])
]
