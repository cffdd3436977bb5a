import { Effect } from "effect"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { run } from "./sandbox.ts"

// A kernel of its own for a test that kills it: engine, socket, session, then the command to run in a container.
const [engine, socket = "", session = "", program = "true", ...args] = process.argv.slice(2)
const show = (_: string, chunk: Uint8Array) => void process.stdout.write(chunk)
const { layerLazy } = engine === "podman" ? Podman : Docker
await Effect.runPromise(Effect.provide(run([program, ...args], { onOutput: show }), layerLazy({ socket, session })))
