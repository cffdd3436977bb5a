import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { existsSync } from "node:fs"
import { sandbox } from "../../src/cli/doctor/sandbox.ts"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { requireEngine, sockets } from "../support/engines.ts"
import { requireRuntime } from "../support/require.ts"
import { isRoot } from "../support/sandbox.ts"

const environment = ConfigProvider.fromMap(
  new Map([["PATH", process.env["PATH"] ?? ""], ["CONTAINER_HOST", `unix://${sockets.podman}`]])
)

const warnings = Effect.flatMap(Sandbox, ({ probe }) => Effect.map(probe, ({ warnings }) => warnings))

/** What doctor says of each runtime here. */
const told = sandbox({
  sandbox: "bubblewrap",
  image: undefined,
  imageBy: "user",
  baseImage: undefined,
  projectImage: false,
  project: undefined
}).pipe(Effect.withConfigProvider(environment))

const notes = (name: string) =>
  Effect.map(
    told,
    (findings) =>
      findings.filter((one) => one.name === name && one.detail.startsWith("note: ")).map(({ detail }) =>
        detail.slice("note: ".length)
      )
  )

const isFirstVersion = !existsSync("/sys/fs/cgroup/cgroup.controllers")

describe("fluffy doctor", () => {
  if (requireRuntime("bubblewrap")) {
    it.live("says what the runtime that is taken cannot enforce", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* notes("sandbox"), yield* Effect.provide(warnings, Bubblewrap.layerLazy()))
        if (!isRoot) assert.include((yield* notes("sandbox")).join(), "memory is bounded per process")
      }), 120_000)
  }
  if (requireEngine("podman")) {
    it.live(
      "says what another runtime cannot enforce, and what stands in for each limit",
      () =>
        Effect.gen(function*() {
          const layer = Podman.layerLazy({ socket: sockets.podman })
          const said = yield* notes("podman")
          assert.deepStrictEqual(said, yield* Effect.provide(warnings, layer))
          if (isRoot || !isFirstVersion) return
          for (const instead of ["bounded per process", "RLIMIT_NPROC", "only wall time is"]) {
            assert.include(said.join(), instead)
          }
        }),
      120_000
    )
  }
})
