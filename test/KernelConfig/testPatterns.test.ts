import { assert, describe, it } from "@effect/vitest"
import { defaults } from "../../src/KernelConfig/KernelOptions.ts"
import { makeClassify } from "../../src/StateMachine.ts"

const classify = makeClassify(defaults)

describe("the default test patterns", () => {
  it.each([
    "calc/add_test.go",
    "crates/a/tests/add.rs",
    "src/parse/tests.rs",
    "src/parse_tests.rs",
    "lib/add_spec.rb",
    "lib/test_add.rb",
    "src/AddTest.php",
    "src/test/java/com/acme/AddTest.java",
    "app/AddTests.cs",
    "checks/add.bats",
    "t/add.t",
    "t/deep/add.t"
  ])("take %s for a test", (path) => assert.strictEqual(classify(path), "test"))

  it.each([
    "src/lib.rs",
    "src/contests.rs",
    "src/Contest.php",
    "src/Latest.java",
    "src/attests.cs",
    "app/AddTest.php/evil.php",
    "src/add.t",
    "t/add.pl",
    "lib/inspect_spec.rb.txt.rb",
    "tests.rs/evil.rs"
  ])("take %s for a source", (path) => assert.strictEqual(classify(path), "source"))
})
