import { setTimeout as pause } from "node:timers/promises"
import type { Engine } from "./Engine.ts"
import type { EngineFacts } from "./EngineFacts.ts"

const firstPauseMs = 4
const longestPauseMs = 250

const polled = async (engine: Engine, id: string, signal: AbortSignal): Promise<number> => {
  for (let ms = firstPauseMs;; ms = Math.min(ms * 1.5, longestPauseMs)) {
    const { exitCode, running } = await engine.state(id)
    if (!running) return exitCode
    await pause(ms, undefined, { signal })
  }
}

/**
 * The exit code of a container that is about to start, once it has exited. Podman's `wait` looks every 250 ms: there the end of its
 * output says when to ask, and a command that has closed its output is asked for less and less often.
 */
export const exitOf = async (
  engine: Engine,
  { name }: EngineFacts,
  id: string,
  closed: Promise<void>,
  signal: AbortSignal
): Promise<number> => {
  if (name === "docker") return engine.exit(id)
  await closed
  return polled(engine, id, signal)
}
