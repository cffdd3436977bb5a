import { Effect } from "effect"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { run } from "../support/sandbox.ts"

// A kernel of its own for tests that kill one, or start it with descriptors left open: runs its arguments in a sandbox.
const [program = "true", ...args] = process.argv.slice(2)
const show = (_: string, chunk: Uint8Array) => void process.stdout.write(chunk)
await Effect.runPromise(Effect.provide(run([program, ...args], { onOutput: show }), Bubblewrap.layerLazy()))
