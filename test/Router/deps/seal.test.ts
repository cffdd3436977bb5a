import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { lstatSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { madeIn, seal, sumOf } from "../../../src/Router/deps/seal.ts"

/** A folder that a shell script fills, given to `use`. */
const made = (script: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "fluffy-seal-"))
      execFileSync("sh", ["-ec", `mkdir node_modules; ${script}`], { cwd: folder })
      return folder
    }),
    (folder) => Effect.sync(() => execFileSync("sh", ["-c", "chmod -R u+rwx \"$0\"; rm -rf \"$0\"", folder]))
  )

const refused: ReadonlyArray<readonly [what: string, script: string, said: RegExp]> = [
  ["an absolute link", "ln -s /etc/passwd node_modules/a", /leaves the tree, to "\/etc\/passwd"/],
  ["a link above the folder", "ln -s ../../etc node_modules/a", /leaves the tree/],
  ["a link to a file beside the tree", "ln -s ../package.json node_modules/a", /leaves the tree/],
  ["a link to no member", "ln -s ../packages/two node_modules/a", /leaves the tree/],
  ["a link that goes down and up again", "mkdir node_modules/b; ln -s b/../../../x node_modules/a", /leaves the tree/],
  [
    "a link through another one",
    "mkdir -p node_modules/b/c; ln -s b/c node_modules/a; ln -s a/../../../x node_modules/d",
    /leaves the tree/
  ],
  ["a FIFO", "mkfifo node_modules/a", /is a device, a FIFO or a socket/],
  ["a setuid file", "echo > node_modules/a; chmod 4755 node_modules/a", /is setuid or setgid/],
  ["a setgid file", "echo > node_modules/a; chmod 2755 node_modules/a", /is setuid or setgid/],
  ["a name that is not UTF-8", "echo > \"node_modules/$(printf 'a\\377')\"", /has a name that is not UTF-8/]
]

for (const [what, script, said] of refused) {
  it.scoped(`no layer is made of ${what}`, () =>
    Effect.gen(function*() {
      const folder = yield* made(script)
      const sum = seal(madeIn(folder, ["node_modules"]), ["packages/one"])
      assert.match(String(sum), said)
    }))
}

it.scoped("a layer keeps plain files, links in it and to members, and what can be run", () =>
  Effect.gen(function*() {
    const folder = yield* made(
      "mkdir -p node_modules/.bin node_modules/b; echo > node_modules/b/run; chmod 700 node_modules/b/run; echo > node_modules/b/x; " +
        "ln -s ../b/run node_modules/.bin/run; ln -s ../packages/one node_modules/one; ln -s ../one/cli node_modules/.bin/cli; chmod 000 node_modules/b/x"
    )
    const trees = madeIn(folder, ["node_modules", "packages/one/node_modules"])
    const sum = seal(trees, ["packages/one"])
    if (typeof sum === "string") return assert.fail(sum)
    assert.strictEqual(sum.entries, 8)
    assert.strictEqual(lstatSync(join(folder, "node_modules/b/run")).mode & 0o777, 0o555)
    assert.strictEqual(lstatSync(join(folder, "node_modules/b/x")).mode & 0o777, 0o444)
    assert.deepStrictEqual(sumOf(trees), sum)
    execFileSync(
      "sh",
      ["-c", "chmod u+w node_modules/b/x; echo more >> node_modules/b/x; chmod 444 node_modules/b/x"],
      { cwd: folder }
    )
    assert.notStrictEqual(sumOf(trees)?.digest, sum.digest)
  }))

it.scoped("a tree that is reached through a link is none", () =>
  Effect.gen(function*() {
    const folder = yield* made("ln -s /usr packages; ln -s /etc other")
    assert.isEmpty(madeIn(folder, ["other", "packages/lib"]))
  }))
