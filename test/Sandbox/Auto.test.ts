import { assert, beforeAll, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { defaults } from "../../src/KernelConfig.ts"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Auto from "../../src/Sandbox/Auto.ts"
import { baseImageName } from "../../src/Sandbox/container/image.ts"
import { ensureBaseImage, requireEngine, sockets } from "../support/engines.ts"
import { requireRuntime } from "../support/require.ts"
import { stage, users } from "../support/sandbox.ts"

const nowhere = "/nonexistent/engine.sock"

/** An engine that has no image, and what it was asked. */
const emptyEngine = Effect.fnUntraced(function*() {
  const asked: Array<string> = []
  const socket = join(yield* stage(users[0]!), "engine.sock")
  yield* Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(({ method, url }, response) => {
        asked.push(`${method} ${url}`)
        response.writeHead(404).end("{}")
      }).listen(socket, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )
  return { asked, socket }
})

const devContainer = Effect.fnUntraced(function*(image: string) {
  const project = yield* stage(users[0]!)
  writeFileSync(
    join(project, ".devcontainer.json"),
    JSON.stringify({ image, runArgs: ["--privileged", "-v", "/:/host"] })
  )
  return project
})

interface Places {
  readonly docker?: string
  readonly podman?: string
  readonly path?: string
}

/** What is taken for these settings, or the error's message, on a machine with these engines. */
const taken = (choosing: Partial<Auto.Choosing>, { docker = nowhere, path, podman = nowhere }: Places = {}) => {
  const environment = { DOCKER_HOST: docker, CONTAINER_HOST: podman, PATH: path ?? process.env["PATH"] ?? "" }
  const layer = Auto.layerConfig({ ...defaults, project: undefined, ...choosing }).pipe(
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))))
  )
  return Sandbox.pipe(
    Effect.map(({ backend, chosen }) => ({ backend, why: chosen?.why, image: chosen?.image })),
    Effect.provide(layer),
    Effect.catchAll(({ message }) => Effect.succeed({ backend: undefined, why: message, image: undefined }))
  )
}

describe("Sandbox/Auto", () => {
  it.live("refuses images that you name for bubblewrap, and does without a project's", () =>
    Effect.gen(function*() {
      const yours = yield* taken({ sandbox: "bubblewrap", image: "node" })
      assert.include(yours.why, "it has no images, and node is one")
      const its = yield* taken({ sandbox: "bubblewrap", image: "node", imageBy: "project" })
      assert.deepStrictEqual(its, { backend: "bubblewrap", why: undefined, image: undefined })
    }))

  if (requireRuntime("bubblewrap")) {
    it.scopedLive("takes bubblewrap where no image is named, or none of those is here, and only asks for them", () =>
      Effect.gen(function*() {
        assert.deepInclude(yield* taken({}), { backend: "bubblewrap", why: "no image is named" })
        const project = yield* devContainer("company/secret:1")
        const { asked, socket } = yield* emptyEngine()
        const found = yield* taken({ project }, { docker: socket, podman: socket })
        const why = "the image that .devcontainer.json names is not here"
        assert.deepStrictEqual(found, { backend: "bubblewrap", why, image: undefined })
        assert.isAtLeast(asked.length, 4)
        assert.deepStrictEqual(asked.filter((line) => !/^GET \/images\/[\w./:-]+\/json$/.test(line)), [])
        assert.include(asked, "GET /images/company/secret:1/json")
      }))

    it.scopedLive("asks no engine about the images of a project that may name none", () =>
      Effect.gen(function*() {
        const project = yield* devContainer("company/secret:1")
        const { asked, socket } = yield* emptyEngine()
        const places = { docker: socket, podman: socket }
        assert.strictEqual((yield* taken({ project, projectImage: false }, places)).backend, "bubblewrap")
        assert.strictEqual((yield* taken({ project, sandbox: "bubblewrap" }, places)).backend, "bubblewrap")
        assert.deepStrictEqual(asked, [])
      }))
  }

  for (const name of ["docker", "podman"] as const) {
    if (!requireEngine(name)) continue
    describe(`with ${name}`, () => {
      const image = `localhost/fluffy-project-${process.pid}:1`
      const places = { [name]: sockets[name] }
      const engine = (args: ReadonlyArray<string>, input?: Uint8Array) => spawnSync(name, args, { input })
      const tagged = (from: string, to: string) =>
        Effect.acquireRelease(
          Effect.sync(() => engine(["tag", from, to])),
          () => Effect.sync(() => engine(["rmi", to]))
        )

      beforeAll(() => Effect.runPromise(ensureBaseImage(name)), 180_000)

      it.scopedLive("takes it with the image that a devcontainer.json names, once that is here", () =>
        Effect.gen(function*() {
          const project = yield* devContainer(image)
          assert.notStrictEqual((yield* taken({ project }, places)).backend, name)
          yield* tagged(baseImageName(name), image)
          const found = yield* taken({ project }, places)
          assert.deepStrictEqual(found, { backend: name, why: `.devcontainer.json names the image ${image}`, image })
          assert.deepStrictEqual(yield* taken({ project, sandbox: name }, places), found)
        }))

      it.scopedLive("does without an image of a project's that can run no sandbox", () =>
        Effect.gen(function*() {
          const project = yield* devContainer(image)
          yield* Effect.acquireRelease(
            Effect.sync(() => engine(["import", "-", image], new Uint8Array(1024))),
            () => Effect.sync(() => engine(["rmi", image]))
          )
          const { backend, why } = yield* taken({ project, sandbox: name }, places)
          const said = `the image ${image} that .devcontainer.json names runs no sandbox`
          assert.deepStrictEqual([backend, why], [name, said])
          assert.include((yield* taken({ project }, places)).why, said)
        }))

      it.live("takes it for an image you name, and says what to type where it has none", () =>
        Effect.gen(function*() {
          const base = baseImageName(name)
          assert.deepInclude(yield* taken({ image: base }, places), {
            backend: name,
            why: `you name the image ${base}`
          })
          const none = yield* taken({ sandbox: name, image: "localhost/none:1" }, places)
          assert.include(none.why, `${name} pull localhost/none:1`)
          const configured = yield* taken({ sandbox: name, baseImage: "registry.example.com/base:1" }, places)
          assert.include(configured.why, `${name} pull registry.example.com/base:1`)
        }))

      it.live("asks for an image by no name that would lead the request elsewhere", () =>
        Effect.gen(function*() {
          for (const imageBy of ["user", "project"] as const) {
            const { backend, why } = yield* taken({ sandbox: name, image: "../containers/x", imageBy }, places)
            assert.isUndefined(backend)
            assert.include(why, "\"../containers/x\" cannot be the name of an image")
          }
        }))

      it.live("takes it with the base image where bubblewrap is not installed", () =>
        Effect.gen(function*() {
          const why = "no image is named, and bubblewrap is not installed"
          assert.deepInclude(yield* taken({}, { ...places, path: "/nonexistent" }), { backend: name, why })
        }))
    })
  }
})
