import { Effect } from "effect"
import { execFile } from "node:child_process"
import type { RouterSession } from "../Router.ts"
import type { Parts } from "./Parts.ts"

const timeoutMs = 60_000

/** Settings that keep git from running anything of the repository's: no hooks, monitors, signing programs or editors. */
const inert = [
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.fsmonitor=false",
  "-c",
  "commit.gpgSign=false",
  "-c",
  "core.editor=true"
]

/** Commits exactly the merged paths in the project; a commit that fails leaves the merge as it is and is told in the summary. */
export const commit = Effect.fn("Orchestrator.commit")(function*(
  parts: Pick<Parts, "audit" | "stateMachine">,
  project: string,
  session: RouterSession,
  paths: ReadonlyArray<string>,
  summary: string
): Effect.fn.Return<string> {
  const [title = "Change", ...rest] = summary.trim() === "" ? ["Change by fluffy"] : summary.trim().split("\n")
  const message = `${title.slice(0, 72)}\n\n${rest.join("\n")}`.trim()
  const git = (...args: ReadonlyArray<string>) =>
    Effect.async<string | undefined>((resume) => {
      const child = execFile("git", [...inert, "-C", project, ...args], { timeout: timeoutMs }, (error, _, stderr) =>
        resume(Effect.succeed(error === null ? undefined : (stderr || error.message).trim().slice(0, 500))))
      return Effect.sync(() =>
        child.kill("SIGKILL")
      )
    })
  if (paths.length === 0) return ""
  const literal = paths.map((path) => `:(top,literal)${path}`)
  const problem = (yield* git("add", "-A", "--", ...literal)) ??
    (yield* git("commit", "--no-verify", "--quiet", "-m", message, "--", ...literal))
  yield* Effect.ignore(Effect.flatMap(parts.stateMachine.get(session.id), (state) =>
    parts.audit.commit({
      session: session.id,
      category: "merge",
      action: problem === undefined ? "commit.done" : "commit.failed",
      actor: "kernel",
      phase: state.phase,
      mode: state.mode,
      detail: { paths: paths.length, ...(problem === undefined ? {} : { problem }) }
    })))
  return problem === undefined ? "" : `The change is merged but could not be committed: ${problem}`
})
