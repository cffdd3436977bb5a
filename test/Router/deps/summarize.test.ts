import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { layersOnDisk } from "../../../src/Router.ts"
import { npm } from "../../../src/Router/deps/npm.ts"
import { pip } from "../../../src/Router/deps/pip.ts"
import { summarize } from "../../../src/Router/deps/summarize.ts"
import { temporary } from "../../support/diskProject.ts"
import { makeProject } from "../../support/project.ts"
import { requireRuntime } from "../../support/require.ts"
import { kernel, openSession } from "../../support/session.ts"

const lockOf = (packages: object) =>
  JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "app", version: "1.0.0" }, ...packages } })
const locked = (packages: object) => npm.packages(Buffer.from(lockOf(packages)))!
const pinned = (text: string) => pip.packages(Buffer.from(text))!

const at = (name: string, version: string, host = "npm.example") => ({
  version,
  resolved: `https://${host}/${name}-${version}.tgz`,
  integrity: `sha512-${createHash("sha512").update(name + version).digest("base64")}`
})

const old = {
  "node_modules/kept": at("kept", "1.0.0"),
  "node_modules/gone": at("gone", "1.0.0"),
  "node_modules/newer": at("newer", "1.0.0"),
  "node_modules/moved": at("moved", "1.0.0")
}

it("says what a lockfile adds, removes and changes, from where, and what has no hash", () =>
  assert.strictEqual(
    summarize(
      "package-lock.json",
      locked(old),
      locked({
        "packages/one": { version: "1.0.0" },
        "node_modules/one": { resolved: "packages/one", link: true },
        "node_modules/kept": old["node_modules/kept"],
        "node_modules/newer": at("newer", "2.0.0"),
        "node_modules/moved": at("moved", "1.0.0", "other.example:8443"),
        "node_modules/@a/added": { version: "3.0.0", integrity: "sha512-none" },
        "node_modules/kept/node_modules/react": { ...at("x", "1.0.0"), name: "reactt" }
      })
    ),
    `package-lock.json: 5 packages, with addresses on npm.example, other.example:8443
1 without a hash of the content: @a/added 3.0.0
against the project's own lockfile:
  2 added: @a/added 3.0.0, react (which is reactt) 1.0.0
  1 removed: gone 1.0.0
  2 changed: newer 2.0.0 (was newer 1.0.0), moved 1.0.0 (another address or hash)`
  ))

it("says the same of requirements", () =>
  assert.strictEqual(
    summarize(
      "requirements.txt",
      pinned("-r other.txt\nKept==1.0\nnewer==1.0\n"),
      pinned("kept==1.0\nnewer==2.0 ; os_name == 'posix'\nnewer==1.5 --hash=sha256:00\n")
    ),
    `requirements.txt: 3 packages
2 without a hash of the content: kept 1.0, newer 2.0
against the project's own lockfile:
  1 added: newer 2.0
  1 removed: -r other.txt
  2 changed: kept 1.0 (was Kept 1.0), newer 1.5 (was newer 1.0)`
  ))

it("says so where nothing is new, and where that cannot be told", () => {
  const now = locked(old)
  const line = (before: Parameters<typeof summarize>[1]) =>
    summarize("package-lock.json", before, now).split("\n").at(-1)
  assert.strictEqual(line(locked(old)), "the packages are those of the project's own lockfile")
  assert.strictEqual(line(null), "the project has no such lockfile, so all of it is new")
  assert.strictEqual(
    line(npm.packages(Buffer.from("{"))),
    "the project's own lockfile cannot be read, so what is new cannot be told"
  )
})

it("lets no name pass for more than one, nor for a line of its own", () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`node_modules/p${n}`, at(`p${n}`, "1.0.0")]))
  const strange = { "node_modules/a 1.0.0, b": at("a", "1.0.0\n0 added"), "node_modules/\u202ec": at("c", "1.0.0") }
  const text = summarize("package-lock.json", locked({}), locked({ ...strange, ...many }))
  assert.lengthOf(text.split("\n"), 3)
  assert.include(text, `22 added: "a 1.0.0, b 1.0.0 0 added", "\\\\u{202e}c 1.0.0", p0 1.0.0`)
  assert.match(text, /, 14 more$/)
})

if (requireRuntime("bubblewrap")) {
  it.scopedLive(
    "a human who is asked about an install is told what is new in the lockfile",
    () =>
      Effect.gen(function*() {
        const layers = yield* temporary
        const project = yield* makeProject({ "package.json": "{}", "package-lock.json": lockOf(old) })
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          yield* session.write({ "package-lock.json": lockOf({ ...old, "node_modules/evil": { version: "6.6.6" } }) })
          const { outcome } = yield* session.call("deps.install", {})
          assert.strictEqual(outcome, "refused")
          assert.strictEqual(
            session.questions[0]?.reason,
            `deps.install .
a human decides (rule asks)
package-lock.json: 5 packages, with addresses on npm.example
1 without a hash of the content: evil 6.6.6
against the project's own lockfile:
  1 added: evil 6.6.6`
          )
          yield* session.write({ "package-lock.json": "{" })
          yield* session.call("deps.install", {})
          assert.match(session.questions[1]?.reason ?? "", /\nit cannot be done: package-lock\.json is none of npm 7/)
        }).pipe(
          Effect.scoped,
          Effect.provide(kernel({ layers: layersOnDisk(layers) }, undefined, [
            { name: "writes", effect: "allow", match: { action: ["fs.write", "change"] } },
            { name: "asks", effect: "require_review", reason: "a human decides", match: { action: "deps.install" } }
          ]))
        )
      }),
    120_000
  )
}
