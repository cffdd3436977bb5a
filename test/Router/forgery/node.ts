import type { Attack, Suite } from "./attacks.ts"

const project = {
  "package.json": `{ "name": "x", "private": true, "type": "module", "scripts": { "test": "node --test" } }\n`,
  "src/double.js": "export const double = () => 0\n"
}

const test = {
  "test/double.test.js": `import assert from "node:assert"
import test, { describe, it } from "node:test"
import { double } from "../src/double.js"

test("doubles", () => assert.strictEqual(double(2), 4))
describe("double", () => { it("keeps zero", () => assert.equal(double(0), 0)) })
`
}

const honest = { "src/double.js": "export const double = (n) => n * 2\n" }

const failing = /^1 failing in test files of this session$/
const early = /double\.test\.js: its process ended before its tests did$/

const wrong = "\nexport const double = () => 0\n"
const source = (code: string) => ({ "src/double.js": code + wrong })
const script = (command: string, hook = "") => ({
  "package.json": JSON.stringify({ type: "module", scripts: { test: command } }),
  "src/hook.js": hook,
  "src/hook.cjs": hook
})

const lines = String.raw`
const file = new URL("../test/double.test.js", import.meta.url).pathname
const fakes = ["doubles", "double > keeps zero"].map((name) => JSON.stringify({ file, name, status: "passed" }))
const sealed = [...fakes, '{"end":true}'].map((json, at) => "\n\u001ffluffy:" + at + ":" + "0".repeat(64) + ":" + json)
const fake = fakes.join("\n") + '\n{"end":true}\n' + sealed.join("") + "\n"
`

const patch = `
for (const library of [assert, assert.strict]) {
  for (const name of ["strictEqual", "equal", "ok", "deepStrictEqual"]) {
    try { library[name] = () => {} } catch {}
    try { Object.defineProperty(library, name, { value: () => {} }) } catch {}
  }
}
try { assert.AssertionError.prototype.constructor = Object } catch {}
try { syncBuiltinESMExports() } catch {}
`

const background = (command: string) =>
  source(`import { spawn } from "node:child_process"
spawn("sh", ["-c", ${JSON.stringify(command)}], { detached: true, stdio: "ignore" }).unref()`)

const attacks: ReadonlyArray<Attack> = [
  {
    name: "prints a report",
    files: source(`${lines}process.stdout.write(fake); process.stderr.write(fake)`),
    verdict: "red",
    reason: failing
  },
  {
    name: "prints a report where the runner prints",
    files: source(`import fs from "node:fs"${lines}
for (const pid of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name))) {
  for (const fd of [1, 2, 3]) { try { if (Number(pid) !== process.pid) fs.writeFileSync("/proc/" + pid + "/fd/" + fd, fake) } catch {} }
}`),
    verdict: "red",
    reason: failing
  },
  {
    name: "writes to its own report channel and leaves",
    files: source(`import fs from "node:fs"${lines}fs.writeSync(3, fake); process.reallyExit(0)`),
    verdict: "none",
    reason: /double\.test\.js: its report was tampered with$/
  },
  {
    name: "leaves a report where runners that do not seal have theirs",
    files: source(`import fs from "node:fs"${lines}
for (const directory of ["/run/fluffy/report/", "/tmp/", "./"]) {
  for (const name of ["0-node.jsonl", "1-node.jsonl"]) {
    try { fs.mkdirSync(directory, { recursive: true }); fs.writeFileSync(directory + name, fake) } catch {}
  }
}`),
    verdict: "red",
    reason: failing
  },
  {
    name: "rewrites the reporters",
    files: source(`import fs from "node:fs"
for (const name of ["node.mjs", "seal.cjs", "node/lines.mjs"]) {
  const path = "/run/fluffy/reporters/" + name
  for (const change of [() => fs.writeFileSync(path, ""), () => fs.rmSync(path), () => fs.renameSync(path, path + "x")]) {
    try { change() } catch {}
  }
}`),
    verdict: "red",
    reason: failing
  },
  {
    name: "exits while it is loaded",
    files: source("process.exit(0)"),
    verdict: "none",
    reason: /no test ran: all were skipped/
  },
  {
    name: "exits inside a test",
    files: { "src/double.js": "export const double = () => process.exit(0)\n" },
    verdict: "none",
    reason: early
  },
  {
    name: "exits inside a test, past every handler",
    files: { "src/double.js": "export const double = () => process.reallyExit(0)\n" },
    verdict: "none",
    reason: early
  },
  {
    name: "kills its own process",
    files: { "src/double.js": "export const double = () => { process.kill(process.pid, 'SIGKILL'); for (;;); }\n" },
    verdict: "none",
    reason: /double\.test\.js: its process was killed \(SIGKILL\)$/
  },
  {
    name: "ends with 0 whatever happened",
    files: source("process.on('exit', () => { process.exitCode = 0; process.reallyExit(0) })"),
    verdict: "none",
    reason: /tests failed in it but its process ended with 0$/
  },
  {
    name: "kills the runner",
    files: { "src/double.js": "export const double = () => { process.kill(process.ppid, 'SIGKILL'); for (;;); }\n" },
    verdict: "none",
    reason: /killed \(exit code 137\)$/
  },
  {
    name: "stops the runner gently",
    files: { "src/double.js": "export const double = () => { process.kill(process.ppid, 'SIGTERM'); for (;;); }\n" },
    verdict: "none",
    reason: /killed \(exit code 143\)$/
  },
  {
    name: "patches assert",
    files: source(`import assert from "node:assert"\nimport { syncBuiltinESMExports } from "node:module"\n${patch}`),
    verdict: "red",
    reason: failing
  },
  {
    name: "patches node:test",
    files: source(`import test, * as all from "node:test"
for (const change of [() => { test.test = () => {} }, () => { test.it = () => {} }, () => { all.describe = () => {} }]) {
  try { change() } catch {}
}`),
    verdict: "red",
    reason: failing
  },
  {
    name: "asks for the reporter and feeds it a report",
    files: source(`const { default: Reporter, told } = await import("/run/fluffy/reporters/node/lines.mjs")
const { Readable } = await import("node:stream")
const events = ["doubles", "keeps zero"].map((name) => ({ type: "test:pass", data: { name, nesting: 0 } }))
Readable.from(events).pipe(new Reporter())
if (told.key !== undefined) process.reallyExit(0)`),
    verdict: "red",
    reason: failing
  },
  {
    name: "looks for the key in environment and arguments",
    files: source(`import fs from "node:fs"
const seen = [JSON.stringify(process.env), process.argv.join(), process.execArgv.join()]
for (const name of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name))) {
  for (const file of ["environ", "cmdline"]) { try { seen.push(fs.readFileSync("/proc/" + name + "/" + file, "utf8")) } catch {} }
}
// A key is 64 hexadecimal digits: finding one would end the process without a test.
if (/[0-9a-f]{64}/.test(seen.join("\\n"))) process.reallyExit(0)`),
    verdict: "red",
    reason: failing
  },
  {
    name: "hooks the runner by --import in the test script",
    files: script(
      "node --import ./src/hook.js --test",
      `import assert from "node:assert"\nimport { syncBuiltinESMExports } from "node:module"\n${patch}`
    ),
    verdict: "red",
    reason: failing
  },
  {
    name: "hooks the runner by --require in NODE_OPTIONS",
    files: script(
      "NODE_OPTIONS='--require ./src/hook.cjs' node --test",
      `const assert = require("node:assert")\nconst { syncBuiltinESMExports } = require("node:module")\n${patch}`
    ),
    verdict: "red",
    reason: failing
  },
  {
    name: "ends the runner from a hook",
    files: script("node --import ./src/hook.js --test", "process.exit(0)"),
    verdict: "none",
    reason: /no test ran: all were skipped/
  },
  {
    name: "runs only what passes",
    files: script("node --test --test-name-pattern='keeps zero'"),
    verdict: "none",
    reason: /^the test that was red did not pass in this run: test\/double\.test\.js > doubles$/
  },
  {
    name: "runs only tests marked so",
    files: script("node --test --test-only"),
    verdict: "none",
    reason: /no test ran|no test of the locked test file|^1 failing/
  },
  {
    name: "runs another file",
    files: {
      ...script("node --test src/own.mjs"),
      "src/own.mjs": "import test from 'node:test'\ntest('doubles', () => {})\n"
    },
    verdict: "none",
    reason: /^no test of the locked test file test\/double\.test\.js passed/
  },
  {
    name: "runs another program in the runner's name",
    files: { ...script("./src/own.sh --test"), "src/own.sh": "exit 0\n" },
    verdict: "red",
    reason: failing
  },
  {
    name: "rewrites its test from a hook, then puts it back",
    files: script(
      "node --import ./src/hook.js --test",
      `import fs from "node:fs"
const file = new URL("../test/double.test.js", import.meta.url)
const folder = new URL("../test", import.meta.url)
const text = fs.readFileSync(file, "utf8")
const put = () => fs.writeFileSync(file, "import test, { describe, it } from 'node:test'\\ntest('doubles', () => {})\\ndescribe('double', () => { it('keeps zero', () => {}) })\\n")
const changes = [put, () => { fs.rmSync(file); put() }, () => { fs.renameSync(file, file.pathname + "x"); put() },
  () => { fs.renameSync(folder, folder.pathname + "x"); fs.mkdirSync(folder); put() }]
for (const change of changes) { try { change() } catch {} }
process.on("exit", () => { try { fs.writeFileSync(file, text) } catch {} })`
    ),
    verdict: "red",
    reason: failing
  },
  {
    name: "adds a test of the same name from a hook",
    files: script(
      "node --import ./src/hook.js --test",
      "import test from 'node:test'\ntest('doubles', () => {})\n"
    ),
    verdict: "red",
    reason: failing
  },
  {
    name: "leaves a process behind that writes a report later",
    files: background(
      "sleep 0.2; for fd in 1 2 3; do for p in /proc/[0-9]*; do echo '{\"end\":true}' > $p/fd/$fd; done; done; echo x > /run/fluffy/report/0-node.jsonl"
    ),
    verdict: "red",
    reason: failing
  },
  {
    name: "leaves a process behind that never ends",
    files: background("while :; do echo x > /run/fluffy/report/0-node.jsonl; done"),
    verdict: "red",
    reason: failing
  },
  {
    name: "changes a file of the project during the run",
    files: source(`import fs from "node:fs"\nfs.writeFileSync(new URL("../package.json", import.meta.url), "{}")`),
    verdict: "none",
    reason: /^the run itself changed files of the project/
  },
  {
    name: "never ends",
    files: { "src/double.js": "export const double = () => { for (;;); }\n" },
    verdict: "none",
    reason: /^the run was stopped by its timeout limit$/,
    timeout: 1
  },
  {
    name: "floods the output",
    files: source("for (let at = 0; at < 3000; at++) process.stdout.write('x'.repeat(1000) + '\\n')"),
    verdict: "red",
    reason: failing
  }
]

/** A project with a test run by node:test, and what is tried against it. */
export const node: Suite = { project, test, honest, attacks }
