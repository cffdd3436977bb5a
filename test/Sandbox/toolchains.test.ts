import { assert, describe, it } from "@effect/vitest"
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { toolchains } from "../../src/Sandbox/bubblewrap/toolchains.ts"

const root = { uid: 0, gid: 0 }
const system = "/usr/local/bin:/usr/bin:/bin"

describe("toolchains", () => {
  let home = ""
  const program = (...parts: ReadonlyArray<string>) => {
    const file = join(home, ...parts)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, "#!/bin/sh\n")
    chmodSync(file, 0o755)
    return file
  }
  beforeAll(() => {
    home = join(realpathSync(mkdtempSync(join(tmpdir(), "fluffy-home-"))), "user1.0")
    mkdirSync(home)
  })
  afterAll(() => rmSync(dirname(home), { recursive: true, force: true }))

  it("shows nothing more when everything is in the system's directories", () => {
    assert.deepStrictEqual(toolchains("/usr/bin/env", system, root), { paths: [], first: [], last: [] })
  })

  it("shows the running node by its version's directory, before the system's", () => {
    const node = program(".nvm", "versions", "node", "v22.1.0", "bin", "node")
    const prefix = dirname(dirname(node))
    assert.deepStrictEqual(toolchains(node, system, root), { paths: [prefix], first: [dirname(node)], last: [] })
  })

  it("shows a node that lies bare in a home by itself, and never the home", () => {
    for (const node of [program("bin", "node"), program("tools", "node")]) {
      assert.deepStrictEqual(toolchains(node, system, root), { paths: [node], first: [dirname(node)], last: [] })
    }
  })

  it("follows dispatchers to the version they choose", () => {
    program(".pyenv", "shims", "python3")
    program(".pyenv", "versions", "3.12.1", "bin", "python3")
    writeFileSync(join(home, ".pyenv", "version"), "3.12.1\n")
    const rustup = program(".cargo", "bin", "rustup")
    symlinkSync(rustup, join(home, ".cargo", "bin", "cargo"))
    program(".rustup", "toolchains", "stable-x86_64", "bin", "cargo")
    writeFileSync(join(home, ".rustup", "settings.toml"), "default_toolchain = \"stable-x86_64\"\n")
    const path = `${join(home, ".pyenv", "shims")}:${join(home, ".cargo", "bin")}:${system}`
    const python = join(home, ".pyenv", "versions", "3.12.1")
    const rust = join(home, ".rustup", "toolchains", "stable-x86_64")
    assert.deepStrictEqual(toolchains("/usr/bin/env", path, root), {
      paths: [python, rust],
      first: [],
      last: [join(python, "bin"), join(rust, "bin")]
    })
  })

  it("does not let a version file lead elsewhere", () => {
    for (const version of ["..", "../..", "/", "../../.ssh"]) {
      writeFileSync(join(home, ".pyenv", "version"), `${version}\n`)
      assert.deepStrictEqual(toolchains("/usr/bin/env", join(home, ".pyenv", "shims"), root).paths, [], version)
    }
  })

  it("leaves out programs that lie in a directory of no one version", () => {
    program("go", "bin", "go")
    program(".local", "bin", "uv")
    const path = ["go", ".local"].map((name) => join(home, name, "bin")).join(":")
    assert.deepStrictEqual(toolchains("/usr/bin/env", path, root).paths, [])
  })

  it("leaves out what the sandbox's user cannot reach", () => {
    const node = program(".nvm", "versions", "node", "v22.1.0", "bin", "node")
    chmodSync(home, 0o700)
    const other = { uid: 12345, gid: 12345 }
    assert.deepStrictEqual(toolchains(node, system, other), { paths: [], first: [], last: [] })
  })
})
