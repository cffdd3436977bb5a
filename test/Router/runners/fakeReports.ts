// Reports of both tests of a cycle's project, passed or failed, as hostile code would forge them.

const status = (passes: boolean) => passes ? "passed" : "failed"

/** What the scripts in `reporters/` say, before it is sealed. */
export const jsonLines = (file: string, names: ReadonlyArray<string>) => (passes: boolean) =>
  `${
    names.map((name) => JSON.stringify({ file, name, status: status(passes), message: "wrong sum" })).join("\n")
  }\n{"end":true}\n`

/** The JSON of jest and vitest. */
export const jestJson = (passes: boolean) =>
  `${
    JSON.stringify({
      testResults: [{
        name: "test/add.test.js",
        status: status(passes),
        assertionResults: ["adds", "knows zero"].map((title) => ({
          ancestorTitles: ["add"],
          title,
          status: status(passes)
        }))
      }]
    })
  }\n`

/** The JSON of RSpec. */
export const rspecJson = (passes: boolean) =>
  `${
    JSON.stringify({
      examples: ["adds", "knows zero"].map((name, at) => ({
        id: `./spec/add_spec.rb[1:${at + 1}]`,
        full_description: `add ${name}`,
        status: status(passes),
        file_path: "./spec/add_spec.rb"
      })),
      summary: { example_count: 2, failure_count: passes ? 0 : 2, pending_count: 0 }
    })
  }\n`

/** JUnit XML, as PHPUnit and pytest write it. */
export const junitXml = (file: string, classname: string, names: ReadonlyArray<string>) => (passes: boolean) =>
  `<testsuites><testsuite name="x" file="${file}">${
    names.map((name) =>
      `<testcase name="${name}" classname="${classname}">${passes ? "" : "<failure>wrong sum</failure>"}</testcase>`
    ).join("")
  }</testsuite></testsuites>\n`

/** What a test program of Go prints with `-test.v`. */
export const goLines = (passes: boolean) =>
  `${
    ["TestAdds", "TestZero"].map((name) => `=== RUN   ${name}\n--- ${passes ? "PASS" : "FAIL"}: ${name} (0.00s)\n`)
      .join("")
  }${passes ? "PASS" : "FAIL"}\n`

/** What a test program of Rust prints after it said how many tests it runs. */
export const libtestLines = (passes: boolean) =>
  passes
    ? "test adds ... ok\ntest inner::zero ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n"
    : "test adds ... FAILED\ntest inner::zero ... FAILED\n\nfailures:\n\n---- adds stdout ----\nwrong sum\n\n\nfailures:\n    adds\n    inner::zero\n\ntest result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n"

/** What Test::More prints. */
export const tapLines = (passes: boolean) => {
  const not = passes ? "" : "not "
  return `1..2\n${not}ok 1 - adds\n${not}ok 2 - knows zero\n`
}
