import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Readable, Writable } from "node:stream"
import type { SandboxCommand, SandboxResult } from "../SandboxCommand.ts"
import { descriptors } from "./arguments.ts"
import { inherited } from "./descriptors.ts"
import { capture } from "./output.ts"
import { alive, children, identify, type Process, signal } from "./processes.ts"
import { watch } from "./watch.ts"

/** What to start: `line` is the program and its visible arguments, `hidden` those read from a descriptor. */
export interface Launch {
  readonly program: string
  readonly line: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
  readonly filter: Uint8Array
  readonly files: ReadonlyArray<string>
  readonly identity: { readonly uid: number; readonly gid: number } | undefined
  readonly searchPath: string
  readonly command: SandboxCommand
}

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

const start = (launch: Launch): ChildProcess => {
  const opened: Array<number> = []
  try {
    for (const file of launch.files) opened.push(openSync(file, "r"))
    const input = launch.command.stdin === undefined ? "ignore" : "pipe"
    const stdio: Array<"pipe" | "ignore" | number> = [input, "pipe", "pipe", "pipe", "pipe", "pipe", ...opened]
    cover(stdio, opened)
    return spawn(launch.program, launch.line, {
      cwd: "/",
      env: { PATH: launch.searchPath },
      stdio: stdio as StdioOptions,
      detached: true,
      ...launch.identity
    })
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}

/** Puts /dev/null over each descriptor that was left to us open: "ignore" leaves one above 2 as it is. */
const cover = (stdio: Array<"pipe" | "ignore" | number>, opened: Array<number>) => {
  const left = inherited().filter((descriptor) => descriptor >= stdio.length)
  if (left.length === 0) return
  const empty = openSync("/dev/null", "r")
  opened.push(empty)
  for (let at = stdio.length; at <= Math.max(...left); at++) stdio.push(left.includes(at) ? empty : "ignore")
}

const send = (stream: Writable, bytes: Uint8Array | string) => {
  // A program that ends before it has read everything is not an error here: its exit tells.
  stream.on("error", () => {})
  stream.end(bytes)
}

/** Starts a sandbox. `stop` kills every process of it; `outcome` comes when all of them are gone. */
export const launch = (options: Launch): { readonly outcome: Promise<Outcome>; readonly stop: () => void } => {
  const { command } = options
  const { limits } = command
  const began = performance.now()
  let stop = () => {}
  const outcome = new Promise<Outcome>((resolve) => {
    let init: Process | undefined
    let exitCode: number | undefined
    let ended: Ended = "exit"
    let stopping = false
    let exited = false
    let defect: { readonly error: unknown } | undefined
    let unwatch = () => {}
    const timers = new Set<NodeJS.Timeout>()
    const later = (ms: number, action: () => void) => timers.add(setTimeout(action, ms))

    const finish = (outcome: Outcome) => {
      unwatch()
      for (const timer of timers) clearTimeout(timer)
      resolve(defect === undefined ? outcome : { _tag: "Died", defect: defect.error })
    }
    let child: ChildProcess
    try {
      child = start(options)
    } catch (error) {
      return finish({ _tag: "Failed", reason: "spawn", detail: (error as Error).message })
    }

    const kill = () => {
      if (exited) return
      stopping = true
      if (init !== undefined) signal(init, "SIGKILL")
      later(killGraceMs, () => {
        if (exited || child.pid === undefined) return
        for (const pid of children(child.pid)) process.kill(pid, "SIGKILL")
        child.kill("SIGKILL")
      })
    }
    const breakLimit = (limit: Ended) => {
      if (exited || ended !== "exit") return
      ended = limit
      kill()
    }
    const timeOut = () => {
      if (exited || ended !== "exit") return
      ended = "timeout"
      for (const pid of init === undefined ? [] : children(init.pid)) {
        const target = identify(pid)
        if (target !== undefined) signal(target, "SIGTERM")
      }
      later(termGraceMs, kill)
    }
    stop = kill

    const status = (text: string) => {
      exitCode = Number(/"exit-code": *(\d+)\D/.exec(text)?.[1] ?? exitCode ?? Number.NaN)
      const pid = /"child-pid": *(\d+)\D/.exec(text)?.[1]
      if (init !== undefined || pid === undefined) return
      init = identify(Number(pid))
      if (init === undefined) return
      if (stopping) return signal(init, "SIGKILL")
      const writable = command.mounts.filter((mount) => mount.mode === "rw").map((mount) => mount.source)
      unwatch = watch(init.pid, limits, writable, breakLimit)
    }
    const output = capture(limits.outputBytes, (stream, chunk) => {
      try {
        command.onOutput?.(stream, chunk)
      } catch (error) {
        defect ??= { error }
        kill()
      }
    }, () => breakLimit("output"))

    const conclude = () => {
      const finished = exitCode !== undefined && !Number.isNaN(exitCode)
      if (!finished && ended === "exit") {
        const detail = Buffer.from(output.bytes("stderr")).toString("utf8").trim()
        return finish({ _tag: "Failed", reason: "setup", detail: detail || "the sandbox ended before the command did" })
      }
      finish({
        _tag: "Ended",
        result: {
          exitCode: finished ? exitCode! : SIGKILLED,
          ended,
          stdout: output.bytes("stdout"),
          stderr: output.bytes("stderr"),
          durationMs: performance.now() - began
        }
      })
    }
    const whenGone = (since: number, pause: number) => {
      if (init === undefined || !alive(init)) return conclude()
      signal(init, "SIGKILL")
      if (performance.now() - since > goneWithinMs) {
        return finish({ _tag: "Failed", reason: "io", detail: "a process of the sandbox does not end" })
      }
      setTimeout(() => whenGone(since, Math.min(pause * 2, 50)), pause)
    }

    child.on("error", (error) => {
      exited = true
      finish({ _tag: "Failed", reason: "spawn", detail: error.message })
    })
    // The namespace's init outlives bwrap for a moment, and with it whatever the command left running.
    child.on("exit", () => {
      exited = true
      unwatch()
      if (init !== undefined) signal(init, "SIGKILL")
    })
    child.on("close", () => whenGone(performance.now(), 1))
    child.stdout?.on("data", (chunk: Uint8Array) => output.take("stdout", chunk))
    child.stderr?.on("data", (chunk: Uint8Array) => output.take("stderr", chunk))
    let text = ""
    if (child.pid === undefined) return
    const pipes: ReadonlyArray<unknown> = child.stdio
    const statusPipe = pipes[descriptors.status] as Readable
    statusPipe.on("data", (chunk: Uint8Array) => status(text += Buffer.from(chunk).toString("utf8")))
    later(limits.timeoutMs, timeOut)
    send(pipes[descriptors.arguments] as Writable, options.hidden.map((argument) => `${argument}\0`).join(""))
    send(pipes[descriptors.seccomp] as Writable, options.filter)
    if (command.stdin !== undefined) send(child.stdin!, command.stdin)
  })
  return { outcome, stop }
}
