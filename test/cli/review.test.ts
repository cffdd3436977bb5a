import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { PassThrough } from "node:stream"
import { plain } from "../../src/cli/render/style.ts"
import { makeReview } from "../../src/cli/review.ts"
import type { Person } from "../../src/domain/Person.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import type { PolicyRequest } from "../../src/Policy.ts"
import type { ReviewAnswer, ReviewRequest } from "../../src/Router.ts"

const request: ReviewRequest = {
  session: SessionId.make("s-test-0001"),
  kind: "merge",
  reason: "1 file:\npackage.json: \x1b[2Jsensitive",
  diff: "+a\x1b[2J\n"
}

const me: Person = { user: "me", uid: 1000, terminal: "/dev/pts/1" }

const asked: ReadonlyArray<PolicyRequest> = [
  { action: "change", phase: "coding", mode: "strict", tool: "fs.write", path: "db/one.sql" }
]

/** A desk whose person types `answer` each time `prompt` is seen. */
const desk = (answers: ReadonlyArray<string>, person?: Person) => {
  const input = new PassThrough()
  const output = new PassThrough()
  const left = [...answers]
  let shown = ""
  let seen = ""
  output.on("data", (chunk: Buffer) => {
    shown += chunk.toString("utf8")
    if (!/(: |stop\) )$/.test(shown) || shown === seen) return
    seen = shown
    const next = left.shift()
    if (next === undefined) input.end()
    else input.write(`${next}\n`)
  })
  let interrupts = 0
  const review = makeReview({
    input,
    output,
    style: plain,
    ...(person === undefined ? {} : { person }),
    interrupt: () => interrupts++
  })
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
        const repeats = kind === "action" || kind === "change" ? { repeats: { asked, always: false } } : {}
        assert.deepStrictEqual(yield* review({ ...request, kind, ...repeats }), answer)
        assert.strictEqual(shown().includes("[s]ession"), "repeats" in repeats)
        assert.notInclude(shown(), "[a]lways")
      })
  )

  it.live.each<{ readonly title: string; readonly typed: ReadonlyArray<string>; readonly answer: ReviewAnswer }>([
    {
      title: "keeps exactly what was asked where nothing is edited",
      typed: ["a"],
      answer: { approved: true, reason: "", scope: "always", by: me }
    },
    {
      title: "takes a suggestion by its number",
      typed: ["e", "2", "s"],
      answer: { approved: true, reason: "", scope: "session", wider: { path: ["/db/*.sql"] }, by: me }
    },
    {
      title: "takes patterns that are typed, and narrows again",
      typed: ["e", "*.sql, *.ddl", "e", "db/*.sql", "always"],
      answer: { approved: true, reason: "", scope: "always", wider: { path: ["db/*.sql"] }, by: me }
    },
    {
      title: "goes back to exactly that by number 1",
      typed: ["e", "4", "e", "1", "a"],
      answer: { approved: true, reason: "", scope: "always", by: me }
    },
    {
      title: "leaves the rule where nothing is typed, and lets a yes for once be for once whatever the rule",
      typed: ["e", "2", "e", "", "y"],
      answer: { approved: true, reason: "", scope: "once", by: me }
    },
    { title: "is a no after an edit too", typed: ["e", "2", "n", ""], answer: { approved: false, reason: "", by: me } },
    { title: "is nobody's answer when input ends in the editor", typed: ["e"], answer: { approved: false, reason: "" } }
  ])("$title", ({ answer, typed }) =>
    Effect.gen(function*() {
      const { review } = desk(typed, me)
      const repeats = { asked, always: true }
      assert.deepStrictEqual(yield* review({ ...request, kind: "change", repeats }), answer)
    }))

  it.live.each([
    { typed: "docs/**", why: "it leaves out \"db/one.sql\", which is asked about" },
    { typed: "[z", why: "can never match" },
    { typed: "!db/one.sql", why: "it leaves out" },
    { typed: "99", why: "there is no number 99" },
    { typed: ",", why: "it leaves out" },
    { typed: "a\u202eb", why: "it leaves out" }
  ])("refuses $typed as the rule and asks again", ({ typed, why }) =>
    Effect.gen(function*() {
      const { review, shown } = desk(["e", typed, "2", "s"], me)
      const answer = yield* review({ ...request, kind: "change", repeats: { asked, always: true } })
      assert.include(shown().replaceAll("\n", ""), why)
      assert.notInclude(shown(), "\u202e")
      assert.deepStrictEqual(answer.wider, { path: ["/db/*.sql"] })
    }))

  it.live("shows the exact rule, hostile names harmless, and says when it is every file", () =>
    Effect.gen(function*() {
      const hostile: PolicyRequest = { ...asked[0]!, path: "db/\u202egpj.\x1b[2Jsh\nrule: all" }
      const { review, shown } = desk(["e", "*", "n", ""])
      yield* review({ ...request, kind: "change", repeats: { asked: [hostile], always: true } })
      assert.include(shown(), "  rule: change by fs.write \"db/\\u{202e}gpj.")
      assert.include(shown(), "  rule: change by fs.write every path like *\n  This is every file.")
      assert.notMatch(shown(), /\x1b|\u202e|^rule: all/m)
    }))

  it.live("lets the words of a command be chosen, not typed", () =>
    Effect.gen(function*() {
      const command: PolicyRequest = {
        action: "shell.exec",
        phase: "coding",
        mode: "strict",
        tool: "shell.exec",
        command: "make",
        args: ["deploy", "prod"]
      }
      const { review, shown } = desk(["e", "make", "3", "s"])
      const answer = yield* review({ ...request, kind: "action", repeats: { asked: [command], always: false } })
      assert.deepStrictEqual(answer.wider, { command: ["make", "deploy"] })
      assert.include(shown(), "type one of the numbers")
      assert.notInclude(shown(), "patterns of paths")
      assert.include(shown(), "rule: shell.exec \"make\" \"deploy\" \"prod\", to the letter")
      assert.include(shown(), "rule: shell.exec \"make\" \"deploy\" and whatever follows")
    }))

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

  it.scopedLive("takes nothing for an answer that was typed before, on a machine too busy to have read it", () =>
    Effect.gen(function*() {
      const server = createServer().listen(0, "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => server.close()))
      yield* Effect.promise(() => once(server, "listening"))
      const person = connect((server.address() as AddressInfo).port, "127.0.0.1")
      const [input]: ReadonlyArray<Socket> = yield* Effect.promise(() => once(server, "connection"))
      yield* Effect.addFinalizer(() => Effect.sync(() => [person, input!].forEach((socket) => socket.destroy())))
      yield* Effect.promise(() => new Promise((sent) => person.write("y\n", sent)))

      const resume = input!.resume.bind(input)
      input!.resume = () => {
        queueMicrotask(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300))
        return resume()
      }
      const output = new PassThrough()
      output.on("data", (shown: Buffer) => shown.includes("[n]o: ") && person.end("n\n"))
      const review = makeReview({ input: input!, output, style: plain, interrupt: () => {} })
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
