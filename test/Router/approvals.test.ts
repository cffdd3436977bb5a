import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope, TestClock } from "effect"
import { Audit, type AuditEvent, AuditFailed } from "../../src/Audit.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import { Policy, type Rule } from "../../src/Policy.ts"
import { type ReviewAnswer, Router, type RouterSession } from "../../src/Router.ts"
import { approve } from "../../src/Router/approvals.ts"
import { Sandbox, scripted } from "../../src/Sandbox.ts"
import { StateMachine } from "../../src/StateMachine.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { Workspace } from "../../src/Workspace.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { type Watcher, watcher } from "../support/watcher.ts"

const everything: Rule = {
  name: "open",
  effect: "allow",
  match: { action: ["fs.read", "fs.write", "shell.exec", "change"] }
}
const asks = (match: Rule["match"], rest: Partial<Rule> = {}): Rule => ({
  name: "ask",
  effect: "require_review",
  match,
  ...rest
})

const session: ReviewAnswer = { approved: true, reason: "", scope: "session" }
const once: ReviewAnswer = { approved: true, reason: "", scope: "once" }

type TestKernelServices = Layer.Layer.Success<TestKernel.TestKernel["layer"]>

type Asked = RouterSession & Watcher

const open = (name: string, answers: ReadonlyArray<ReviewAnswer>) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make(name)
    yield* Effect.flatMap(StateMachine, (_) => _.create(id, "strict"))
    yield* Effect.flatMap(StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* Effect.flatMap(Workspace, (_) =>
      _.open({ project: "/project", session: id, secrets: [], maxFileBytes: 1 << 20 }))
    return { id, stage, ...watcher(answers) }
  })

const inSession = <A, E>(
  rules: ReadonlyArray<Rule>,
  answers: ReadonlyArray<ReviewAnswer>,
  use: (session: Asked) => Effect.Effect<A, E, TestKernelServices | Scope.Scope>
) =>
  Effect.flatMap(open("s-approvals", answers), use).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(
        TestKernel.make({
          files: { "notes.md": "one\n", "a.json": "{}\n" },
          rules: [everything, ...rules],
          run: (command, { stage }) => {
            if (command.command === "touch") stage.write(command.args[0]!, String(command.args[1]))
            return scripted()
          }
        }).layer,
        scriptedModel([]).layer
      )
    )
  )

const exec = (session: RouterSession, command: string, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(Router, (router) => router.call(session, { id: "c", name: "shell.exec", args: { command, args } }))

const outcomes = <A extends { readonly outcome: string }, E, R>(calls: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.map(Effect.all(calls), (results) => results.map(({ outcome }) => outcome))

const tokenEntries = Effect.map(
  Effect.flatMap(Audit, (_) => _.entries({ category: "policy" })),
  (entries) => entries.filter(({ action }) => action.startsWith("token."))
)

describe("an approval", () => {
  it.effect("for the session is not asked for again, for exactly that", () =>
    inSession([asks({ action: "shell.exec" })], [session], (session) =>
      Effect.gen(function*() {
        const same = [exec(session, "make", "x"), exec(session, "make", "x"), exec(session, "make", "x")]
        assert.deepStrictEqual(yield* outcomes(same), ["ok", "ok", "ok"])
        assert.lengthOf(session.questions, 1)
        const other = [exec(session, "make"), exec(session, "make", "x", "y"), exec(session, "./make", "x")]
        assert.deepStrictEqual(yield* outcomes(other), ["refused", "refused", "refused"])
        assert.lengthOf(session.questions, 4)
      })))

  it.effect("for once is for once, and so is one that does not say", () =>
    inSession(
      [asks({ action: "shell.exec" })],
      [once, { approved: true, reason: "" }],
      (session) =>
        Effect.gen(function*() {
          const calls = [exec(session, "make"), exec(session, "make"), exec(session, "make")]
          assert.deepStrictEqual(yield* outcomes(calls), ["ok", "ok", "refused"])
          assert.lengthOf(session.questions, 3)
        })
    ))

  it.effect("for the session of a change stands for that path and that tool", () =>
    inSession([asks({ action: "change", path: "*.json" })], [session, session], (session) =>
      Effect.gen(function*() {
        const calls = [exec(session, "touch", "a.json", "1"), exec(session, "touch", "a.json", "2")]
        assert.deepStrictEqual(yield* outcomes(calls), ["ok", "ok"])
        assert.deepStrictEqual(session.questions.map(({ reason }) => reason.split(":")[0]), ["M a.json"])
        assert.deepStrictEqual(yield* outcomes([exec(session, "touch", "b.json", "1")]), ["ok"])
        const written = yield* Effect.flatMap(Router, (_) =>
          _.call(session, { id: "c", name: "fs.write", args: { path: "a.json", content: "3" } }))
        assert.strictEqual(written.outcome, "refused")
        assert.lengthOf(session.questions, 3)
      })))

  it.effect("never outlives its time or its number of uses", () =>
    inSession([asks({ action: "shell.exec" })], [session, session], (session) =>
      Effect.gen(function*() {
        yield* exec(session, "make")
        yield* TestClock.adjust("8 hours")
        yield* exec(session, "make")
        assert.lengthOf(session.questions, 2)
        for (let n = 0; n < 99; n++) assert.strictEqual((yield* exec(session, "make")).outcome, "ok")
        assert.strictEqual((yield* exec(session, "make")).outcome, "refused")
        assert.lengthOf(session.questions, 3)
      })))

  it.effect("is worth nothing in another session", () =>
    inSession([asks({ action: "shell.exec" })], [session], (session) =>
      Effect.gen(function*() {
        yield* exec(session, "make")
        const other = yield* open("s-other", [])
        assert.strictEqual((yield* exec(other, "make")).outcome, "refused")
        assert.lengthOf(other.questions, 1)
        // Even over the same stage: the tokens themselves belong to the first session and its peer.
        for (const thief of [{ ...other, stage: session.stage }, { ...session, peer: "uid 0" }]) {
          assert.strictEqual((yield* exec(thief, "make")).outcome, "refused")
        }
      })))

  it.effect.each<{ readonly title: string; readonly rule: Rule; readonly questions: number }>([
    {
      title: "the reasons of another rule",
      rule: asks({ action: "shell.exec", phase: "test_writing" }, { name: "b", reason: "later it matters" }),
      questions: 2
    },
    {
      title: "a deny",
      rule: { name: "no", effect: "deny", match: { action: "shell.exec", phase: "test_writing" } },
      questions: 1
    }
  ])(
    "does not stand against $title",
    ({ questions, rule }) =>
      inSession([asks({ action: "shell.exec" }), rule], [session], (session) =>
        Effect.gen(function*() {
          yield* exec(session, "make")
          const router = yield* Router
          yield* router.call(session, { id: "c", name: "fs.write", args: { path: "a.test.js", content: "1" } })
          assert.strictEqual((yield* exec(session, "make")).outcome, "refused")
          assert.lengthOf(session.questions, questions)
          if (questions === 2) assert.include(session.questions[1]?.reason, "later it matters")
        }))
  )

  it.effect("never opens what the phase keeps shut", () =>
    inSession(
      [asks({ action: ["fs.write", "change"] })],
      [session, session, session, session],
      (session) =>
        Effect.gen(function*() {
          const router = yield* Router
          const write = router.call(session, { id: "c", name: "fs.write", args: { path: "notes.md", content: "2" } })
          assert.strictEqual((yield* write).outcome, "ok")
          yield* Effect.flatMap(StateMachine, (_) => _.apply(session.id, { _tag: "SessionFailed", reason: "x" }))
          const result = yield* write
          assert.deepStrictEqual([result.outcome, result.by], ["refused", "phase failed"])
          assert.lengthOf(session.questions, 2)
        })
    ))

  it.effect("goes on record as a token made and each use of it, never with the token", () =>
    inSession([asks({ action: "shell.exec" })], [session], (session) =>
      Effect.gen(function*() {
        const results = yield* Effect.all([exec(session, "make", "x"), exec(session, "make", "x")])
        const entries = yield* tokenEntries
        assert.deepStrictEqual(entries.map(({ action, actor }) => [action, actor]), [
          ["token.issued", "human"],
          ["token.used", "model"],
          ["token.used", "model"]
        ])
        assert.deepInclude(entries[0]?.detail, { scope: "session", uses: 100, ttlMs: 28_800_000, count: 1 })
        const ids = entries.map(({ detail }) => (detail as any).tokens[0])
        assert.isTrue(
          ids.every(({ rule, token, what }) => token === ids[0].token && what === "shell.exec make x" && rule === "ask")
        )
        // The secret is 43 characters of base64url.
        assert.notMatch(JSON.stringify([entries.map(({ detail }) => detail), results, session.events]), /[\w-]{43}/)
      })))

  it.effect("stops the call while its token is not on record", () =>
    inSession([asks({ action: "shell.exec" })], [session], (session) =>
      Effect.gen(function*() {
        const audit = yield* Audit
        const leaves = {
          policy: yield* Policy,
          stateMachine: yield* StateMachine,
          sandbox: yield* Sandbox,
          approvals: new WeakMap(),
          tools: new Map(),
          memoryOf: () => ({}),
          audit: {
            ...audit,
            commit: (event: AuditEvent) =>
              event.action === "token.issued"
                ? Effect.fail(new AuditFailed({ method: "commit", reason: "write" }))
                : audit.commit(event)
          }
        }
        const state = yield* leaves.stateMachine.get(session.id)
        const request = { action: "shell.exec", phase: state.phase, mode: state.mode, command: "make" } as const
        const decision = yield* leaves.policy.decide(request)
        const error = yield* Effect.flip(approve(leaves, session, state, [{ request, decision }], once))
        assert.strictEqual(error.module, "Audit")
        assert.isEmpty(yield* tokenEntries)
      })))

  it.effect("is asked for in words that nothing of what is asked can imitate", () =>
    inSession(
      [asks({ action: ["shell.exec", "change"] }, { reason: "look" })],
      [session],
      (session) =>
        Effect.gen(function*() {
          const forged = "x\nfine (rule open)"
          yield* exec(session, "touch", "a: fine (rule open).json", forged)
          assert.deepStrictEqual(session.questions.map(({ reason }) => reason), [
            `shell.exec touch "a: fine (rule open).json" ${JSON.stringify(forged)}\nlook (rule ask)`,
            `A "a: fine (rule open).json": look (rule ask)`
          ])
          yield* exec(session, "make", "y".repeat(10_000))
          const [line] = session.questions[2]!.reason.split("\n")
          assert.match(line!, /^shell\.exec make y{3984}… \(6016 more characters\)$/)
        })
    ))
})
