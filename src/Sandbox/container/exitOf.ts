import { setTimeout as pause } from "node:timers/promises"
import type { Engine } from "./Engine.ts"
import type { EngineFacts } from "./EngineFacts.ts"

const firstPauseMs = 4
const longestPauseMs = 250
const missedAfterMs = 500
const never = new Promise<never>(() => {})

const polled = async (engine: Engine, id: string, signal: AbortSignal): Promise<number> => {
  for (let ms = firstPauseMs;; ms = Math.min(ms * 1.5, longestPauseMs)) {
    const { exitCode, running } = await engine.state(id)
    if (!running) return exitCode
    await pause(ms, undefined, { signal })
  }
}

/** Docker may get to the start of a short command before it gets to the wait for its exit, and then the wait has no end. */
const waited = async (engine: Engine, id: string, closed: Promise<void>, signal: AbortSignal): Promise<number> => {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const missed = async () => {
    await closed
    await pause(missedAfterMs, undefined, { signal: either })
    return polled(engine, id, either)
  }
  return Promise.race([engine.exit(id), missed().catch(() => never)]).finally(() => over.abort())
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
  if (name === "docker") return waited(engine, id, closed, signal)
  await closed
  return polled(engine, id, signal)
}
