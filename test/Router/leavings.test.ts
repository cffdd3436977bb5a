import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"
import { kernel, type OpenSession, openSession } from "../support/session.ts"
import type { Files } from "./forgery/arena.ts"

const javascript = {
  project: {
    "package.json": `{ "type": "module", "scripts": { "test": "node --test" } }\n`,
    ".gitignore": "node_modules/\ndist/\n",
    "src/double.js": "export const double = () => 0\n"
  },
  test: (from: string) => ({
    "test/double.test.js": `import test from "node:test"
import { double } from "${from}"
const { equal } = await import("equal").catch(() => ({ equal: (a, b) => a === b }))
test("doubles", () => { if (!equal(double(2), 4)) throw new Error("wrong") })
`
  })
}

const python = {
  project: { "double.py": "def double(n):\n    return 0\n", ".gitignore": "__pycache__/\n.venv/\n" },
  test: {
    "tests/test_double.py": `import unittest
from double import double


class DoubleTest(unittest.TestCase):
    def test_doubles(self):
        self.assertEqual(double(2), 4)
`
  }
}

const inCoding = (
  sentence: string,
  project: Files,
  test: Files,
  body: (session: OpenSession) => Effect.Effect<void, unknown, Scope.Scope>
) =>
  it.scopedLive(sentence, () =>
    Effect.gen(function*() {
      const session = yield* openSession(yield* makeProject(project))
      yield* session.write(test)
      const { told } = yield* session.run()
      assert.strictEqual(yield* session.phase, "coding", told)
      yield* body(session)
    }).pipe(Effect.provide(kernel())), 120_000)

const sh = (session: OpenSession, script: string) =>
  Effect.map(session.call("shell.exec", { command: "sh", args: ["-c", script] }), ({ outcome, text }) => {
    assert.strictEqual(outcome, "ok", text)
    assert.notInclude(text, "changes:", "git does not ignore it")
  })

const staysNone = (session: OpenSession, file: string) =>
  Effect.gen(function*() {
    const { told, verdict } = yield* session.run()
    assert.strictEqual(verdict.verdict, "none", told)
    assert.include(verdict.reason, `${file} among them`)
    assert.strictEqual(yield* session.phase, "coding")
  })

const unchecked = `import py_compile
open("/tmp/right.py", "w").write("def double(n): return n * 2")
py_compile.compile("/tmp/right.py", cfile="__pycache__/double.cpython-" + "%d%d" % __import__("sys").version_info[:2] + ".pyc",
    dfile="double.py", invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)`

const interpreter = `#!/bin/sh
IFS= read -r key
say() {
  mac=$(printf %s "$1:$2" | openssl dgst -sha256 -hmac "$key" | sed 's/.* //')
  printf '\\n\\037fluffy:%s:%s:%s\\n' "$1" "$mac" "$2"
}
say 0 '{"file":"'"$PWD"'/tests/test_double.py","name":"tests.test_double.DoubleTest.test_doubles","status":"passed"}'
say 1 '{"end":true}'
`

describe.skipIf(!requireRuntime("bubblewrap"))("green that leans on what git ignores", () => {
  inCoding("is none by bytecode beside a source", python.project, python.test, (session) =>
    Effect.gen(function*() {
      const { outcome, text } = yield* session.call("shell.exec", { command: "python3", args: ["-c", unchecked] })
      assert.strictEqual(outcome, "ok", text)
      const { told, verdict } = yield* session.run()
      assert.strictEqual(verdict.verdict, "none", told)
      assert.match(verdict.reason, /__pycache__\/double\.cpython-\d+\.pyc among them: remove all like it/)
    }))

  inCoding(
    "is none by a package nearer to the test than the real one",
    javascript.project,
    javascript.test("../src/double.js"),
    (session) =>
      Effect.gen(function*() {
        yield* sh(
          session,
          `mkdir -p test/node_modules/equal && cd test/node_modules/equal &&
echo 'export const equal = () => true' > index.mjs && echo '{"exports": "./index.mjs"}' > package.json`
        )
        yield* staysNone(session, "test/node_modules/equal/index.mjs")
        yield* sh(session, "rm -r test/node_modules")
        yield* session.write({ "src/double.js": "export const double = (n) => n * 2\n" })
        assert.strictEqual((yield* session.run()).verdict.verdict, "green")
      })
  )

  inCoding(
    "is none by an interpreter of the session's own",
    python.project,
    python.test,
    (session) =>
      Effect.gen(function*() {
        yield* sh(
          session,
          `mkdir -p .venv/bin && echo 'home = /usr/bin' > .venv/pyvenv.cfg && cat > .venv/bin/python <<'END'
${interpreter}END
chmod +x .venv/bin/python`
        )
        yield* session.write({ "double.py": "def double(n):\n    return 1\n" })
        yield* staysNone(session, ".venv/bin/python")
      })
  )

  inCoding(
    "is a person's to see where it is something that was built",
    javascript.project,
    javascript.test("../dist/double.js"),
    (session) =>
      Effect.gen(function*() {
        yield* session.write({ "src/double.js": "export const double = (n) => n * 2\n" })
        yield* sh(session, "mkdir dist && cp src/double.js dist")
        const { told, verdict } = yield* session.run()
        assert.deepStrictEqual([verdict.verdict, verdict.unmerged], ["green", ["dist/double.js"]], told)
        assert.include(told, "- dist/double.js")
        const { unmerged } = (yield* session.state).verdict ?? {}
        assert.deepStrictEqual<ReadonlyArray<string> | undefined>(unmerged, ["dist/double.js"])
        assert.deepStrictEqual((yield* session.recorded("test.verdict")).at(-1)?.["unmerged"], ["dist/double.js"])
      })
  )

  inCoding(
    "is plainly green where the tests do not need it, and it is still there",
    javascript.project,
    javascript.test("../src/double.js"),
    (session) =>
      Effect.gen(function*() {
        yield* session.write({ "src/double.js": "export const double = (n) => n * 2\n" })
        yield* sh(session, "mkdir dist && cp src/double.js dist")
        const { told, verdict } = yield* session.run()
        assert.deepStrictEqual([verdict.verdict, verdict.unmerged], ["green", undefined], told)
        assert.strictEqual((yield* session.stage.leavings).join(), "dist/double.js")
        yield* sh(session, "test -f dist/double.js")
      })
  )
})

const snapshot = {
  "test/double.test.js": `import { existsSync, readFileSync, writeFileSync } from "node:fs"
import test from "node:test"
import { double, update } from "../src/double.js"
const file = new URL("__snapshots__/double.snap", import.meta.url)
test("is what it was", () => {
  if (update) writeFileSync(file, String(double(2)))
  if (!existsSync(file) || readFileSync(file, "utf8") !== String(double(2))) throw new Error("not as it was")
})
`,
  "test/__snapshots__/other.snap": "0"
}

describe.skipIf(!requireRuntime("bubblewrap"))("green by what the run wrote itself", () => {
  inCoding(
    "is none where the tests were compared with it",
    { ...javascript.project, "src/double.js": "export const double = () => 0\nexport const update = false\n" },
    snapshot,
    (session) =>
      Effect.gen(function*() {
        yield* session.write({ "src/double.js": "export const double = () => 0\nexport const update = true\n" })
        const { told, verdict } = yield* session.run()
        assert.strictEqual(verdict.verdict, "none", told)
        assert.match(verdict.reason, /wrote what it compared with \(A test\/__snapshots__\/double\.snap\)/)
      })
  )
})
