import { spawn } from "node:child_process"
import { once } from "node:events"
import { Readable } from "node:stream"
import { systemDirectories } from "./baseImage/programs.ts"

const errorBytes = 2000

/**
 * What this machine's tar archives with these arguments, and those of `names` on its standard input, ended by NULs. It ends with an error,
 * not with an end, when a file could not be read.
 */
export const tar = (args: ReadonlyArray<string>, names: ReadonlyArray<string> = []): Readable => {
  const read = async function*() {
    const program = spawn("tar", ["--create", "--file=-", "--format=gnu", "--numeric-owner", ...args], {
      env: { PATH: systemDirectories.join(":"), LC_ALL: "C" },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const ended = once(program, "close") as Promise<[number | null]>
    ended.catch(() => {})
    try {
      let complaint = ""
      program.stderr.on(
        "data",
        (chunk: Buffer) => complaint = (complaint + chunk.toString("utf8")).slice(0, errorBytes)
      )
      program.stdin.on("error", () => {})
      program.stdin.end(names.map((name) => `${name}\0`).join(""))
      yield* program.stdout as AsyncIterable<Buffer>
      const [code] = await ended
      if (code !== 0) throw new Error(`tar ended with ${code}: ${complaint.trim()}`)
    } finally {
      program.kill("SIGKILL")
    }
  }
  return Readable.from(read(), { objectMode: false })
}
