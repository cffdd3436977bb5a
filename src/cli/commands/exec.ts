import { Effect, Layer } from "effect"
import { type ChangeSet, describe } from "../../domain/Change.ts"
import { escapeLine, makeEscaper } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import * as Kernel from "../../Kernel.ts"
import { Orchestrator } from "../../Orchestrator.ts"
import { Sandbox, type SandboxResult } from "../../Sandbox.ts"
import type { CommandOf } from "../args.ts"
import { configureToRun } from "../configure.ts"
import { errStyle, tell } from "../io.ts"
import * as NoModel from "../noModel.ts"
import { jsonObserver } from "../observe.ts"

/** A command's output: its very bytes for a program that reads them, made harmless for a terminal. */
const passing = (stream: NodeJS.WriteStream) => {
  const decoder = new TextDecoder()
  const escaper = makeEscaper()
  return {
    write: (chunk: Uint8Array) =>
      void stream.write(stream.isTTY ? escaper.write(decoder.decode(chunk, { stream: true })) : chunk),
    end: () => void (stream.isTTY && stream.write(escaper.write(decoder.decode()) + escaper.end()))
  }
}

const limits: Record<Exclude<SandboxResult["ended"], "exit">, string> = {
  timeout: "it took too long (--timeout, or limits.timeout in config.yaml)",
  output: "it printed too much (limits.output in config.yaml)",
  memory: "it used too much memory (limits.memory in config.yaml)",
  processes: "it started too many processes (limits.processes in config.yaml)",
  disk: "it wrote too much (limits.disk in config.yaml)"
}

const tellChanges = ({ changes, forbidden, ignored }: ChangeSet) => {
  if (changes.length + forbidden.length + ignored.length === 0) return
  tell(`${errStyle.dim("changes, dropped with the sandbox:")}\n`)
  for (const change of changes) tell(`  ${escapeLine(describe(change), 1000)}\n`)
  for (const { path, why } of forbidden) tell(`  ${errStyle.yellow("!")} ${escapeLine(`${path}: ${why}`, 1000)}\n`)
  if (ignored.length > 0) tell(`  and ${count(ignored.length, "file")} that git ignores\n`)
}

/** `fluffy exec`: one command in the sandbox; its output, its changes on standard error, its exit code. */
export const run = Effect.fnUntraced(function*({ flags, operands: [program = "", ...args] }: CommandOf<"exec">) {
  const { options } = yield* configureToRun({ sandbox: flags.sandbox, image: flags.image })
  const streams = { stdout: passing(process.stdout), stderr: passing(process.stderr) }
  const { changes, refused, result } = yield* Effect.gen(function*() {
    const { backend, chosen } = yield* Sandbox
    if (chosen?.image !== undefined) tell(`${errStyle.dim(`${backend}: ${escapeLine(chosen.why, 400)}`)}\n`)
    return yield* (yield* Orchestrator).exec({
      command: program,
      args,
      network: flags.network === true,
      ...(options.headless ? {} : { review: jsonObserver.review }),
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
      onOutput: (stream, chunk) => streams[stream].write(chunk)
    })
  }).pipe(Effect.provide(Kernel.layer(options).pipe(Layer.provide(NoModel.layer))))
  streams.stdout.end()
  streams.stderr.end()
  if (result.ended !== "exit") tell(`${errStyle.red("killed:")} ${limits[result.ended]}\n`)
  for (const line of refused) tell(`${errStyle.yellow("refused:")} ${escapeLine(line, 400)}\n`)
  tellChanges(changes)
  return result.exitCode
})
