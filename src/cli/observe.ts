import { Effect, Schedule, type Scope } from "effect"
import type { SessionEvent } from "../domain/SessionEvent.ts"
import { escapeJson } from "../internal/escape.ts"
import { addFinalizer } from "../internal/finalizer.ts"
import type { Observer } from "../Orchestrator.ts"
import { errStyle, outStyle, print, screen } from "./io.ts"
import { person } from "./person.ts"
import { makeRenderer } from "./render/events.ts"
import { number, time } from "./render/format.ts"
import type { Style } from "./render/style.ts"
import { makeReview } from "./review.ts"

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

/** Asks where a person sees it; a question that nobody can see is answered with no. */
const askOn = (output: NodeJS.WriteStream, style: Style): Observer["review"] =>
  output.isTTY
    ? makeReview({
      input: process.stdin,
      output,
      style,
      person: person(),
      interrupt: () => process.kill(process.pid, "SIGINT")
    })
    : () => Effect.succeed({ approved: false, reason: "" })

/** Prints each event as a line of JSON; questions are asked on standard error. */
export const jsonObserver: Observer = {
  person: person(),
  emit: (event) => Effect.sync(() => print(`${escapeJson(event)}\n`)),
  review: askOn(process.stderr, errStyle)
}

/**
 * Shows events to a person as they come, and on a terminal what is being waited for. Unless it is `headless`, a merge is asked about
 * where it would be told, so that it is not told as well.
 */
export const humanObserver = Effect.fnUntraced(function*(
  headless: boolean
): Effect.fn.Return<Observer, never, Scope.Scope> {
  const renderer = makeRenderer(outStyle)
  const ask = process.stdout.isTTY ? askOn(process.stdout, outStyle) : askOn(process.stderr, errStyle)
  const asksHere = process.stdout.isTTY && !headless
  const started = performance.now()
  let asking = false
  let tick = 0

  const draw = Effect.sync(() => {
    const { atLineStart, phase, tokens, waitingFor } = renderer.standing()
    if (asking || !atLineStart) return
    const spent = tokens > 0 ? ` · ${number(tokens)} tokens` : ""
    screen.status(
      `${frames[tick++ % frames.length]} ${phase} · waiting for ${waitingFor} · ${
        time(Math.floor((performance.now() - started) / 1000) * 1000)
      }${spent}`
    )
  })
  if (screen.drawsStatus) yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("120 millis")))
  yield* addFinalizer(() => Effect.sync(screen.clear))

  return {
    person: person(),
    emit: (event: SessionEvent) =>
      Effect.sync(() => event.type === "review.requested" && asksHere ? undefined : print(renderer.event(event))),
    review: (request) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          asking = true
          screen.clear()
        }),
        () => ask(request),
        () => Effect.sync(() => (asking = false))
      )
  }
})
