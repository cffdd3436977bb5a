import { Effect } from "effect"
import * as Docker from "../src/Sandbox/Docker.ts"
import * as Podman from "../src/Sandbox/Podman.ts"
import type { BenchRow } from "./report.ts"

const engines = [
  { module: Docker, socket: "/var/run/docker.sock" },
  { module: Podman, socket: "/run/podman/podman.sock" }
]

export type Engine = (typeof engines)[number]

/** An agent thinks between two commands; in this time, in ms, an engine starts what the next one needs. */
export const thinkingMs = 1000

/** No figures of an engine, and the reason on standard error. */
export const unmeasured = (bench: string, engine: string, { message }: Error): Effect.Effect<ReadonlyArray<BenchRow>> =>
  Effect.sync(() => {
    process.stderr.write(`bench/${bench} measures no ${engine}: ${message}\n`)
    return []
  })

/** What is measured of each engine, one after the other. */
export const ofEach = async (
  measure: (engine: Engine) => Effect.Effect<ReadonlyArray<BenchRow>, unknown>
): Promise<ReadonlyArray<BenchRow>> => {
  const rows: Array<BenchRow> = []
  for (const engine of engines) rows.push(...await Effect.runPromise(measure(engine)))
  return rows
}
