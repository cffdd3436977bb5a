import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { layersOnDisk, sweepLayers } from "../../../src/Router.ts"
import { temporary } from "../../support/diskProject.ts"
import { packageServerWith } from "../../support/packages.ts"
import { makeProject } from "../../support/project.ts"
import { here } from "../../support/proxyClient.ts"
import { requireRuntime } from "../../support/require.ts"
import { kernel, openSession } from "../../support/session.ts"
import { survivors } from "../../support/survivors.ts"

const tarball = "/tiny/-/tiny-1.0.0.tgz"
const tiny = { name: "app", version: "1.0.0", dependencies: { tiny: "1.0.0" } }
const entry = join(import.meta.dirname, "../../support/installChild.ts")

const ended = (child: ChildProcess) =>
  Effect.async<string | null>((resume) => void child.once("close", (_, signal) => resume(Effect.succeed(signal))))

if (requireRuntime("bubblewrap") && requireRuntime("openssl") && requireRuntime("npm")) {
  it.scopedLive(
    "a kernel that is killed while npm runs leaves no process, and half an install that nobody takes for one",
    () =>
      Effect.gen(function*() {
        const reached = yield* Deferred.make<void>()
        let hangs = true
        const server = yield* packageServerWith((path) => {
          if (path !== tarball || !hangs) return undefined
          Effect.runSync(Deferred.succeed(reached, undefined))
          return null
        })
        const url = `https://${server.host}:${server.port}/`
        const ca = join(server.ca, "ca.pem")
        const place = yield* temporary
        chmodSync(place, 0o755)
        const layers = join(place, "layers")
        mkdirSync(join(place, "tmp"))
        // An ordinary user cannot remove what is read-only.
        yield* Effect.addFinalizer(() => Effect.sync(() => execFileSync("chmod", ["-R", "u+w", place])))
        const project = yield* makeProject({
          "package.json": JSON.stringify(tiny),
          "package-lock.json": JSON.stringify({
            ...tiny,
            lockfileVersion: 3,
            packages: { "": tiny, "node_modules/tiny": { version: "1.0.0", resolved: `${url}${tarball.slice(1)}` } }
          }),
          ".gitignore": "node_modules/\n"
        })
        const child = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn(process.execPath, ["--import", "tsx", entry, project, layers, url, ca], {
              stdio: "inherit",
              env: { PATH: process.env["PATH"], TMPDIR: join(place, "tmp") }
            })
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        yield* Effect.raceFirst(
          Deferred.await(reached),
          Effect.flatMap(ended(child), (signal) => Effect.dieMessage(`it ended by itself, ${signal}`))
        )
        assert.isNotEmpty(survivors(url))
        const close = ended(child)
        child.kill("SIGKILL")
        assert.strictEqual(yield* close, "SIGKILL")
        // The processes of a sandbox follow their kernel, each in its own time.
        yield* Effect.iterate(survivors(url), {
          while: (left) => left.length > 0,
          body: () => Effect.delay(Effect.sync(() => survivors(url)), 20)
        })
        assert.match(readdirSync(layers).join(), /^\.new-[^,]+$/)
        hangs = false
        const install = Effect.flatMap(openSession(project), (session) => session.call("deps.install", {})).pipe(
          Effect.scoped,
          Effect.provide(kernel({
            layers: layersOnDisk(layers),
            registries: { npm: { url, hosts: [], ca } },
            network: { hosts: [], dialing: here }
          }))
        )
        assert.match((yield* install).text, /^Installed/)
        assert.strictEqual(yield* sweepLayers(layers), 1)
        const [key, ...more] = readdirSync(layers)
        assert.isEmpty(more)
        assert.isDefined(yield* layersOnDisk(layers).open(key!))
        assert.match((yield* install).text, /^It was installed before/)
      }),
    300_000
  )
}
