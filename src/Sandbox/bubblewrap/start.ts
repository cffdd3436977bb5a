import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Readable, Writable } from "node:stream"
import type { SandboxCommand } from "../SandboxCommand.ts"
import { descriptors } from "./arguments.ts"
import type { ControlGroup } from "./controlGroup.ts"
import { inherited } from "./descriptors.ts"

/** What to start: `line` is the program's visible arguments, `hidden` those read from a descriptor, `files` what is copied in. */
export interface Launch {
  readonly program: string
  readonly line: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
  readonly filter: Uint8Array
  readonly files: ReadonlyArray<string>
  readonly identity: { readonly uid: number; readonly gid: number } | undefined
  readonly searchPath: string
  /** Makes the control group. An `early` one holds the command from its first moment, which costs; else it is made for what runs on. */
  readonly group: { readonly early: boolean; readonly make: () => ControlGroup } | undefined
  readonly command: SandboxCommand
}

/** A started bwrap. `status` tells the namespace's init and the exit code; `release` lets the command begin where it waits for that. */
export interface Started {
  readonly child: ChildProcess
  readonly status: Readable
  readonly release: () => void
}

type Stdio = Array<"pipe" | "ignore" | number>

/** Puts /dev/null over each descriptor that was left to us open: "ignore" leaves one above 2 as it is. */
const cover = (stdio: Stdio, opened: Array<number>) => {
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

const spawnCovered = (launch: Launch): ChildProcess => {
  const opened: Array<number> = []
  try {
    for (const file of launch.files) opened.push(openSync(file, "r"))
    const own = Array.from({ length: descriptors.firstFile - descriptors.arguments }, () => "pipe" as const)
    const stdio: Stdio = [launch.command.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe", ...own, ...opened]
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

/** Starts bwrap with an environment of PATH alone and no descriptor but those it is told of. A missing program is told by `error`. */
export const start = (launch: Launch): Started | { readonly child: ChildProcess; readonly status: undefined } => {
  const child = spawnCovered(launch)
  if (child.pid === undefined) return { child, status: undefined }
  const pipes: ReadonlyArray<unknown> = child.stdio
  const end = (descriptor: number) => pipes[descriptor] as Writable
  send(end(descriptors.arguments), launch.hidden.map((argument) => `${argument}\0`).join(""))
  send(end(descriptors.seccomp), launch.filter)
  if (launch.command.stdin !== undefined) send(child.stdin!, launch.command.stdin)
  const gate = end(descriptors.gate)
  if (launch.group?.early !== true) send(gate, "\n")
  return { child, status: pipes[descriptors.status] as Readable, release: () => send(gate, "\n") }
}
