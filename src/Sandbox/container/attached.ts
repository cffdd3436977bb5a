import type { Duplex } from "node:stream"
import { demux } from "./demux.ts"
import type { Engine } from "./Engine.ts"
import type { EngineFacts } from "./EngineFacts.ts"
import { exitOf } from "./exitOf.ts"

type Sink = (stream: "stdout" | "stderr", chunk: Uint8Array) => void

/** A container's streams and its end, got hold of before it starts. */
export interface Attached {
  readonly stream: Duplex
  /** Everything it printed has come, or nothing more will. */
  readonly closed: Promise<void>
  readonly exited: Promise<number>
  /** Who gets what it prints from now on; until then it is lost. */
  readonly printTo: (sink: Sink) => void
  /** Lets go of it; the container stays. */
  readonly release: () => void
}

const ignore = () => {}

/** Attaches to a container that is not started yet. */
export const attachTo = async (
  engine: Engine,
  facts: EngineFacts,
  id: string,
  stdin: boolean
): Promise<Attached> => {
  const stream = await engine.attach(id, stdin)
  const over = new AbortController()
  let sink: Sink = ignore
  stream.on("data", demux((name, chunk) => sink(name, chunk)))
  const closed = new Promise<void>((resolve) => stream.once("end", resolve).once("close", resolve).on("error", ignore))
  const exited = exitOf(engine, facts, id, closed, over.signal)
  exited.catch(ignore)
  return {
    stream,
    closed,
    exited,
    printTo: (next) => sink = next,
    release: () => {
      over.abort()
      stream.destroy()
    }
  }
}
