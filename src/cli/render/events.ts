import { describeHunk } from "../../domain/Necessity.ts"
import type { Phase } from "../../domain/Phase.ts"
import type { SessionEvent } from "../../domain/SessionEvent.ts"
import { escapeLine, makeEscaper } from "../../internal/escape.ts"
import { count } from "../../internal/text.ts"
import { gutter, number, time } from "./format.ts"
import type { Style } from "./style.ts"

type EventOf<T extends SessionEvent["type"]> = Extract<SessionEvent, { readonly type: T }>

/** What the person may want to know while nothing is printed. */
export interface Standing {
  readonly phase: Phase
  readonly waitingFor: string
  readonly tokens: number
  /** Whether the last thing printed ended its line, so that a status line may stand below it. */
  readonly atLineStart: boolean
}

/** Turns the events of a session into text for a person: streamed text, and one line for each thing the kernel did. */
export const makeRenderer = (style: Style) => {
  const text = makeEscaper()
  const mark = style.dim(gutter)
  const running = new Map<string, string>()
  let atLineStart = true
  let said = false
  let phase: Phase = "idle"
  let tokens = 0
  let checking: string | undefined
  let held: (() => string) | undefined

  /** Ends the model's line, if one is open: a turn is over, or the kernel has something to say. */
  const endLine = (): string => {
    const rest = `${text.end()}${atLineStart ? "" : "\n"}`
    atLineStart = true
    return rest
  }

  /** A line of the kernel's own: a word that says what it is, then the rest. It ends the model's paragraph. */
  const line = (word: string, colour: (text: string) => string, rest: string): string => {
    const before = `${endLine()}${said ? "\n" : ""}`
    said = false
    return `${before}  ${colour(word.padEnd(9))}${rest}\n`
  }

  const more = (rest: string): string => `${" ".repeat(11)}${rest}\n`

  const onText = (event: EventOf<"text.delta">): string => {
    const shown = text.write(event.text)
    if (shown === "") return ""
    const before = said ? "" : "\n"
    said = true
    const first = atLineStart ? mark : ""
    atLineStart = shown.endsWith("\n")
    return before + first + shown.replace(/\n(?=[^])/g, `\n${mark}`)
  }

  const onTool = (event: EventOf<"tool.finished">): string => {
    const what = escapeLine(running.get(event.id) ?? event.name, 140)
    running.delete(event.id)
    const took = style.dim(`(${time(event.durationMs)})`)
    if (event.outcome === "ok") return line("ok", style.green, `${what} ${took}`)
    const why = escapeLine(event.detail ?? event.by ?? "", 160)
    const colour = event.outcome === "refused" ? style.yellow : style.red
    return line(event.outcome, colour, `${what} ${took}${why === "" ? "" : `  ${why}`}`)
  }

  // A test run is a phase of its own for its time only. The phase it leads to is told after its verdict, which is why.
  const onPhase = ({ from, to }: EventOf<"phase.changed">): string => {
    if (to === "test_running" || to === phase) return ""
    const before = phase
    phase = to
    const tell = () => line("phase", style.cyan, `${before} -> ${style.bold(to)}`)
    if (from !== "test_running") return tell()
    held = tell
    return ""
  }

  const release = (): string => {
    const told = held?.() ?? ""
    held = undefined
    return told
  }

  const onVerdict = ({ failed, passed, reason, skipped, verdict }: EventOf<"test.verdict">): string => {
    const counts = [
      failed > 0 ? `${number(failed)} failed` : "",
      `${number(passed)} passed`,
      skipped > 0 ? `${number(skipped)} skipped` : ""
    ].filter((part) => part !== "").join(", ")
    const why = `${counts}${reason === "" ? "" : `: ${escapeLine(reason, 300)}`}`
    if (verdict === "none") return line("no test", style.yellow, why)
    const colour = verdict === "red" ? style.red : style.green
    return line(verdict.toUpperCase(), (word) => style.bold(colour(word)), why)
  }

  const onNecessity = ({ checked, unchecked, undemanded }: EventOf<"necessity.checked">): string => {
    checking = undefined
    const of = `${count(checked, "source hunk")}${unchecked === 0 ? "" : ` (${number(unchecked)} more not checked)`}`
    if (undemanded.length === 0) {
      return checked === 0 ? "" : line("needed", style.green, `tests fail without any of ${of}`)
    }
    const hunks = undemanded.map((hunk) => `\n           ${escapeLine(describeHunk(hunk), 160)}`).join("")
    return line("needless", style.yellow, `tests pass without ${number(undemanded.length)} of ${of}:${hunks}`)
  }

  const shown = (event: SessionEvent): string => {
    switch (event.type) {
      case "session.started":
        return `${style.bold("fluffy")} ${escapeLine(event.mode)} · ${escapeLine(event.model)} · ${
          escapeLine(event.sandbox)
        }${
          event.sandboxReason === undefined ? "" : style.dim(` (${escapeLine(event.sandboxReason, 400)})`)
        } · ${event.session}\n`
      case "phase.changed":
        return onPhase(event)
      case "text.delta":
        return onText(event)
      case "tool.started":
        running.set(event.id, `${event.name} ${event.summary}`)
        return ""
      case "tool.finished":
        return onTool(event)
      case "test.verdict":
        return onVerdict(event)
      case "necessity.progress":
        checking = `the tests without hunk ${event.done + 1} of ${event.total}`
        return ""
      case "necessity.checked":
        return onNecessity(event)
      case "review.requested":
        return line(
          "review",
          style.yellow,
          event.reason.split("\n").map((part) => escapeLine(part, 300)).join("\n           ")
        )
      case "policy.changed":
        return [
          line("policy", style.cyan, `${number(event.rules)} rules in force from now on (${event.to.slice(0, 12)})`),
          ...event.files.map(({ change, file }) => more(`${change} ${escapeLine(file, 300)}`)),
          ...event.warnings.map((warning) => more(`${style.yellow("warning:")} ${escapeLine(warning, 500)}`))
        ].join("")
      case "policy.rejected":
        return [
          line(
            "policy",
            style.yellow,
            "the files were changed and cannot be used; the rules from before stay in force"
          ),
          ...event.problems.map((problem) => more(escapeLine(problem, 500)))
        ].join("")
      case "usage":
        tokens = event.input + event.output
        return endLine()
      case "notice":
        return line(event.level === "warning" ? "warning" : "note", style.yellow, escapeLine(event.text, 500))
      case "session.finished":
        // Every other end has a summary of its own.
        return event.outcome === "interrupted"
          ? line("stopped", style.yellow, escapeLine(event.summary, 300))
          : endLine()
    }
  }

  const event = (event: SessionEvent): string =>
    event.type === "test.verdict" ? shown(event) + release() : release() + shown(event)

  const waitingFor = () => {
    if (checking !== undefined) return checking
    const [call] = running.values()
    return running.size > 1 ? `${running.size} calls` : call === undefined ? "the model" : escapeLine(call, 40)
  }

  const standing = (): Standing => ({ phase, waitingFor: waitingFor(), tokens, atLineStart })

  return { event, standing }
}
