import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import { suite } from "../contract/ContainerContract.ts"
import { requireEngine } from "../support/engines.ts"

describe("Sandbox/Docker without an engine", () => {
  it.live("is not usable, and its probe names the command that mends it", () =>
    Effect.gen(function*() {
      const { remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      assert.deepStrictEqual([usable, remedy], [false, Docker.dialect.remedy])
    }).pipe(Effect.provide(Docker.layerLazy({ socket: "/nonexistent/engine.sock" }))))
})

if (requireEngine("docker")) suite("docker")
