import { call, type Say, says, text, type Turn } from "../support/ModelServer.ts"

/** One language's way from red to green, as a model would go it: the same for every dialect. */
export interface Walk {
  readonly testPath: string
  readonly sourcePath: string
  readonly testText: string
  readonly edit: { readonly old: string; readonly new: string }
}

export const javascriptWalk: Walk = {
  testPath: "test/multiply.test.js",
  sourcePath: "src/sums.js",
  testText: `import assert from "node:assert"
import test from "node:test"
import { multiply } from "../src/sums.js"

test("multiplies", () => assert.equal(multiply(3, 4), 12))
`,
  edit: {
    old: "export const add = (a, b) => a + b\n",
    new: "export const add = (a, b) => a + b\n\n// ×\nexport const multiply = (a, b) => a * b\n"
  }
}

export const pythonWalk: Walk = {
  testPath: "tests/test_multiply.py",
  sourcePath: "sums.py",
  testText: `import unittest
from sums import multiply


class MultiplyTest(unittest.TestCase):
    def test_multiplies(self):
        self.assertEqual(multiply(3, 4), 12)
`,
  edit: {
    old: "def add(a, b):\n    return a + b\n",
    new: "def add(a, b):\n    return a + b\n\n\ndef multiply(a, b):\n    return a * b\n"
  }
}

export const read = (walk: Walk): Say => call("fs.read", { path: walk.sourcePath })
export const writeTest = (walk: Walk): Say => call("fs.write", { path: walk.testPath, content: walk.testText })
export const writeCode = (walk: Walk): Say => call("fs.edit", { path: walk.sourcePath, ...walk.edit })
export const runTests: Say = call("test.run", {})
export const complete: Say = call("task.complete", { summary: "Added multiply with its test." })

/** Read, write a test, red, write code, green, complete. */
export const wholeWalk = (walk: Walk): ReadonlyArray<Turn> => [
  says(text("I look at the code first. "), read(walk), call("fs.list", { path: "." })),
  says(text("Now a test — “×”."), writeTest(walk)),
  says(runTests),
  says(writeCode(walk)),
  says(runTests),
  says(complete)
]
