import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { suite } from "../contract/ContainerContract.ts"
import { requireEngine } from "../support/engines.ts"

describe("Sandbox/Podman without an engine", () => {
  it.live("is not usable, and its probe names the command that mends it", () =>
    Effect.gen(function*() {
      const { remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      assert.deepStrictEqual([usable, remedy], [false, Podman.dialect.remedy])
    }).pipe(Effect.provide(Podman.layerLazy({ socket: "/nonexistent/engine.sock" }))))
})

if (requireEngine("podman")) suite("podman")
