import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** A project in a directory of its own, under git, removed with the scope. */
export const makeProject = (files: Readonly<Record<string, string>>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = mkdtempSync(join(tmpdir(), "fluffy-project-"))
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, path)), { recursive: true })
        writeFileSync(join(directory, path), content)
      }
      const git = (...args: ReadonlyArray<string>) =>
        execFileSync("git", [
          "-c",
          "user.name=t",
          "-c",
          "user.email=t@example.org",
          "-c",
          "init.defaultBranch=main",
          ...args
        ], {
          cwd: directory,
          stdio: "ignore"
        })
      git("init")
      git("add", "-A")
      git("commit", "-m", "Start")
      return directory
    }),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )

/** Every file and link of a project and its content, all but git's and Fluffy's own. */
export const contents = (directory: string): Record<string, string> => {
  const found: Record<string, string> = {}
  const walk = (relative: string) => {
    for (const name of readdirSync(join(directory, relative)).sort()) {
      if (relative === "" && (name === ".git" || name === ".fluffy")) continue
      const path = relative === "" ? name : `${relative}/${name}`
      const stat = lstatSync(join(directory, path))
      if (stat.isDirectory()) walk(path)
      else if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(directory, path))}`
      else found[path] = readFileSync(join(directory, path), "utf8")
    }
  }
  walk("")
  return found
}

export const javascript: Readonly<Record<string, string>> = {
  "package.json": `{ "name": "sums", "private": true, "type": "module", "scripts": { "test": "node --test" } }\n`,
  "README.md": "# sums\n",
  "src/sums.js": "export const add = (a, b) => a + b\n",
  "test/add.test.js": `import assert from "node:assert"
import test from "node:test"
import { add } from "../src/sums.js"

test("adds", () => assert.equal(add(1, 2), 3))
`,
  ".gitignore": ".env\nnode_modules/\n",
  ".env": "SECRET=hunter2-not-for-models\n"
}

export const python: Readonly<Record<string, string>> = {
  "README.md": "# sums\n",
  "sums.py": "def add(a, b):\n    return a + b\n",
  "tests/__init__.py": "",
  "tests/test_add.py": `import unittest
from sums import add


class AddTest(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(add(1, 2), 3)
`,
  ".gitignore": ".env\n__pycache__/\n",
  ".env": "SECRET=hunter2-not-for-models\n"
}
