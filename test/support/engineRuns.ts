import { Effect } from "effect"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { command } from "./sandbox.ts"

// A kernel of its own for a test that kills it: engine, socket, session, directory to write, then a command to run again and again there.
const [engine, socket = "", session = "", root = "", times = "1", timeoutMs = "20000", program = "true", ...args] =
  process.argv.slice(2)
const show = (_: string, chunk: Uint8Array) => void process.stdout.write(chunk)
const { layerLazy } = engine === "podman" ? Podman : Docker
const line = command([program, ...args], {
  onOutput: show,
  limits: { timeoutMs: Number(timeoutMs) },
  ...(root === "" ? {} : { mounts: [{ source: root, target: "/srv/p", mode: "rw" }], cwd: "/srv/p" })
})
await Effect.gen(function*() {
  const sandbox = yield* Sandbox
  yield* sandbox.warm(root)
  for (let time = 0; time < Number(times); time++) {
    if (time > 0) yield* Effect.sleep("1 second")
    yield* sandbox.run(line)
  }
}).pipe(Effect.scoped, Effect.provide(layerLazy({ socket, session })), Effect.runPromise)
