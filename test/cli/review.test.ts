import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { PassThrough } from "node:stream"
import { plain } from "../../src/cli/render/style.ts"
import { makeReview } from "../../src/cli/review.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import type { ReviewRequest } from "../../src/Router.ts"

const request: ReviewRequest = {
  session: SessionId.make("s-test-0001"),
  kind: "merge",
  reason: "1 file:\npackage.json: \x1b[2Jsensitive",
  diff: "+a\x1b[2J\n"
}

/** A desk whose person types `answer` each time `prompt` is seen. */
const desk = (answers: ReadonlyArray<string>) => {
  const input = new PassThrough()
  const output = new PassThrough()
  const left = [...answers]
  let shown = ""
  output.on("data", (chunk: Buffer) => {
    shown += chunk.toString("utf8")
    if (!/(: |stop\) )$/.test(shown)) return
    const next = left.shift()
    if (next === undefined) input.end()
    else input.write(`${next}\n`)
  })
  let interrupts = 0
  const review = makeReview({ input, output, style: plain, interrupt: () => interrupts++ })
  return { review, input, output, shown: () => shown }
}

describe("a review", () => {
  it.live.each([
    { typed: ["y"], answer: { approved: true, reason: "" } },
    { typed: ["YES "], answer: { approved: true, reason: "" } },
    { typed: ["n", "too big"], answer: { approved: false, reason: "too big" } },
    { typed: ["n", ""], answer: { approved: false, reason: "" } },
    { typed: ["", "yep", "maybe", "y"], answer: { approved: true, reason: "" } },
    { typed: ["what?"], answer: { approved: false, reason: "" } },
    { typed: [], answer: { approved: false, reason: "" } },
    { typed: ["n"], answer: { approved: false, reason: "" } }
  ])("is $answer.approved after $typed and then the end of input", ({ answer, typed }) =>
    Effect.gen(function*() {
      const { review } = desk(typed)
      assert.deepStrictEqual(yield* review(request), answer)
    }))

  it.live.each([
    { kind: "action" as const, typed: ["y"], answer: { approved: true, reason: "", scope: "once" as const } },
    { kind: "change" as const, typed: ["s"], answer: { approved: true, reason: "", scope: "session" as const } },
    { kind: "action" as const, typed: ["Session"], answer: { approved: true, reason: "", scope: "session" as const } },
    { kind: "action" as const, typed: ["n", "no"], answer: { approved: false, reason: "no" } },
    { kind: "merge" as const, typed: ["s", "y"], answer: { approved: true, reason: "" } },
    { kind: "debug" as const, typed: ["s", "n"], answer: { approved: false, reason: "" } }
  ])(
    "offers a yes for the whole session for an action or a change only: $kind, $typed",
    ({ answer, kind, typed }) =>
      Effect.gen(function*() {
        const { review, shown } = desk(typed)
        assert.deepStrictEqual(yield* review({ ...request, kind }), answer)
        assert.strictEqual(shown().includes("[s]ession"), kind === "action" || kind === "change")
      })
  )

  it.live("shows reason and diff, harmless", () =>
    Effect.gen(function*() {
      const { review, shown } = desk(["y"])
      yield* review(request)
      assert.include(shown(), "  | 1 file:\n  | package.json: \\x1b[2Jsensitive\n")
      assert.include(shown(), "+a\\x1b[2J\n")
      assert.notInclude(shown(), "\x1b[2J")
    }))

  it.live("cuts a long diff and shows all of it when asked", () =>
    Effect.gen(function*() {
      const long = Array.from({ length: 100 }, (_, index) => `+line ${index}\n`).join("")
      const { review, shown } = desk(["d", "n", ""])
      yield* review({ ...request, diff: long })
      const [before, after] = shown().split("(40 more lines)")
      assert.notInclude(before!, "+line 99")
      assert.include(after!, "+line 99")
    }))

  it.live("takes nothing for an answer that was typed before the question was shown", () =>
    Effect.gen(function*() {
      const { input, review } = desk([])
      input.write("y\ny\n")
      assert.deepStrictEqual(yield* review(request), { approved: false, reason: "" })
    }))

  it.live("answers no when input is over before the question", () =>
    Effect.gen(function*() {
      const { input, review } = desk(["y"])
      input.end("y\n")
      assert.deepStrictEqual(yield* review(request), { approved: false, reason: "" })
    }))

  it.live("asks one question at a time", () =>
    Effect.gen(function*() {
      const { review, shown } = desk(["y", "n", ""])
      const answers = yield* Effect.all([review(request), review({ ...request, kind: "action" })], { concurrency: 2 })
      assert.deepStrictEqual(answers.map(({ approved }) => approved), [true, false])
      assert.isBelow(shown().indexOf("merged into your project?"), shown().indexOf("May this be done"))
    }))

  it.live("is left without an answer when it is interrupted", () =>
    Effect.gen(function*() {
      const input = new PassThrough()
      const output = new PassThrough()
      const asked = new Promise<void>((resolve) => output.once("data", () => resolve()))
      const review = makeReview({ input, output, style: plain, interrupt: () => {} })
      const fiber = yield* Effect.fork(review(request))
      yield* Effect.promise(() => asked)
      const exit = yield* Fiber.interrupt(fiber)
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(input.listenerCount("keypress") + output.listenerCount("resize"), 0)
    }))
})
