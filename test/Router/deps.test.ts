import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, type Scope } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ProjectPath, root } from "../../src/domain/ProjectPath.ts"
import { defaults } from "../../src/KernelConfig.ts"
import { layersOnDisk, pruneLayers, registryHosts, type RouterOptions, sweepLayers } from "../../src/Router.ts"
import { find } from "../../src/Router/deps/find.ts"
import { install } from "../../src/Router/deps/install.ts"
import { pip } from "../../src/Router/deps/pip.ts"
import { gather } from "../../src/Router/Leaves.ts"
import type { ToolContext } from "../../src/Router/Tool.ts"
import { publicDialing } from "../../src/Sandbox.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { ensureBaseImage, requireEngine, sockets } from "../support/engines.ts"
import { type Further, type PackageServer, packageServerWith } from "../support/packages.ts"
import { contents, makeProject } from "../support/project.ts"
import { here } from "../support/proxyClient.ts"
import { requireRuntime } from "../support/require.ts"
import { isRoot } from "../support/sandbox.ts"
import { kernel, openSession } from "../support/session.ts"

interface Place {
  readonly layers: string
  readonly server: PackageServer
  readonly options: Partial<RouterOptions>
}

const place = (further: Further = () => undefined): Effect.Effect<Place, never, Scope.Scope> =>
  Effect.gen(function*() {
    const layers = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const directory = realpathSync(mkdtempSync(join(tmpdir(), "fluffy-deps-")))
        chmodSync(directory, 0o755)
        return directory
      }),
      (directory) => Effect.sync(() => execFileSync("rm", ["-rf", directory]))
    )
    const server = yield* packageServerWith(further)
    const url = `https://${server.host}:${server.port}/`
    const ca = join(server.ca, "ca.pem")
    return {
      layers: join(layers, "layers"),
      server,
      options: {
        layers: layersOnDisk(join(layers, "layers")),
        registries: { npm: { url, hosts: [], ca }, pip: { url: `${url}simple/`, hosts: [], ca } },
        network: { hosts: [], dialing: here }
      }
    }
  })

const keysIn = ({ layers }: Place) => existsSync(layers) ? readdirSync(layers) : []

const manifest = JSON.stringify({
  name: "app",
  version: "1.0.0",
  scripts: { postinstall: "touch /tmp/ran" },
  dependencies: { tiny: "1.0.0" }
})

const lockOf = (tiny: object, more: object = {}) =>
  JSON.stringify({
    name: "app",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": { name: "app", version: "1.0.0", dependencies: { tiny: "1.0.0" } },
      "node_modules/tiny": tiny,
      ...more
    }
  })

const files = (tiny: object = { version: "1.0.0" }, more: object = {}) => ({
  "package.json": manifest,
  "package-lock.json": lockOf(tiny, more),
  "src/secret-source.js": "export const mine = 'nobody else reads this'\n",
  ".gitignore": "node_modules/\n.venv/\n"
})

/** A package as npm packs it, made by a shell script in an empty folder `package`; `tar` are further arguments to make it with. */
const packed = (script: string, tar: ReadonlyArray<string> = ["package"]): Buffer => {
  const directory = mkdtempSync(join(tmpdir(), "fluffy-packed-"))
  try {
    mkdirSync(join(directory, "package"))
    writeFileSync(join(directory, "package/package.json"), JSON.stringify({ name: "tiny", version: "1.0.0" }))
    execFileSync("sh", ["-c", script], { cwd: join(directory, "package") })
    return execFileSync("tar", ["-cz", "-P", "-C", directory, ...tar])
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const tarball = "/tiny/-/tiny-1.0.0.tgz"
const answering = (body: Buffer | null): Further => (path) => path === tarball ? body : undefined
const tinyAt = ({ host, port }: PackageServer) => ({ version: "1.0.0", resolved: `https://${host}:${port}${tarball}` })

const requireTiny = { command: "node", args: ["-p", "require('tiny')"] }

const sumOf = (directory: string) => createHash("sha256").update(JSON.stringify(contents(directory))).digest("hex")

if (requireRuntime("bubblewrap") && requireRuntime("openssl") && requireRuntime("npm")) {
  it.scopedLive(
    "deps.install shows what the lockfile says, and the project is not written",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        const before = contents(project)
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const first = yield* session.call("deps.install", {})
          assert.strictEqual(first.outcome, "ok", first.text)
          assert.match(first.text, /Read-only at node_modules from now on\. Install scripts of packages did not run\./)
          assert.include((yield* session.call("shell.exec", requireTiny)).text, "tiny from npm")
          const read = yield* session.stage.read(ProjectPath.make("node_modules/tiny/index.js"))
          assert.include(Buffer.from(read.bytes).toString(), "tiny from npm")
          const changes = yield* session.stage.changes
          assert.isEmpty(changes)
          const asked = at.server.requests.length
          const again = yield* session.call("deps.install", {})
          assert.match(again.text, /^It was installed before/)
          assert.strictEqual(at.server.requests.length, asked)
          const [installed, kept] = yield* session.recorded("deps.installed")
          assert.strictEqual(installed?.["outcome"], "installed")
          assert.strictEqual(kept?.["outcome"], "kept before")
          assert.strictEqual(installed?.["layer"], kept?.["layer"])
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        assert.deepStrictEqual(contents(project), before)
        assert.strictEqual(keysIn(at).length, 1)
      }),
    120_000
  )

  it.scopedLive(
    "a later session is shown the same without a network, and cannot change it",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        yield* Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
          Effect.scoped,
          Effect.provide(kernel(at.options))
        )
        const [key] = keysIn(at)
        const sum = sumOf(join(at.layers, key!))
        const asked = at.server.requests.length
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          assert.include((yield* session.call("shell.exec", requireTiny)).text, "tiny from npm")
          const [shown] = yield* session.recorded("deps.shown")
          assert.strictEqual(shown?.["layer"], key)
          const script =
            "chmod -R u+w node_modules; echo evil > node_modules/tiny/index.js; rm -rf node_modules/tiny; " +
            "mv node_modules old; echo x > node_modules/new; mount -o remount,rw node_modules; true"
          yield* session.call("shell.exec", { command: "sh", args: ["-c", script] })
          assert.include((yield* session.call("shell.exec", requireTiny)).text, "tiny from npm")
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        assert.strictEqual(at.server.requests.length, asked)
        assert.strictEqual(sumOf(join(at.layers, key!)), sum)
      }),
    120_000
  )

  it.scopedLive("a damaged layer is installed anew", () =>
    Effect.gen(function*() {
      const at = yield* place()
      const project = yield* makeProject(files(tinyAt(at.server)))
      const session = (name: string, args: unknown) =>
        Effect.flatMap(openSession(project), (session) => session.call(name, args)).pipe(
          Effect.scoped,
          Effect.provide(kernel({ ...at.options, layers: layersOnDisk(at.layers) }))
        )
      yield* session("deps.install", {})
      const [key] = keysIn(at)
      const file = join(at.layers, key!, "0/tiny/index.js")
      chmodSync(file, 0o644)
      appendFileSync(file, "evil()\n")
      assert.notInclude((yield* session("shell.exec", requireTiny)).text, "tiny from npm")
      assert.match((yield* session("deps.install", {})).text, /^Installed/)
      assert.strictEqual(readFileSync(file, "utf8"), "module.exports = 'tiny from npm'\n")
      assert.deepStrictEqual(keysIn(at), [key])
    }), 120_000)

  const refusals: ReadonlyArray<readonly [what: string, files: Record<string, string>, said: RegExp]> = [
    ["no lockfile", { "package.json": manifest }, /there is no lockfile in the project's root/],
    [
      "a lockfile that takes a package from a file",
      files({ version: "1.0.0", resolved: "file:../../etc/tiny.tgz" }),
      /takes node_modules\/tiny from "file:/
    ],
    [
      "a lockfile that takes a package from a path",
      files({ version: "1.0.0", resolved: "/usr/lib/node_modules/npm" }),
      /takes node_modules\/tiny from "\/usr\/lib/
    ],
    [
      "a lockfile that takes a package from a file beside it",
      files({ version: "1.0.0", resolved: "tiny.tgz" }),
      /takes node_modules\/tiny from "tiny\.tgz"/
    ],
    [
      "a lockfile that takes a package from a repository",
      files({ version: "1.0.0", resolved: "git+ssh://git@evil.example/tiny.git#abc" }),
      /takes node_modules\/tiny from "git\+ssh:/
    ],
    [
      "a lockfile that hides an address in a version",
      files({ version: "file:/usr/lib/node_modules/npm" }),
      /takes node_modules\/tiny from "file:/
    ],
    [
      "a lockfile that names a place above it",
      files(undefined, { "node_modules/../../up": { version: "1.0.0" } }),
      /names "node_modules\/\.\.\/\.\.\/up", which is not in its folder/
    ],
    [
      "a lockfile that links out of its folder",
      files({ resolved: "../other", link: true }, { "../other": { version: "1.0.0" } }),
      /is not in its folder/
    ],
    ["a link to what is no workspace", files({ resolved: "/etc", link: true }), /which is no workspace/],
    ["an old lockfile", { ...files(), "package-lock.json": "{\"lockfileVersion\":1}" }, /none of npm 7 or later/],
    ["a lockfile that is no JSON", { ...files(), "package-lock.json": "{" }, /none of npm 7 or later/],
    ["a huge lockfile", { ...files(), "package-lock.json": " ".repeat((32 << 20) + 1) }, /larger than 33554432 bytes/]
  ]
  for (const [what, given, said] of refusals) {
    it.scopedLive(`nothing is installed from ${what}, and the network is not touched`, () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(given)
        const { outcome, text } = yield* Effect.flatMap(openSession(project), (session) =>
          session.call("deps.install", {}))
          .pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        assert.strictEqual(outcome, "failed")
        assert.match(text, said)
        assert.isEmpty(at.server.requests)
        assert.isEmpty(keysIn(at))
      }), 120_000)
  }

  it.scopedLive("a lockfile that is a link is not followed", () =>
    Effect.gen(function*() {
      const at = yield* place()
      const project = yield* makeProject({ "package.json": manifest, "other.json": lockOf({ version: "1.0.0" }) })
      symlinkSync("other.json", join(project, "package-lock.json"))
      const inside = yield* Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
        Effect.scoped,
        Effect.provide(kernel(at.options))
      )
      assert.match(inside.text, /package-lock\.json is no plain file/)
      rmSync(join(project, "package-lock.json"))
      symlinkSync("/etc/passwd", join(project, "package-lock.json"))
      const outside = yield* Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
        Effect.scoped,
        Effect.provide(kernel(at.options))
      )
      assert.match(outside.text, /there is no lockfile|no plain file/)
      assert.notInclude(outside.text, "root:")
    }), 120_000)

  const failures: ReadonlyArray<
    readonly [what: string, further: Further, given: (server: PackageServer) => Record<string, string>, said: RegExp]
  > = [
    [
      "another host",
      () => undefined,
      ({ port }) => files({ version: "1.0.0", resolved: `https://evil.example:${port}${tarball}` }),
      /connections refused:\nevil\.example:\d+: .* is not on the list of hosts/
    ],
    [
      "a lockfile that does not fit the manifest",
      () => undefined,
      (server) => ({ ...files(tinyAt(server)), "package.json": `{"name":"app","dependencies":{"tiny":"^2"}}` }),
      /npm error (code ETARGET|.*can only install packages when)/
    ],
    [
      "another content than the lockfile names",
      () => undefined,
      (server) => files({ ...tinyAt(server), integrity: `sha512-${Buffer.alloc(64).toString("base64")}` }),
      /EINTEGRITY/
    ],
    [
      "paths that are too long where it is kept",
      answering(packed("for i in $(seq 20); do d=$(printf '%0200d' $i); mkdir $d; cd $d; done; echo > f")),
      (server) => files(tinyAt(server)),
      /what came of it is not taken: it holds a path longer than this system takes/
    ],
    [
      "a flood",
      answering(Buffer.alloc(8 << 20)),
      (server) => files(tinyAt(server)),
      /Nothing is installed: the command failed/
    ]
  ]
  for (const [what, further, given, said] of failures) {
    it.scopedLive(`an install fails for ${what}, and leaves nothing`, () =>
      Effect.gen(function*() {
        const at = yield* place(further)
        const project = yield* makeProject(given(at.server))
        const { outcome, text } = yield* Effect.flatMap(openSession(project), (session) =>
          session.call("deps.install", {}))
          .pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        assert.strictEqual(outcome, "failed", text)
        assert.match(text, said)
        assert.isEmpty(keysIn(at))
      }), 120_000)
  }

  it.scopedLive(
    "a package's scripts do not run, and its links and ways out of it come to nothing",
    () =>
      Effect.gen(function*() {
        const evil = packed(
          "echo 1 > index.js; ln -s /etc/passwd absolute; ln -s ../../../../../etc/passwd up; echo 2 > ../../outside || true;" +
            `echo '{"name":"tiny","version":"1.0.0","scripts":{"install":"echo 3 > ran","postinstall":"echo 3 > ran"}}' > package.json`,
          ["--transform", "s,package/index.js,package/../../../escaped.js,", "package"]
        )
        const at = yield* place(answering(evil))
        const project = yield* makeProject(
          files({ ...tinyAt(at.server), hasInstallScript: true })
        )
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const { text } = yield* session.call("deps.install", {})
          const found = yield* session.call("shell.exec", {
            command: "sh",
            args: ["-c", "find node_modules -type l -o -name ran -o -name 'escaped*'; ls"]
          })
          assert.notMatch(found.text, /ran|escaped|absolute|up$/m, text)
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        assert.deepStrictEqual(readdirSync(join(at.layers, "..")), ["layers"])
      }),
    120_000
  )

  it.scopedLive("an install that is interrupted while the registry hangs leaves nothing", () =>
    Effect.gen(function*() {
      const reached = yield* Deferred.make<void>()
      const at = yield* place((path) => {
        if (path !== tarball) return undefined
        Effect.runSync(Deferred.succeed(reached, undefined))
        return null
      })
      const project = yield* makeProject(files(tinyAt(at.server)))
      yield* Effect.gen(function*() {
        const session = yield* openSession(project)
        const fiber = yield* Effect.fork(session.call("deps.install", {}))
        yield* Effect.raceFirst(
          Deferred.await(reached),
          Effect.flatMap(Fiber.join(fiber), ({ text }) => Effect.dieMessage(text))
        )
        assert.strictEqual(keysIn(at).length, 1)
        yield* Fiber.interrupt(fiber)
        assert.isEmpty(keysIn(at))
      }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
    }), 120_000)

  it.scopedLive(
    "what installs sees the registry, the lockfile and a manifest without scripts, and no other file of the project",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject({
          ...files(tinyAt(at.server)),
          ".npmrc": "//registry/:_authToken=secret-token\n"
        })
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const leaves = yield* gather
          const found = yield* find(session.stage, root, {})
          if (typeof found === "string") return assert.fail(found)
          const script =
            "mkdir node_modules && { find . ..; cat package.json; find / -name 'secret-*' -o -name .npmrc; ls " +
            `${project}; env; echo; } > node_modules/seen 2>&1; curl -sS https://evil.example; curl -sS http://$(echo $HTTPS_PROXY); true`
          const options = { limits: defaults.limits, ...at.options } as RouterOptions
          const context = {
            leaves,
            options,
            session: session.session,
            state: yield* session.state
          } as unknown as ToolContext
          const registry = at.options.registries!.npm!
          const hosts = registryHosts(registry)
          if (typeof hosts === "string") return assert.fail(hosts)
          const wanted = { ...found, ecosystem: { ...found.ecosystem, script } }
          const key = `${"a".repeat(64)}-${"b".repeat(64)}`
          const { layer, refused } = yield* install(context, at.options.layers!, wanted, key, registry, hosts)
          const seen = readFileSync(join(layer!.trees[0]!.host, "seen"), "utf8")
          assert.include(seen, "./package-lock.json")
          assert.include(seen, "\"tiny\": \"1.0.0\"")
          assert.notMatch(seen, /secret|npmrc|postinstall|src\b/)
          assert.match(refused.join(), /evil\.example:443: .* not on the list/)
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
      }),
    120_000
  )

  it.scopedLive(
    "an install reaches no layer that is kept, nor can it leave its own folder",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          yield* session.call("deps.install", {})
          const [kept] = keysIn(at)
          const sum = sumOf(join(at.layers, kept!))
          const found = yield* find(session.stage, root, {})
          if (typeof found === "string") return assert.fail(found)
          // Its own file shows that it would find others.
          const script = "mkdir -p node_modules/tiny; echo > node_modules/tiny/index.js; exec 2>/dev/null;" +
            "echo x > ../../planted; echo x > ../../../planted; umount -l /run/fluffy/deps; mount -o bind / ..;" +
            "find / -path /proc -prune -o \\( -name layer.json -o -path '*/tiny/index.js' \\) -print " +
            "-exec sh -c 'chmod u+w {}; echo evil > {}' \\; > node_modules/found; true"
          const context = {
            leaves: yield* gather,
            options: { limits: defaults.limits, ...at.options },
            session: session.session,
            state: yield* session.state
          } as unknown as ToolContext
          const registry = at.options.registries!.npm!
          const wanted = { ...found, ecosystem: { ...found.ecosystem, script } }
          const key = `${"a".repeat(64)}-${"b".repeat(64)}`
          const { layer } = yield* install(context, at.options.layers!, wanted, key, registry, [])
          assert.strictEqual(
            readFileSync(join(layer!.trees[0]!.host, "found"), "utf8"),
            "/run/fluffy/deps/folder/node_modules/tiny/index.js\n"
          )
          assert.strictEqual(sumOf(join(at.layers, kept!)), sum)
          assert.sameMembers([...keysIn(at)], [kept, key])
          assert.deepStrictEqual(readdirSync(join(at.layers, key)).toSorted(), ["0", "layer.json"])
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
      }),
    120_000
  )

  const requirements = (text: string) => ({
    "requirements.txt": text,
    "tests/test_said.py":
      "import unittest\nimport tiny\n\n\nclass Said(unittest.TestCase):\n    def test_said(self):\n" +
      "        self.assertEqual(tiny.said, 'tiny from pip')\n",
    "tests/__init__.py": "",
    ".gitignore": ".venv/\n__pycache__/\n"
  })

  it.scopedLive(
    "a wheel of requirements.txt is found by a test run, and by a later session's",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(requirements("# what we need\ntiny==1.0.0  # said\n"))
        const run = (install: boolean) =>
          Effect.gen(function*() {
            const session = yield* openSession(project)
            const { outcome, text } = install ? yield* session.call("deps.install", {}) : { outcome: "ok", text: "" }
            assert.strictEqual(outcome, "ok", text)
            const { told, verdict } = yield* session.run()
            assert.deepStrictEqual([verdict.verdict, verdict.passed], ["green", 1], told)
          }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        yield* run(true)
        const asked = at.server.requests.length
        yield* run(false)
        assert.strictEqual(at.server.requests.length, asked)
        assert.notInclude(Object.keys(contents(project)).join(), ".venv")
      }),
    120_000
  )

  const npmConfig = (name: string) => spawnSync("npm", ["config", "get", name], { encoding: "utf8" }).stdout.trim()

  if (requireRuntime("the npm registry")) {
    it.scopedLive("a package comes from the registry of this machine", () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject({
          "package.json": JSON.stringify({ name: "app", version: "1.0.0", dependencies: { "left-pad": "1.3.0" } }),
          ".gitignore": "node_modules/\n"
        })
        execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--silent"], { cwd: project })
        const ca = npmConfig("cafile")
        const npm = { url: npmConfig("registry"), hosts: [], ca: ca === "null" ? undefined : ca }
        // It may be a mirror in a private network, which the real address check refuses.
        const network = { hosts: [], dialing: { ...publicDialing, problem: () => undefined } }
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const { outcome, text } = yield* session.call("deps.install", {})
          assert.strictEqual(outcome, "ok", text)
          const args = ["-p", "require('left-pad')('x', 3)"]
          assert.include((yield* session.call("shell.exec", { command: "node", args })).text, "  x")
        }).pipe(Effect.scoped, Effect.provide(kernel({ ...at.options, registries: { npm }, network })))
      }), 120_000)
  }

  for (const engine of ["docker", "podman"] as const) {
    if (!requireEngine(engine)) continue
    it.scopedLive(`${engine} installs the same way, into a layer of its own`, () =>
      Effect.gen(function*() {
        yield* ensureBaseImage(engine)
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        const { layerLazy } = engine === "docker" ? Docker : Podman
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const { outcome, text } = yield* session.call("deps.install", {})
          assert.strictEqual(outcome, "ok", text)
          assert.include((yield* session.call("shell.exec", requireTiny)).text, "tiny from npm")
          const spoil = ["-c", "echo evil > node_modules/tiny/index.js"]
          assert.match((yield* session.call("shell.exec", { command: "sh", args: spoil })).text, /Read-only/i)
          const [installed] = yield* session.recorded("deps.installed")
          assert.match(String(installed?.["tools"]), new RegExp(`^${engine} (sha256:)?[0-9a-f]{64} \\[`))
        }).pipe(
          Effect.scoped,
          Effect.provide(
            kernel(at.options, layerLazy({ socket: sockets[engine], session: `test-deps-${process.pid}` }))
          )
        )
      }), 120_000)
  }

  it.scopedLive("two sessions that install the same at once both have it", () =>
    Effect.gen(function*() {
      const at = yield* place()
      const one = Effect.gen(function*() {
        const project = yield* makeProject(files(tinyAt(at.server)))
        const session = yield* openSession(project)
        const { outcome, text } = yield* session.call("deps.install", {})
        assert.strictEqual(outcome, "ok", text)
        return (yield* session.call("shell.exec", requireTiny)).text
      }).pipe(Effect.scoped, Effect.provide(kernel({ ...at.options, layers: layersOnDisk(at.layers) })))
      const said = yield* Effect.all([one, one], { concurrency: 2 })
      for (const text of said) assert.include(text, "tiny from npm")
      assert.strictEqual(keysIn(at).length, 1)
    }), 120_000)

  if (isRoot) {
    it.scopedLive("a layer that another user's sandbox made belongs to root", () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        execFileSync("chown", ["-R", "65534:65534", project])
        chownSync(project, 65534, 65534)
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const { outcome, text } = yield* session.call("deps.install", {})
          assert.strictEqual(outcome, "ok", text)
          assert.include((yield* session.call("shell.exec", requireTiny)).text, "tiny from npm")
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
        const [key] = keysIn(at)
        const { mode, uid } = lstatSync(join(at.layers, key!, "0/tiny/index.js"))
        assert.deepStrictEqual([uid, mode & 0o777], [0, 0o444])
      }), 120_000)
  }

  it.scopedLive(
    "the workspaces of a lockfile are linked and get no more than their manifests",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const top = { name: "app", version: "1.0.0", workspaces: ["packages/*"] }
        const one = { name: "one", version: "1.0.0", dependencies: { tiny: "1.0.0" } }
        const project = yield* makeProject({
          "package.json": JSON.stringify(top),
          "packages/one/package.json": JSON.stringify(one),
          "packages/one/index.js": "module.exports = 'one has ' + require('tiny')\n",
          "package-lock.json": JSON.stringify({
            ...top,
            lockfileVersion: 3,
            packages: {
              "": top,
              "node_modules/one": { resolved: "packages/one", link: true },
              "node_modules/tiny": tinyAt(at.server),
              "packages/one": one
            }
          }),
          ".gitignore": "node_modules/\n"
        })
        yield* Effect.gen(function*() {
          const session = yield* openSession(project)
          const { outcome, text } = yield* session.call("deps.install", {})
          assert.strictEqual(outcome, "ok", text)
          const run = yield* session.call("shell.exec", { command: "node", args: ["-p", "require('one')"] })
          assert.include(run.text, "one has tiny from npm")
        }).pipe(Effect.scoped, Effect.provide(kernel(at.options)))
      }),
    120_000
  )

  it.scopedLive(
    "what a killed kernel left half made is removed, and what is least used when there is too much",
    () =>
      Effect.gen(function*() {
        const at = yield* place()
        const project = yield* makeProject(files(tinyAt(at.server)))
        yield* Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
          Effect.scoped,
          Effect.provide(kernel(at.options))
        )
        const half = join(at.layers, ".new-0-0-1-1.abcdef")
        mkdirSync(join(half, "shown/folder"), { recursive: true })
        chmodSync(join(half, "shown/folder"), 0o000)
        assert.strictEqual(yield* sweepLayers(at.layers), 1)
        assert.strictEqual(keysIn(at).length, 1)
        assert.strictEqual((yield* pruneLayers(at.layers, 1 << 30)).removed, 0)
        assert.strictEqual((yield* pruneLayers(at.layers, 1)).removed, 1)
        assert.isEmpty(keysIn(at))
      }),
    120_000
  )
}

for (
  const line of [
    "-r other.txt",
    "-e .",
    "--index-url https://evil.example/simple",
    "--extra-index-url=https://evil.example/simple",
    "tiny @ https://evil.example/tiny.whl",
    "./tiny",
    "/etc/passwd",
    "git+ssh://evil.example/x",
    "tiny",
    "tiny>=1",
    "tiny==1.0.0 --config-settings=x=y",
    "tiny==1.0.0 \\\n  --global-option=x",
    "tiny==1.0.0 ; x\n--no-binary :all:",
    "tiny==1.0.0 ; python_version > '3' --global-option=x",
    "tiny==1.0.0 ; os_name == '${HOME}'",
    // Python ends lines there.
    ...["\x1c", "\x1d", "\x1e", "\x85", "\v", "\f", "\u2028", "\r"].map((end) =>
      `tiny==1.0.0 ; os_name == 'x'${end}--index-url https://evil.example/simple`
    )
  ]
) {
  it.effect(`takes no requirement ${JSON.stringify(line)}`, () =>
    Effect.gen(function*() {
      const bytes = Buffer.from(`tiny==1.0.0\n${line}\n`)
      assert.match(
        String(yield* pip.read(() => Effect.succeed(bytes), "requirements.txt")),
        /is no package at one version/
      )
    }))
}
