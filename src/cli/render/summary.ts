import { basename } from "node:path"
import { describeHunk } from "../../domain/Necessity.ts"
import type { Outcome } from "../../domain/SessionEvent.ts"
import { escape } from "../../internal/escape.ts"
import type { SessionSummary } from "../../Orchestrator.ts"
import { ecosystems } from "../../Router.ts"
import { gutter, list, number, time } from "./format.ts"
import type { Style } from "./style.ts"

const titles: Record<Outcome, string> = {
  done: "Done",
  stopped: "Stopped short",
  review: "Held back: nothing was merged",
  denied: "Denied by policy",
  no_verdict: "No green test run: nothing was merged",
  model_failed: "The model provider failed",
  interrupted: "Interrupted",
  internal_error: "Internal error"
}

const lockfiles: ReadonlySet<string> = new Set(ecosystems.flatMap(({ lockfiles }) => lockfiles))

const tests = ({ verdict }: SessionSummary): string => {
  if (verdict === null) return "none was run"
  return `${verdict.verdict}: ${verdict.passed} passed, ${verdict.failed} failed${
    verdict.skipped > 0 ? `, ${verdict.skipped} skipped` : ""
  }`
}

/** The end of a run for a person: how it ended, what the model says of it, files, tests, tokens, time. */
export const summary = (ended: SessionSummary, style: Style): string => {
  const { changed, durationMs, outcome, session, turns, usage } = ended
  const { failedBefore = [] } = ended.verdict ?? {}
  const { undemanded = [] } = ended.necessity ?? {}
  const locks = changed.filter((path) => lockfiles.has(basename(path)))
  const colour = outcome === "done"
    ? style.green
    : outcome === "review" || outcome === "stopped"
    ? style.yellow
    : style.red
  const cached = usage.cached > 0 ? ` (${number(usage.cached)} cached)` : ""
  const rows = [
    ["files", changed.length === 0 ? "the project is unchanged" : list(changed)],
    ["tests", tests(ended)],
    ...(failedBefore.length === 0 ? [] : [["", `failing before this session already: ${list(failedBefore)}`]] as const),
    ...(undemanded.length === 0
      ? []
      : [["needless", `no test demands ${list(undemanded.map(describeHunk))}`]] as const),
    ...(locks.length === 0 ? [] : [["install", `${list(locks)} changed: run your own install`]] as const),
    [
      "tokens",
      usage.input + usage.output === 0
        ? "not counted"
        : `${number(usage.input)} in${cached}, ${number(usage.output)} out`
    ],
    ["time", `${time(durationMs)}, ${number(turns)} ${turns === 1 ? "turn" : "turns"}`],
    ["session", session]
  ] as const
  const said = escape(ended.summary.trim())
  return `\n${style.bold(colour(titles[outcome]))}\n${
    said === "" ? "" : `${said.replace(/^/gm, style.dim(gutter))}\n`
  }\n${rows.map(([name, value]) => `  ${style.dim(name.padEnd(9))}${value}`).join("\n")}\n`
}
