import { setTimeout as setTimeoutPromise } from "node:timers/promises"
import { type SandboxResult, writable } from "../SandboxCommand.ts"
import { membership } from "./membership.ts"
import { capture } from "./output.ts"
import { alive, children, identify, type Process, signal } from "./processes.ts"
import { type Launch, start } from "./start.ts"
import { watch } from "./watch.ts"

/** How a launch ended: with a result, or without the command having run to an end that can be told. */
export type Outcome =
  | { readonly _tag: "Ended"; readonly result: SandboxResult }
  | { readonly _tag: "Failed"; readonly reason: "spawn" | "setup" | "io"; readonly detail: string }
  | { readonly _tag: "Died"; readonly defect: unknown }

type Ended = SandboxResult["ended"]

const termGraceMs = 200
const killGraceMs = 200
const goneWithinMs = 10_000
const SIGKILLED = 128 + 9

/** The first number after this name in what bwrap told, once it is whole. */
const told = (status: string, name: string): number | undefined => {
  const number = new RegExp(`"${name}": *(\\d+)\\D`).exec(status)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Waits until the namespace's init is gone, and with it every process of the namespace. */
const gone = async (init: Process | undefined): Promise<boolean> => {
  if (init === undefined) return true
  const since = performance.now()
  let pauseMs = 1
  while (alive(init)) {
    if (performance.now() - since > goneWithinMs) return false
    signal(init, "SIGKILL")
    await setTimeoutPromise(pauseMs)
    pauseMs = Math.min(pauseMs * 2, 50)
  }
  return true
}

const startOr = (options: Launch, undo: () => void): ReturnType<typeof start> => {
  try {
    return start(options)
  } catch (error) {
    undo()
    throw error
  }
}

/** Starts a sandbox. `stop` kills every process of it; `outcome` comes when all of them are gone. */
export const launch = (options: Launch): { readonly outcome: Promise<Outcome>; readonly stop: () => void } => {
  const { command } = options
  const { limits } = command
  const began = performance.now()
  const group = options.group === undefined ? undefined : membership(options.group)
  const { child, ...started } = startOr(options, () => group?.close())
  const timers = new Set<NodeJS.Timeout>()
  const later = (ms: number, action: () => void) => timers.add(setTimeout(action, ms))
  let status = ""
  let init: Process | undefined
  let ended: Ended = "exit"
  let state: "running" | "stopping" | "exited" = "running"
  let defect: { readonly error: unknown } | undefined
  let setup: string | undefined
  let unwatch = () => {}

  const kill = () => {
    if (state === "exited") return
    state = "stopping"
    if (init !== undefined) signal(init, "SIGKILL")
    later(killGraceMs, () => {
      if (state === "exited" || child.pid === undefined) return
      for (const process of children(child.pid).map(identify)) if (process !== undefined) signal(process, "SIGKILL")
      child.kill("SIGKILL")
    })
  }
  const breakLimit = (limit: Ended, end = kill) => {
    if (state !== "running" || ended !== "exit") return
    ended = limit
    end()
  }
  /** The init of a namespace takes no SIGTERM, its children do. */
  const ask = () => {
    for (const process of init === undefined ? [] : children(init.pid).map(identify)) {
      if (process !== undefined) signal(process, "SIGTERM")
    }
    later(termGraceMs, kill)
  }
  const fail = (error: unknown) => {
    defect ??= { error }
    kill()
  }
  const output = capture(limits.outputBytes, (stream, chunk) => {
    try {
      command.onOutput?.(stream, chunk)
    } catch (error) {
      fail(error)
    }
  }, () => breakLimit("output"))

  const begin = (pid: number) => {
    init = identify(pid)
    if (init === undefined) return
    if (state === "stopping") return signal(init, "SIGKILL")
    if (group?.begin(pid) === false) {
      setup = "the sandbox cannot be put into its control group"
      return kill()
    }
    unwatch = watch(() => pid, limits, writable(command.mounts), breakLimit, (pids) => group?.follow([pid, ...pids]))
    if (options.group?.early === true && started.status !== undefined) started.release()
  }

  const conclude = (): Outcome => {
    if (defect !== undefined) return { _tag: "Died", defect: defect.error }
    if (setup !== undefined) return { _tag: "Failed", reason: "setup", detail: setup }
    const exitCode = told(status, "exit-code")
    if (exitCode === undefined && ended === "exit") {
      const detail = Buffer.from(output.bytes("stderr")).toString("utf8").trim()
      return { _tag: "Failed", reason: "setup", detail: detail || "the sandbox ended before the command did" }
    }
    return {
      _tag: "Ended",
      result: {
        exitCode: exitCode ?? SIGKILLED,
        ended,
        stdout: output.bytes("stdout"),
        stderr: output.bytes("stderr"),
        durationMs: performance.now() - began
      }
    }
  }

  const outcome = new Promise<Outcome>((resolve) => {
    const finish = (outcome: Outcome) => {
      for (const timer of timers) clearTimeout(timer)
      resolve(outcome)
    }
    child.on("error", (error) => {
      if (child.pid !== undefined) return
      state = "exited"
      group?.close()
      finish({ _tag: "Failed", reason: "spawn", detail: error.message })
    })
    // The namespace's init outlives bwrap for a moment, and with it whatever the command left running.
    child.on("exit", () => {
      state = "exited"
      unwatch()
      if (init !== undefined) signal(init, "SIGKILL")
    })
    const settle = (all: boolean) => {
      const starved = group?.close() === true
      if (!all) return finish({ _tag: "Failed", reason: "io", detail: "a process of the sandbox does not end" })
      if (starved && ended === "exit") ended = "memory"
      finish(conclude())
    }
    child.on("close", () => void gone(init).then(settle))
  })
  child.stdout?.on("data", (chunk: Uint8Array) => output.take("stdout", chunk))
  child.stderr?.on("data", (chunk: Uint8Array) => output.take("stderr", chunk))
  started.status?.on("data", (chunk: Uint8Array) => {
    status += Buffer.from(chunk).toString("utf8")
    const pid = told(status, "child-pid")
    if (init === undefined && pid !== undefined) begin(pid)
  })
  if (child.pid !== undefined) later(limits.timeoutMs, () => breakLimit("timeout", ask))
  return { outcome, stop: kill }
}
