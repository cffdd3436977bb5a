import { Effect } from "effect"
import type { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import type { Person } from "../domain/Person.ts"
import { escape, escapeLine } from "../internal/escape.ts"
import type { ReviewAnswer, ReviewRequest } from "../Router.ts"
import { diff } from "./render/diff.ts"
import type { Style } from "./render/style.ts"
import { makeRuleEditor } from "./review/ruleEditor.ts"

/** Where a question is asked, and who sits there. `interrupt` is what Ctrl-C does while it stands. */
export interface Desk {
  readonly input: Readable
  readonly output: Writable
  readonly style: Style
  readonly interrupt: () => void
  readonly person?: Person
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

/** One question as a person sees it. `repeats` offers a yes for more than once, `why` asks for the reason of a no. */
export interface Question {
  readonly title: string
  readonly reason: string
  readonly diff: string
  readonly repeats?: ReviewRequest["repeats"]
  readonly why: boolean
}

type Scope = NonNullable<ReviewAnswer["scope"]>

const yeses: Readonly<Record<string, Scope>> = { y: "once", yes: "once", s: "session", session: "session" }
const withAlways: Readonly<Record<string, Scope>> = { ...yeses, a: "always", always: "always" }

const indented = (text: string) => escape(text).replace(/^/gm, "  | ")

const ask = (
  create: typeof createInterface,
  desk: Desk,
  question: Question
): Effect.Effect<ReviewAnswer> =>
  Effect.async((resume) => {
    const { output, style } = desk
    const { repeats } = question
    const whole = diff(question.diff, style)
    const short = diff(question.diff, style, maxLines)
    const editor = repeats === undefined ? undefined : makeRuleEditor(repeats.asked)
    const scopes = repeats?.always === true ? withAlways : yeses
    const lines = create({
      input: desk.input,
      output,
      terminal: (output as { readonly isTTY?: boolean }).isTTY === true,
      historySize: 0
    })
    let listening = false
    let answered = false
    let ended = false
    let stands: "question" | "why" | "rule" = "question"

    const answer = (approved: boolean, reason: string, scope?: Scope) => {
      if (answered) return
      answered = true
      lines.close()
      const wider = scope === undefined || scope === "once" ? undefined : editor?.wider()
      resume(Effect.succeed({
        approved,
        reason,
        ...(scope === undefined ? {} : { scope }),
        ...(wider === undefined ? {} : { wider }),
        ...(desk.person === undefined || ended ? {} : { by: desk.person })
      }))
    }
    const choices = () => {
      if (editor === undefined) return "[y]es"
      const always = scopes === withAlways ? ", [a]lways in this project" : ""
      return `[y]es once, yes to the rule in this [s]ession${always}, [e]dit the rule`
    }
    const prompt = () => {
      const all = short.hidden > 0 ? `, [d] all of the diff (${short.hidden} more lines)` : ""
      const texts = {
        why: "Why not? (for the model; empty to stop) ",
        rule: editor?.prompt ?? "",
        question: `${style.bold(question.title)} ${choices()}, [n]o${all}: `
      }
      lines.setPrompt(texts[stands])
      lines.prompt()
    }
    const onRule = (typed: string) => {
      const problem = editor?.take(typed)
      if (problem !== undefined) output.write(`  ${escapeLine(`That cannot be the rule: ${problem}`, 600)}\n`)
      else {
        stands = "question"
        output.write(`${editor?.shown() ?? ""}\n`)
      }
      prompt()
    }
    const onLine = (line: string) => {
      if (!listening) return
      if (stands === "why") return answer(false, line.trim().slice(0, 2000))
      if (stands === "rule") return onRule(line.trim().slice(0, 20_000))
      const word = line.trim().toLowerCase()
      if (editor === undefined && (word === "y" || word === "yes")) return answer(true, "")
      if (editor !== undefined && Object.hasOwn(scopes, word)) return answer(true, "", scopes[word])
      if (word === "n" || word === "no") {
        if (!question.why) return answer(false, "")
        stands = "why"
      } else if (word === "d" && short.hidden > 0) output.write(whole.text)
      else if (editor !== undefined && (word === "e" || word === "edit")) {
        stands = "rule"
        output.write(editor.menu)
      }
      prompt()
    }

    lines.on("line", onLine)
    // The end of input is no answer, and no answer is a no.
    lines.on("close", () => {
      ended = !answered
      if (!answered && listening) output.write("\n")
      answer(false, "")
    })
    lines.on("SIGINT", () => desk.interrupt())
    const open = () => {
      if (answered) return
      listening = true
      const rule = editor === undefined ? "" : `${editor.shown()}\n`
      output.write(`\n${indented(question.reason)}\n${question.diff === "" ? "" : `\n${short.text}`}${rule}\n`)
      prompt()
    }
    // On a busy machine the time can be over before the first look at the input: it is looked at in any case before an immediate.
    const timer = setTimeout(() => setImmediate(open), settleMs)

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

/** Asks the questions of a session. A yes to an action or a change can stand for more than once, and for more than what was asked. */
export const makeReview = (desk: Desk) => {
  const ask = makeAsk(desk)
  return ({ diff, kind, reason, repeats }: ReviewRequest): Effect.Effect<ReviewAnswer> =>
    ask({
      title: titles[kind],
      reason,
      diff,
      ...(repeats === undefined ? {} : { repeats }),
      why: kind !== "debug"
    })
}
