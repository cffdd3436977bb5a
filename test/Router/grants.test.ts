import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, type Scope } from "effect"
import { Audit } from "../../src/Audit.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import { Policy, type Rule } from "../../src/Policy.ts"
import * as PolicyMemory from "../../src/Policy.ts"
import { PolicyLoadFailed } from "../../src/Policy/PolicyError.ts"
import { type ReviewAnswer, Router, type RouterSession } from "../../src/Router.ts"
import { scripted } from "../../src/Sandbox.ts"
import { StateMachine } from "../../src/StateMachine.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { Workspace } from "../../src/Workspace.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { type Watcher, watcher } from "../support/watcher.ts"

const rules: ReadonlyArray<Rule> = [
  { name: "open", effect: "allow", match: { action: ["fs.read", "fs.write", "shell.exec", "change"] } },
  { name: "ask-make", effect: "require_review", match: { action: "shell.exec", command: "make" } },
  { name: "ask-json", effect: "require_review", match: { action: "change", path: "*.json" } },
  { name: "ask-lock", effect: "require_review", match: { action: "change", path: "lock.json" }, reason: "a lock" },
  { name: "no-gen", effect: "deny", match: { action: "change", path: "gen/**" } },
  { name: "no-prod", effect: "deny", match: { action: "shell.exec", command: "make", args: ["deploy", "prod"] } }
]

const me = { user: "me", uid: 1000, terminal: "/dev/pts/1" }
const yes = (scope: NonNullable<ReviewAnswer["scope"]>, wider?: ReviewAnswer["wider"]): ReviewAnswer => ({
  approved: true,
  reason: "",
  scope,
  by: me,
  ...(wider === undefined ? {} : { wider })
})

type Services = Layer.Layer.Success<TestKernel.TestKernel["layer"]>
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

const inKernel = <A, E>(use: Effect.Effect<A, E, Services | Scope.Scope>, policy?: Layer.Layer<Policy>) =>
  Effect.scoped(use).pipe(
    Effect.provide(
      Layer.provide(
        TestKernel.make({
          rules,
          ...(policy === undefined ? {} : { policy }),
          run: (command, { stage }) => {
            if (command.command === "touch") { for (const path of command.args) stage.write(path, `${Math.random()}`) }
            return scripted()
          }
        }).layer,
        scriptedModel([]).layer
      )
    )
  )

const inSession = <A, E>(
  answers: ReadonlyArray<ReviewAnswer>,
  use: (session: Asked) => Effect.Effect<A, E, Services | Scope.Scope>,
  policy?: Layer.Layer<Policy>
) => inKernel(Effect.flatMap(open("s-grants", answers), use), policy)

const exec = (session: RouterSession, command: string, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(Router, (router) => router.call(session, { id: "c", name: "shell.exec", args: { command, args } }))

const outcome = (session: RouterSession, ...words: readonly [string, ...Array<string>]) =>
  Effect.map(exec(session, ...words), (result) => result.outcome)

const entries = Effect.flatMap(Audit, (_) => _.entries({ category: "policy" }))
const savedNow = Effect.flatMap(Policy, (_) => Effect.map(_.grants!.list, ({ grants }) => grants))

describe("a yes that was widened", () => {
  it.effect("covers the paths of its patterns, and no others", () =>
    inSession([yes("session", { path: ["/a/*.json"] })], (session) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcome(session, "touch", "a/one.json"), "ok")
        assert.strictEqual(yield* outcome(session, "touch", "a/two.json", "a/three.json"), "ok")
        assert.lengthOf(session.questions, 1)
        assert.strictEqual(yield* outcome(session, "touch", "b/one.json"), "refused")
        assert.lengthOf(session.questions, 2)
      })))

  it.effect("covers what follows the words of its command, and no other words", () =>
    inSession([yes("session", { command: ["make"] })], (session) =>
      Effect.gen(function*() {
        for (const args of [["x"], ["y", "z"], []]) {
          assert.strictEqual(yield* outcome(session, "make", ...args), "ok")
        }
        assert.lengthOf(session.questions, 1)
        assert.strictEqual(yield* outcome(session, "./make"), "refused")
      })))

  it.effect("never beats a deny, nor answers another rule or other reasons", () =>
    inSession(
      [yes("session", { path: ["*"] }), yes("session", { command: ["make"] })],
      (session) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* outcome(session, "touch", "a.json"), "ok")
          assert.strictEqual(yield* outcome(session, "touch", "gen/a.json"), "refused")
          assert.strictEqual(yield* outcome(session, "touch", ".git/a.json"), "refused")
          assert.lengthOf(session.questions, 1)
          assert.strictEqual(yield* outcome(session, "make", "deploy", "test"), "ok")
          assert.strictEqual(yield* outcome(session, "make", "deploy", "prod"), "refused")
          assert.lengthOf(session.questions, 2)
          assert.strictEqual(yield* outcome(session, "touch", "lock.json"), "refused")
          assert.include(session.questions[2]?.reason, "a lock")
        })
    ))

  it.effect.each<ReviewAnswer["wider"] & {}>([
    { path: ["/b/*"] },
    { path: ["[z"] },
    { path: [] },
    { command: ["touch"] },
    { path: ["*"], command: ["touch"] }
  ])(
    "is a yes for once when %j is no rule for what was asked",
    (wider) =>
      inSession([yes("always", wider)], (session) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* outcome(session, "touch", "a/one.json"), "ok")
          assert.strictEqual(yield* outcome(session, "touch", "a/one.json"), "refused")
          assert.isEmpty(yield* savedNow)
        }))
  )

  it.effect("is a rule for each question that was asked at once", () =>
    inSession([yes("session", { path: ["*.json"] })], (session) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcome(session, "touch", "a.json", "b.json", "lock.json"), "ok")
        assert.strictEqual(yield* outcome(session, "touch", "c.json", "lock.json"), "ok")
        assert.lengthOf(session.questions, 1)
        assert.deepStrictEqual(session.questions[0]?.repeats?.asked.map(({ path }) => path), [
          "a.json",
          "b.json",
          "lock.json"
        ])
        const issued = (yield* entries).find(({ action }) => action === "token.issued")
        assert.deepStrictEqual((issued!.detail["tokens"] as any).map((_: any) => _.covers), [
          "change by shell.exec every path like *.json",
          "change by shell.exec every path like *.json"
        ])
      })))
})

describe("a yes for always", () => {
  it.effect("answers the next session too, on record when saved, when made and when used", () =>
    inSession([yes("always", { path: ["*.json"] })], (session) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcome(session, "touch", "a.json"), "ok")
        const next = yield* open("s-next", [])
        assert.strictEqual(yield* outcome(next, "touch", "b.json"), "ok")
        assert.strictEqual(yield* outcome(next, "touch", "c.json"), "ok")
        assert.isEmpty(next.questions)
        const [grant] = yield* savedNow
        assert.deepInclude(grant, { by: me, grant: { action: "change", path: ["*.json"], tool: "shell.exec" } })
        const log = (yield* entries).filter(({ action }) => /^(grant|token)\./.test(action))
        assert.deepStrictEqual(log.map(({ action, session }) => `${session} ${action}`), [
          "s-grants grant.saved",
          "s-grants token.issued",
          "s-grants token.used",
          "s-next token.issued",
          "s-next token.used",
          "s-next token.used"
        ])
        assert.deepInclude(log[0]?.detail, { grant: grant?.id, by: me })
        assert.deepInclude(log[3]?.detail, { scope: "always", by: me, granted: grant?.at })
        assert.strictEqual((log[3]!.detail["tokens"] as any)[0].grant, grant?.id)
      })))

  it.effect("is worth nothing from the moment it is revoked, in sessions that used it too", () =>
    inSession([yes("always")], (session) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcome(session, "make"), "ok")
        assert.strictEqual(yield* outcome(session, "make"), "ok")
        const [grant] = yield* savedNow
        const { grants } = yield* Policy
        assert.isTrue(yield* grants!.revoke(grant!.id))
        assert.strictEqual(yield* outcome(session, "make"), "refused")
        assert.lengthOf(session.questions, 2)
      })))

  it.effect("is not offered, nor kept, for what holds a secret", () =>
    inSession([yes("always")], (session) =>
      Effect.gen(function*() {
        const secret = `GITHUB_TOKEN=ghp_${"a1B2".repeat(9)}`
        assert.strictEqual(yield* outcome(session, "make", secret), "ok")
        assert.strictEqual(session.questions[0]?.repeats?.always, false)
        assert.isEmpty(yield* savedNow)
        assert.strictEqual(yield* outcome(session, "make", secret), "ok")
        assert.lengthOf(session.questions, 1)
      })))

  const broken = Layer.map(PolicyMemory.layerMemory(rules), (context) => {
    const error = new PolicyLoadFailed({ file: "/home/grants", line: 0, column: 0, problem: "it cannot be written" })
    const policy = Context.get(context, Policy)
    return Context.make(Policy, { ...policy, grants: { ...policy.grants!, save: () => Effect.fail(error) } })
  })

  it.effect("stands for the session, and says so, where it cannot be kept", () =>
    inSession([yes("always")], (session) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* outcome(session, "make"), "ok")
        assert.strictEqual(yield* outcome(session, "make"), "ok")
        assert.lengthOf(session.questions, 1)
        const notice = session.events.find(({ type }) => type === "notice")
        assert.include(notice?.type === "notice" ? notice.text : "", "for this session only")
      }), broken))
})
