import { Effect, Schema } from "effect"
import { describe } from "../../domain/Change.ts"
import { capMiddle } from "../../internal/text.ts"
import type { SandboxResult } from "../../Sandbox.ts"
import { defineTool } from "../Tool.ts"
import { refusedBy } from "./answer.ts"

const maxStreamBytes = 16_000
const maxTimeoutSeconds = 600

/** `shell.exec`: one program in a sandbox over the stage; what it changed is gated like any write. */
export const shellExec = defineTool({
  spec: {
    name: "shell.exec",
    path: "sandbox",
    description:
      "Run a program without a shell: no network, no secrets, changes are gated like writes. For pipes: command sh, args [\"-c\", ...]. timeout in seconds. network: true asks for the hosts a person has allowed, by https only.",
    parameters: {
      type: "object",
      properties: {
        command: { type: "string" },
        args: { type: "array", items: { type: "string" } },
        cwd: { type: "string" },
        timeout: { type: "number", exclusiveMinimum: 0, maximum: maxTimeoutSeconds },
        network: { type: "boolean" }
      },
      required: ["command", "args"],
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    command: Schema.NonEmptyString.pipe(Schema.maxLength(4096)),
    args: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
    cwd: Schema.optional(Schema.String),
    timeout: Schema.optional(Schema.Number.pipe(Schema.positive(), Schema.lessThanOrEqualTo(maxTimeoutSeconds))),
    network: Schema.optional(Schema.Boolean)
  }),
  summary: (args) => [args.command, ...args.args].join(" "),
  path: (args) => args.cwd,
  request: (args) => ({ command: args.command, args: args.args }),
  network: (args) => args.network === true,
  execute: Effect.fnUntraced(function*(args, context) {
    const { refused: unreached, result, settlement } = yield* context.run({
      command: args.command,
      args: args.args,
      cwd: context.path,
      network: args.network === true,
      ...(args.timeout === undefined ? {} : { timeoutMs: args.timeout * 1000 })
    })
    const refused = refusedBy("the command", settlement, result.durationMs)
    const output = render(result, unreached)
    if (refused !== undefined) return { ...refused, text: `${refused.text}\n${output}` }
    const changes = settlement.taken.map(describe).join("\n")
    return {
      outcome: "ok",
      text: changes === "" ? output : `${output}\nchanges:\n${changes}`,
      ownMs: result.durationMs
    }
  })
})

const render = (result: SandboxResult, unreached: ReadonlyArray<string>): string => {
  const parts = [`exit code: ${result.exitCode}${result.ended === "exit" ? "" : ` (stopped: ${result.ended} limit)`}`]
  for (const [name, bytes] of [["stdout", result.stdout], ["stderr", result.stderr]] as const) {
    if (bytes.length > 0) parts.push(`${name}:\n${capMiddle(Buffer.from(bytes).toString("utf8"), maxStreamBytes)}`)
  }
  if (unreached.length > 0) parts.push(`connections refused:\n${unreached.join("\n")}`)
  return parts.join("\n")
}
