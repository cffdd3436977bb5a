import { Effect } from "effect"
import type { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { escape } from "../internal/escape.ts"
import type { ReviewAnswer, ReviewRequest } from "../Router.ts"
import { diff } from "./render/diff.ts"
import type { Style } from "./render/style.ts"

/** Where a question is asked. `interrupt` is what Ctrl-C does while it stands. */
export interface Desk {
  readonly input: Readable
  readonly output: Writable
  readonly style: Style
  readonly interrupt: () => void
}

const maxLines = 60

/** Lines that were typed before the question could be seen do not answer it. */
const settleMs = 60

const titles: Record<ReviewRequest["kind"], string> = {
  action: "May this be done in the sandbox?",
  change: "May these changes be kept in the session?",
  merge: "May this be merged into your project?",
  debug: "The tests stay red. May the test-first gate be lifted (debug mode)?"
}

/** One question as a person sees it. `repeats` offers a yes for the whole session, `why` asks for the reason of a no. */
export interface Question {
  readonly title: string
  readonly reason: string
  readonly diff: string
  readonly repeats: boolean
  readonly why: boolean
}

const yeses = "[y]es, yes to exactly this for the whole [s]ession"

const indented = (text: string) => escape(text).replace(/^/gm, "  | ")

const ask = (
  create: typeof createInterface,
  desk: Desk,
  question: Question
): Effect.Effect<ReviewAnswer> =>
  Effect.async((resume) => {
    const { output, style } = desk
    const whole = diff(question.diff, style)
    const short = diff(question.diff, style, maxLines)
    const lines = create({
      input: desk.input,
      output,
      terminal: (output as { readonly isTTY?: boolean }).isTTY === true,
      historySize: 0
    })
    let listening = false
    let answered = false
    let reasoning = false

    const answer = (approved: boolean, reason: string, scope?: "once" | "session") => {
      if (answered) return
      answered = true
      lines.close()
      resume(Effect.succeed({ approved, reason, ...(scope === undefined ? {} : { scope }) }))
    }
    const prompt = () => {
      const all = short.hidden > 0 ? `, [d] all of the diff (${short.hidden} more lines)` : ""
      lines.setPrompt(
        reasoning
          ? "Why not? (for the model; empty to stop) "
          : `${style.bold(question.title)} ${question.repeats ? yeses : "[y]es"}, [n]o${all}: `
      )
      lines.prompt()
    }
    const onLine = (line: string) => {
      if (!listening) return
      if (reasoning) return answer(false, line.trim().slice(0, 2000))
      const word = line.trim().toLowerCase()
      if (word === "y" || word === "yes") return answer(true, "", question.repeats ? "once" : undefined)
      if (question.repeats && (word === "s" || word === "session")) return answer(true, "", "session")
      if (word === "n" || word === "no") {
        reasoning = question.why
        if (!reasoning) return answer(false, "")
      } else if (word === "d" && short.hidden > 0) output.write(whole.text)
      prompt()
    }

    lines.on("line", onLine)
    // The end of input is no answer, and no answer is a no.
    lines.on("close", () => {
      if (!answered && listening) output.write("\n")
      answer(false, "")
    })
    lines.on("SIGINT", () => desk.interrupt())
    const timer = setTimeout(() => {
      listening = true
      output.write(`\n${indented(question.reason)}\n${question.diff === "" ? "" : `\n${short.text}`}\n`)
      prompt()
    }, settleMs)

    return Effect.sync(() => {
      answered = true
      clearTimeout(timer)
      lines.close()
    })
  })

/** Shows what is asked, with its diff, and waits for a yes or a no; only a typed yes is one. One question at a time. */
export const makeAsk = (desk: Desk) => {
  const lock = Effect.unsafeMakeSemaphore(1)
  return (question: Question): Effect.Effect<ReviewAnswer> =>
    Effect.promise(() => import("node:readline")).pipe(
      Effect.flatMap(({ createInterface }) => ask(createInterface, desk, question)),
      lock.withPermits(1)
    )
}

/** Asks the questions of a session. A yes to an action or a change can be for once or for exactly this in the whole session. */
export const makeReview = (desk: Desk) => {
  const ask = makeAsk(desk)
  return ({ diff, kind, reason }: ReviewRequest): Effect.Effect<ReviewAnswer> =>
    ask({
      title: titles[kind],
      reason,
      diff,
      repeats: kind === "action" || kind === "change",
      why: kind !== "debug"
    })
}
