import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import { suite } from "../contract/ContainerContract.ts"
import { requireEngine, sockets } from "../support/engines.ts"
import { run, text, users } from "../support/sandbox.ts"

describe("Sandbox/Docker without an engine", () => {
  it.live("is not usable, and its probe says what mends it", () =>
    Effect.gen(function*() {
      const { remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      assert.isFalse(usable)
      assert.strictEqual(remedy, `set ${Docker.dialect.variable} to the address of an engine that runs, or unset it`)
    }).pipe(Effect.provide(Docker.layerLazy({ socket: "/nonexistent/engine.sock" }))))
})

if (requireEngine("docker")) {
  suite("docker")

  describe("Sandbox/docker and /proc", () => {
    it.live.each(users)(
      "lets user $uid write nothing of a process through it, memory least of all",
      (user) =>
        Effect.gen(function*() {
          const files = ["mem", "oom_score_adj", "uid_map", "comm"].flatMap((name) => [`self/${name}`, `1/${name}`])
          const script = `for f in ${
            files.join(" ")
          }; do (exec 3>/proc/$f) 2>/dev/null && echo $f; done; cat /proc/self/comm`
          const { stdout } = yield* run(["sh", "-c", script], { user })
          assert.strictEqual(text(stdout), "cat\n")
        }).pipe(Effect.provide(Docker.layerLazy({ socket: sockets.docker })))
    )
  })
}
