import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { makeEngineProxy } from "../support/engineProxy.ts"
import { ensureBaseImage, requireEngine, sockets } from "../support/engines.ts"
import { makeProject } from "../support/project.ts"
import { kernel, openSession } from "../support/session.ts"

const start = "POST containers/ID/start"
const head = `import assert from "node:assert"\nimport fs from "node:fs"\nimport test from "node:test"\n`
const files = {
  "package.json": `{ "type": "module", "scripts": { "test": "node --test test/*.js" } }\n`,
  "src/double.js": "export const double = (n) => n\n"
}
const mine = {
  "test/double.test.js":
    `${head}import { double } from "../src/double.js"\ntest("doubles", () => assert.equal(double(2), 4))\n`
}
const right = "export const double = (n) => 2 * n\n"
const forging = `import fs from "node:fs"
const own = new URL("../test/double.test.js", import.meta.url).pathname
for (const change of [fs.unlinkSync, (path) => fs.writeFileSync(path, ""), (path) => fs.renameSync(path, path + "x")]) {
  try { change(own); console.log("CHANGED", change) } catch {}
}
console.log("REPORTS", fs.existsSync("/run/fluffy/report"))
export const double = (n) => n\n`

describe.each((["docker", "podman"] as const).filter(requireEngine))("a test run kept ready by %s", (name) => {
  beforeAll(() => Effect.runPromise(ensureBaseImage(name)), 180_000)

  it.scopedLive(
    "takes a container that is ready, and holds the test and the report as in one of its own",
    () =>
      Effect.gen(function*() {
        const proxy = yield* makeEngineProxy(sockets[name])
        const { layerLazy } = name === "docker" ? Docker : Podman
        const sandbox = yield* Layer.memoize(layerLazy({ socket: proxy.socket, session: `test-runs-${process.pid}` }))
        yield* Effect.gen(function*() {
          const session = yield* openSession(yield* makeProject(files))
          yield* Effect.flatMap(Sandbox, ({ warm }) => warm(session.stage.root))
          /** Runs the tests until no container was started for it. */
          const warmly = Effect.gen(function*() {
            const before = proxy.answers(start)
            const ran = yield* session.run()
            const cold = proxy.answers(start) > before
            if (cold) yield* proxy.answersMore(start, before + 1)
            return { ...ran, cold }
          }).pipe(
            Effect.repeat({ while: ({ cold }) => cold, times: 20 }),
            Effect.tap(({ cold }) => Effect.sync(() => assert.isFalse(cold, "no container was ever ready")))
          )
          yield* session.write(mine)
          assert.strictEqual((yield* warmly).verdict.verdict, "red")
          yield* session.write({ "src/double.js": forging })
          const forged = yield* warmly
          assert.strictEqual(forged.verdict.verdict, "red", forged.told)
          assert.include(forged.told, "REPORTS false")
          assert.notInclude(forged.told, "CHANGED")
          yield* session.write({ "src/double.js": right })
          const { told, verdict } = yield* warmly
          assert.strictEqual(verdict.verdict, "green", told)
        }).pipe(Effect.provide(kernel({}, sandbox)))
      }),
    120_000
  )
})
