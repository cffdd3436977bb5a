import { Effect } from "effect"
import { escapeJson, escapeLine } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import { describeScope } from "../../Policy.ts"
import type { CommandOf } from "../args.ts"
import { grantsHere } from "../grantsHere.ts"
import { errStyle, outStyle, print, tell } from "../io.ts"

/** `fluffy policy grants`: what a person allowed for always in this project, the oldest first. */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"policy grants">) {
  const { grants, problems } = yield* Effect.flatMap(grantsHere(), ({ list }) => list)
  const inOrder = grants.toSorted((a, b) => a.at < b.at ? -1 : a.at > b.at ? 1 : 0)
  for (const { file, problem } of problems) {
    tell(`${errStyle.yellow("warning:")} ${escapeLine(`${file} does not count: ${problem}`, 1000)}\n`)
  }
  if (flags.json === true) {
    for (const grant of inOrder) print(`${escapeJson({ ...grant, covers: describeScope(grant.grant) })}\n`)
    return 0
  }
  for (const { asked, at, by, grant, id } of inOrder) {
    print(
      `${outStyle.bold(id)}  ${escapeLine(describeScope(grant), 1000)}\n` +
        `    where rule ${escapeLine(asked.rule)} (${escapeLine(asked.layer)}) asks: ${
          escapeLine(asked.reason, 500)
        }\n` +
        `    ${
          outStyle.dim(`since ${escapeLine(at)}${by === null ? "" : ` by ${escapeLine(by.user)} (uid ${by.uid})`}`)
        }\n`
    )
  }
  print(`${count(inOrder.length, "grant")}${inOrder.length === 0 ? "" : "; to end one: fluffy policy revoke ID"}\n`)
  return 0
})
