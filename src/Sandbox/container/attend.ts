import { capture } from "../bubblewrap/output.ts"
import { children, identify, type Process, signal as send } from "../bubblewrap/processes.ts"
import { watch } from "../bubblewrap/watch.ts"
import { type SandboxCommand, type SandboxResult, writable } from "../SandboxCommand.ts"
import type { Attached } from "./attached.ts"
import type { Engine } from "./Engine.ts"
import type { EngineFacts } from "./EngineFacts.ts"
import { localProcess } from "./localProcess.ts"
import { watchMemory } from "./outOfMemory.ts"

/** A container that is attached to, what is to run in it, and what makes it run that. */
export interface Attended {
  readonly engine: Engine
  readonly facts: EngineFacts
  readonly id: string
  readonly command: SandboxCommand
  readonly attached: Attached
  readonly begin: () => Promise<unknown>
}

/** How it ended: with a result, or with a defect of whoever watches the output. */
export type Outcome =
  | { readonly _tag: "Ended"; readonly result: SandboxResult }
  | { readonly _tag: "Died"; readonly defect: unknown }

type Ended = SandboxResult["ended"]

const termGraceMs = 200
/** Where control groups hold the limits a short command is not worth a question for its process number. */
const locateAfterMs = 50
const restOfOutputMs = 2000
const beginMs = 60_000

/** How often a kill is tried again, and when an engine that does not manage it is given up, in ms. */
const patience = { killAgainMs: 1000, goneWithinMs: 15_000 }

const ignore = () => {}

/**
 * Begins the command and stays with its container until that has exited: every process in it is dead then. An aborted `signal` ends the
 * watching at once; the container is whoever's who made it.
 */
export const attend = async (
  { attached, begin, command, engine, facts, id }: Attended,
  signal: AbortSignal,
  { goneWithinMs, killAgainMs } = patience
): Promise<Outcome> => {
  const { limits } = command
  const ends: Array<() => void> = []
  const later = (ms: number, action: () => void) => {
    const timer = setTimeout(action, ms)
    ends.push(() => clearTimeout(timer))
  }
  let done = false
  const finish = () => {
    done = true
    ends.splice(0).forEach((end) => end())
  }
  signal.addEventListener("abort", finish, { once: true })

  let ended: Ended = "exit"
  let defect: { readonly error: unknown } | undefined
  let init: Process | undefined
  let starved = false
  let giveUp: (error: Error) => void = ignore
  const stuck = new Promise<never>((_, reject) => giveUp = reject)
  stuck.catch(ignore)
  let killing = false
  const kill = () => {
    if (!killing) later(goneWithinMs, () => giveUp(new Error(`the container does not end within ${goneWithinMs} ms`)))
    killing = true
    if (init !== undefined) send(init, "SIGKILL")
    engine.kill(id).catch(ignore)
    later(killAgainMs, kill)
  }
  const breakLimit = (limit: Ended, end = kill) => {
    if (ended !== "exit" || defect !== undefined) return
    ended = limit
    end()
  }
  const locate = async () => {
    init ??= await localProcess(engine, id)
    if (init === undefined || done) return
    if (facts.name === "podman") ends.push(watchMemory(init, () => starved = true))
  }
  /** The first process of a namespace takes a SIGTERM only where it has said so, its children do by themselves. */
  const ask = () => {
    later(termGraceMs, kill)
    if (init === undefined) return
    const below = children(init.pid).map(identify)
    for (const process of below.length === 0 ? [init] : below) if (process !== undefined) send(process, "SIGTERM")
  }
  const output = capture(limits.outputBytes, (stream, chunk) => {
    try {
      command.onOutput?.(stream, chunk)
    } catch (error) {
      defect ??= { error }
      kill()
    }
  }, () => breakLimit("output"))

  try {
    attached.printTo(output.take)
    ends.push(watch(() => init?.pid, limits, writable(command.mounts), breakLimit))
    const since = performance.now()
    let began = false
    later(beginMs, () => began || giveUp(new Error(`the engine starts nothing within ${beginMs} ms`)))
    await Promise.race([begin(), stuck])
    began = true
    later(limits.timeoutMs, () => breakLimit("timeout", ask))
    later(facts.enforced.memory && facts.enforced.processes ? locateAfterMs : 0, () => void locate().catch(ignore))
    const exitCode = await Promise.race([attached.exited, stuck])
    await Promise.race([attached.closed, new Promise<void>((resolve) => later(restOfOutputMs, resolve))])
    const durationMs = performance.now() - since
    if (defect !== undefined) return { _tag: "Died", defect: defect.error }
    // Only a failure can be one of memory, so a command that succeeds is not asked about.
    if (ended === "exit" && exitCode !== 0 && (starved || (await engine.state(id)).outOfMemory)) ended = "memory"
    const [stdout, stderr] = [output.bytes("stdout"), output.bytes("stderr")]
    return { _tag: "Ended", result: { exitCode, ended, stdout, stderr, durationMs } }
  } finally {
    signal.removeEventListener("abort", finish)
    finish()
  }
}
