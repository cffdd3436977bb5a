import { Effect } from "effect"
import { WorkspaceFailed } from "../Workspace.ts"
import { display } from "./names.ts"

const describe = (cause: unknown): string => {
  const error = cause as NodeJS.ErrnoException
  if (error?.code === undefined) return error instanceof Error ? display(error.message) : "an unknown error"
  return error.path === undefined ? error.code : `${error.code} at ${display(error.path)}`
}

/** What a thrown error of the file system is to a caller of this module. */
export const failure = (method: string, reason: WorkspaceFailed["reason"]) => (cause: unknown): WorkspaceFailed =>
  cause instanceof WorkspaceFailed ? cause : new WorkspaceFailed({
    method,
    reason: ["ENOSPC", "EDQUOT"].includes(String((cause as NodeJS.ErrnoException)?.code)) ? "no space" : reason,
    detail: describe(cause),
    cause
  })

/** Runs file system calls as an effect. */
export const attempt = <A>(
  method: string,
  reason: WorkspaceFailed["reason"],
  work: () => A
): Effect.Effect<A, WorkspaceFailed> => Effect.try({ try: work, catch: failure(method, reason) })
