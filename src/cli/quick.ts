import { escape } from "../internal/escape.ts"
import { type Command, parse } from "./args.ts"
import { unwritable } from "./unwritable.ts"
import { UsageError } from "./UsageError.ts"
import { version } from "./version.ts"

/** Answers what needs nothing loaded (`--version`, `--help`, mistakes) and returns undefined, or the command that is left to do. */
export const quick = (argv: ReadonlyArray<string>): Command | undefined => {
  const parsed = parse(argv)
  if (parsed instanceof UsageError) {
    process.stderr.write(`fluffy: ${escape(parsed.message)}\n`)
    process.exitCode = 2
    return undefined
  }
  if (!("_tag" in parsed)) return parsed
  const text = parsed._tag === "Version" ? `${version()}\n` : parsed.text
  process.exitCode = parsed.exitCode
  process.stdout.on("error", (error) => {
    const problem = unwritable(error)
    if (problem !== undefined) process.stderr.write(`fluffy: ${problem}\n`)
    process.exitCode = problem === undefined ? parsed.exitCode : 1
  })
  if (parsed.exitCode === 0) process.stdout.write(text)
  else process.stderr.write(text)
  return undefined
}
