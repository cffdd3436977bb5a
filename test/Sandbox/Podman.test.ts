import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { suite } from "../contract/ContainerContract.ts"
import { requireEngine, sockets } from "../support/engines.ts"
import { fluffy } from "../support/fluffy.ts"
import { stage, users } from "../support/sandbox.ts"

describe("Sandbox/Podman without an engine", () => {
  it.live("is not usable, and its probe says what mends it", () =>
    Effect.gen(function*() {
      const { remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      assert.isFalse(usable)
      assert.strictEqual(remedy, `set ${Podman.dialect.variable} to the address of an engine that runs, or unset it`)
    }).pipe(Effect.provide(Podman.layerLazy({ socket: "/nonexistent/engine.sock" }))))
})

if (requireEngine("podman")) {
  suite("podman")

  describe("fluffy sandbox prune", () => {
    it.scopedLive("goes through every engine that is here, and through one that is named", () =>
      Effect.gen(function*() {
        const cwd = yield* stage(users[0]!)
        const [DOCKER_HOST, CONTAINER_HOST] = ["unix:///nonexistent.sock", `unix://${sockets.podman}`]
        const prune = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
          Effect.map(fluffy(["sandbox", "prune", ...args], { cwd, env }), ({ exitCode }) => exitCode)
        assert.strictEqual(yield* prune({ DOCKER_HOST, CONTAINER_HOST }), 0)
        assert.strictEqual(yield* prune({ DOCKER_HOST, CONTAINER_HOST }, "--sandbox", "docker"), 7)
        assert.strictEqual(yield* prune({ DOCKER_HOST, CONTAINER_HOST: DOCKER_HOST }), 7)
      }))
  })
}
