import { Effect } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"

const bin = join(import.meta.dirname, "../../dist/bin.js")

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** Runs the built `fluffy` at a real terminal (`script` of util-linux), where a person types an answer each time a question ends in `: `. */
export const atTerminal = (
  args: ReadonlyArray<string>,
  options: {
    readonly cwd: string
    readonly env: Readonly<Record<string, string>>
    readonly answers: ReadonlyArray<string>
  }
): Effect.Effect<{ readonly exitCode: number; readonly shown: string }> =>
  Effect.async((resume) => {
    const line = [process.execPath, bin, ...args].map(quote).join(" ")
    const child = spawn("script", ["-qefc", line, "/dev/null"], {
      cwd: options.cwd,
      env: { PATH: process.env["PATH"] ?? "", LANG: "C.UTF-8", NO_COLOR: "1", TERM: "xterm", ...options.env },
      stdio: ["pipe", "pipe", "inherit"]
    })
    const left = [...options.answers]
    let shown = ""
    let answeredAt = 0
    child.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString("utf8")
      // What is typed is shown again, so only what came since the last answer is a question.
      if (!/: (\x1b\[[0-9;]*[A-Za-z])*$/.test(shown.slice(answeredAt))) return
      answeredAt = shown.length
      child.stdin.write(`${left.shift() ?? "\x04"}\n`)
    })
    child.on("close", (code) => resume(Effect.succeed({ exitCode: code ?? 1, shown })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
