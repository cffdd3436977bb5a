import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { requireRuntime } from "./support/require.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const npm = (...args: ReadonlyArray<string>) => execFileSync("npm", [...args], { cwd: root, encoding: "utf8" })

/** A folder outside the repository with the app, the packed package, and of other packages those alone that it declares. */
const install = (folder: string) => {
  const app = join(folder, "app")
  cpSync(join(root, "test/embed"), app, { recursive: true })
  const modules = join(app, "node_modules")
  const target = join(modules, "fluffy-kernel")
  mkdirSync(target, { recursive: true })
  const [packed] = JSON.parse(npm("pack", "--json", "--ignore-scripts", "--pack-destination", folder))
  execFileSync("tar", ["-xzf", join(folder, packed.filename), "-C", target, "--strip-components=1"])
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8"))
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(modules, name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, "node_modules", name), link)
  }
  return app
}

const writeProject = (folder: string) => {
  const project = join(folder, "project")
  mkdirSync(join(project, "src"), { recursive: true })
  writeFileSync(join(project, "package.json"), `{ "type": "module", "scripts": { "test": "node --test" } }\n`)
  writeFileSync(join(project, "src/add.js"), "export const add = () => 0\n")
  // The engine of the packed package has to start for it, or every path is denied.
  mkdirSync(join(project, ".fluffy/policies"), { recursive: true })
  writeFileSync(
    join(project, ".fluffy/policies/no-docs.ts"),
    `export default ({ path }: { readonly path?: string }) =>
      path?.startsWith("docs/") === true ? { effect: "deny", reason: "no docs" } : undefined
    export const examples = { match: [{ action: "change", path: "docs/a.md" }], no_match: [{ action: "merge", path: "a" }] }`
  )
  return project
}

describe.skipIf(!requireRuntime("bubblewrap"))("an app that embeds the packed package", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fluffy-embed-"))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("runs a task with its own model and its own audit log", () => {
    const app = install(folder)
    const project = writeProject(folder)
    const state = join(project, ".fluffy/state")
    const output = execFileSync(process.execPath, [join(app, "app.mjs"), project, state], {
      encoding: "utf8",
      cwd: app
    })
    const result = JSON.parse(output)
    assert.deepInclude(result, { outcome: "done", exitCode: 0, verdicts: ["red", "green"], broken: [] })
    assert.deepStrictEqual([...result.changed].toSorted(), ["src/add.js", "test/add.test.js"])
    assert.includeMembers(result.actions, ["session", "tool", "test", "merge"])
    assert.include(readFileSync(join(project, "src/add.js"), "utf8"), "a + b")
    assert.isTrue(existsSync(join(project, "test/add.test.js")))
  })
})
