import { Effect } from "effect"
import type { SessionEvent } from "../../src/domain/SessionEvent.ts"
import type { Observer } from "../../src/Orchestrator.ts"
import type { ReviewAnswer, ReviewRequest } from "../../src/Router.ts"

/** Someone who watches a session and answers its questions in turn; with no answer left, no. */
export interface Watcher extends Observer {
  readonly events: Array<SessionEvent>
  readonly questions: Array<ReviewRequest>
}

export const watcher = (answers: ReadonlyArray<ReviewAnswer> = []): Watcher => {
  const events: Array<SessionEvent> = []
  const questions: Array<ReviewRequest> = []
  return {
    events,
    questions,
    emit: (event) => Effect.sync(() => void events.push(event)),
    review: (request) =>
      Effect.sync(() => {
        questions.push(request)
        return answers[questions.length - 1] ?? { approved: false, reason: "" }
      })
  }
}
