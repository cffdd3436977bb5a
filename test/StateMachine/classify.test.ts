import { assert, describe, it } from "@effect/vitest"
import { makeClassify } from "../../src/StateMachine.ts"
import { classify } from "./fixtures.ts"

const cases: ReadonlyArray<readonly [path: string, is: string]> = [
  ["src/a.ts", "source"],
  ["src/a.test.ts", "test"],
  ["src/deep/a.spec.tsx", "test"],
  ["pkg/a_test.go", "test"],
  ["test_app.py", "test"],
  ["test/data.json", "test"],
  ["src/__tests__/a.js", "test"],
  ["tests/fixtures/readme.md", "test"],
  ["README.md", "exempt"],
  ["package.json", "exempt"],
  ["ci/config.yaml", "exempt"],
  ["Dockerfile.dev", "exempt"],
  [".env", "secret"],
  ["config/.env.local", "secret"],
  [".env.example", "source"],
  ["test/server.key", "secret"],
  [".env.d/a.test.js", "secret"],
  ["src/attest.ts", "source"],
  ["src/contest.json.ts", "source"],
  // A directory with a test's or a document's name makes nothing below it a test or exempt.
  ["src/app.test.js/evil.js", "source"],
  ["foo.test.d/src.js", "source"],
  ["notes.md/evil.js", "source"],
  ["data.json/index.js", "source"],
  ["Dockerfile/run.sh", "source"],
  ["src/app.test.js/real.test.js", "test"],
  ["src/test/a.js", "source"],
  ["test", "source"],
  [".", "source"]
]

describe("classify", () => {
  it.each(cases)("takes %s for %s", (path, is) => assert.strictEqual(classify(path), is))

  it("matches a directory only where a pattern is written as one", () => {
    const own = makeClassify({ tests: ["checks/", "src/*.check.js"], exempt: [], secrets: [] })
    assert.strictEqual(own("checks/a.js"), "test")
    assert.strictEqual(own("lib/checks/a.js"), "test")
    assert.strictEqual(own("checks"), "source")
    assert.strictEqual(own("src/a.check.js"), "test")
    assert.strictEqual(own("src/a.check.js/evil.js"), "source")
  })

  it("lets the last matching pattern decide, also below a listed directory", () => {
    const own = makeClassify({ tests: ["/test/**", "!/test/lib/**"], exempt: [], secrets: [] })
    assert.strictEqual(own("test/a.js"), "test")
    assert.strictEqual(own("test/lib/a.js"), "source")
  })

  it("takes everything for a source without patterns", () => {
    assert.strictEqual(makeClassify({ tests: [], exempt: [], secrets: [] })("test/a.test.js"), "source")
  })
})
