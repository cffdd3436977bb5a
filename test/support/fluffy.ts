import { Effect } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import type { SessionEvent } from "../../src/domain/SessionEvent.ts"

const bin = join(import.meta.dirname, "../../dist/bin.js")

/** How a run of the built program ended. `events` are the lines of `--json`, when it was given. */
export interface Ran {
  readonly pid: number
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly events: ReadonlyArray<SessionEvent>
}

/** Where and how to run it; `killAfter` sends the signal that many ms after the start. */
export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly killAfter?: number
  readonly signal?: NodeJS.Signals
  readonly onLine?: (line: string, kill: (signal: NodeJS.Signals) => void) => void
}

const isolated = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", LANG: "C.UTF-8", NO_COLOR: "1" }

/** Runs the built `fluffy` as a person would, in a clean environment, and waits for its end. */
export const fluffy = (args: ReadonlyArray<string>, options: RunOptions): Effect.Effect<Ran> =>
  Effect.async<Ran>((resume) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd,
      env: { ...isolated, ...options.env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    let seen = 0
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString("utf8")
      for (let end = stdout.indexOf("\n", seen); end !== -1; end = stdout.indexOf("\n", seen)) {
        options.onLine?.(stdout.slice(seen, end), (signal) => child.kill(signal))
        seen = end + 1
      }
    })
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")))
    const timer = options.killAfter === undefined
      ? undefined
      : setTimeout(() => child.kill(options.signal ?? "SIGKILL"), options.killAfter)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      const events = args.includes("--json") ? stdout.split("\n").flatMap(asEvent) : []
      resume(
        Effect.succeed({
          pid: child.pid ?? 0,
          exitCode: code ?? (signal === "SIGKILL" ? 137 : 1),
          stdout,
          stderr,
          events
        })
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const asEvent = (line: string): Array<SessionEvent> => {
  try {
    return [JSON.parse(line)]
  } catch {
    return []
  }
}

/** The entries of a project's audit log, as `fluffy audit log --json` gives them; a defect when it cannot be read. */
export const auditLog = (cwd: string): Effect.Effect<ReadonlyArray<any>> =>
  Effect.flatMap(
    fluffy(["audit", "log", "--json"], { cwd }),
    ({ exitCode, stderr, stdout }) =>
      exitCode === 0 && stdout !== ""
        ? Effect.succeed(stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line)))
        : Effect.dieMessage(`fluffy audit log ended with ${exitCode}: ${stderr}`)
  )
