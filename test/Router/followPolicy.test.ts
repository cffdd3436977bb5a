import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Audit } from "../../src/Audit.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"
import { type ReviewRequest, Router, type RouterSession } from "../../src/Router.ts"
import { scripted } from "../../src/Sandbox.ts"
import { StateMachine } from "../../src/StateMachine.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { Workspace } from "../../src/Workspace.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { type Watcher, watcher } from "../support/watcher.ts"

const base = `version: 1
rules:
  - { name: open, match: { action: [fs.read, shell.exec, change] }, effect: allow }
  - { name: ask, match: { action: shell.exec, command: make }, effect: require_review }
`
const deny = "version: 1\nrules:\n  - { name: no-make, match: { action: shell.exec, command: make }, effect: deny }\n"
const askToo = "version: 1\nrules:\n" +
  "  - { name: ask-too, match: { action: shell.exec, command: make }, effect: require_review, reason: new }\n"
const noPaths = "version: 1\nrules:\n  - { name: no-paths, match: { action: change, path: a.md }, effect: deny }\n"

type Services = Layer.Layer.Success<TestKernel.TestKernel["layer"]>
interface Asked extends RouterSession, Watcher {
  readonly put: (name: string, text: string) => void
  readonly remove: (name: string) => void
  readonly ran: ReadonlyArray<string>
}

const open = (name: string) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make(name)
    yield* Effect.flatMap(StateMachine, (_) => _.create(id, "strict"))
    yield* Effect.flatMap(StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* Effect.flatMap(Workspace, (_) =>
      _.open({ project: "/project", session: id, secrets: [], maxFileBytes: 1 << 20 }))
    return { id, stage, ...watcher() }
  })

/** A kernel over a folder of rules; `during` is what happens in the sandbox while a command runs. */
const inKernel = <A, E>(
  use: (session: Asked) => Effect.Effect<A, E, Services | Scope.Scope>,
  during: (put: Asked["put"]) => void = () => {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-follow-"))),
      (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
    )
    const directory = join(root, "policies")
    const project = join(root, "project")
    for (const made of [directory, project]) mkdirSync(made)
    const put = (name: string, text: string) => writeFileSync(join(directory, name), text)
    put("base.yaml", base)
    const ran: Array<string> = []
    const kernel = TestKernel.make({
      files: { "a.md": "one\n", "b.md": "one\n" },
      config: { network: [{ host: "a.example", port: 443 }] },
      policy: Layer.orDie(
        Yaml.layer({ directories: [{ layer: "user", directory }], project, grants: join(root, "grants") })
      ),
      run: (command, { stage }) => {
        ran.push(command.command)
        if (command.command === "touch") {
          during(put)
          for (const path of command.args) stage.write(path, "two\n")
        }
        return scripted()
      }
    })
    return yield* Effect.flatMap(
      open("s-follow"),
      (session) => use({ ...session, put, ran, remove: (name) => unlinkSync(join(directory, name)) })
    ).pipe(Effect.provide(Layer.provide(kernel.layer, scriptedModel([]).layer)))
  }))

const exec = (session: RouterSession, command: string, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(Router, (router) => router.call(session, { id: "c", name: "shell.exec", args: { command, args } }))

const news = ({ events }: Watcher) => events.filter(({ type }) => type.startsWith("policy.") || type === "notice")

const logged = Effect.map(
  Effect.flatMap(Audit, (_) => _.entries({ category: "policy" })),
  (entries) => entries.filter(({ action }) => action.startsWith("policy."))
)

const answering = (
  session: Asked,
  answer: (request: ReviewRequest) => void,
  scope: "session" | "always" = "session"
): Asked => ({
  ...session,
  review: (request) =>
    Effect.sync(() => {
      answer(request)
      return { approved: true, reason: "", scope }
    })
})

describe("a running kernel", () => {
  it.live("takes a changed policy up for the next call, tells so once, and puts it on record", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* exec(session, "ls")).outcome, "ok")
        assert.isEmpty(news(session))
        session.put("more.yaml", deny.replace("command: make", "command: ls"))
        const refused = yield* exec(session, "ls")
        assert.deepStrictEqual([refused.outcome, refused.by], ["refused", "policy no-make"])
        yield* exec(session, "ls")
        const [event, ...others] = news(session)
        assert.isEmpty(others)
        assert(event?.type === "policy.changed")
        assert.deepStrictEqual(event.files.map(({ change, file }) => [change, file.replace(/.*\//, "")]), [
          ["added", "more.yaml"]
        ])
        assert.deepStrictEqual([event.rules, event.warnings], [3, []])
        const [entry, ...more] = yield* logged
        assert.isEmpty(more)
        assert.deepInclude(entry, { action: "policy.changed", actor: "kernel", session: session.id })
        assert.deepInclude(entry?.detail, { from: event.from, to: event.to, rules: 3 })
        const [file] = entry!.detail["files"] as ReadonlyArray<any>
        assert.deepInclude(file, { layer: "user", change: "added", before: null, owner: process.getuid?.() })
        assert.match(file.after, /^[0-9a-f]{64}$/)
        assert.match(file.modified, /^\d{4}-.*Z$/)
      })
    ))

  it.live("keeps its rules while the files are wrong, says why with file and line, and when they are right again", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        yield* exec(session, "ls")
        session.put("more.yaml", `${deny}  - { name: oops, match: { action: nothing }, effect: deny }\n`)
        assert.strictEqual((yield* exec(session, "ls")).outcome, "ok")
        assert.strictEqual((yield* exec(session, "ls")).outcome, "ok")
        const [event, ...others] = news(session)
        assert.isEmpty(others)
        assert(event?.type === "policy.rejected")
        assert.match(event.problems.join(), /more\.yaml:4:\d+ \(rule oops\): unknown action "nothing"/)
        assert.deepStrictEqual((yield* logged).map(({ action }) => action), ["policy.rejected"])
        session.remove("more.yaml")
        assert.strictEqual((yield* exec(session, "ls")).outcome, "ok")
        assert.deepStrictEqual(news(session).map(({ type }) => type), ["policy.rejected", "notice"])
      })
    ))

  it.live("tells every session of a change, each at its own next call", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        const other = yield* open("s-other")
        yield* exec(session, "ls")
        yield* exec(other, "ls")
        session.put("more.yaml", deny)
        yield* exec(session, "ls")
        assert.lengthOf(news(other), 0)
        yield* exec(other, "ls")
        assert.deepStrictEqual([news(session).length, news(other).length], [1, 1])
      })
    ))

  it.live("judges what a command did by the rules of then, not of its start", () =>
    inKernel(
      (session) =>
        Effect.gen(function*() {
          const result = yield* exec(session, "touch", "a.md")
          assert.include(result.text, "no-paths")
          assert.deepStrictEqual(news(session).map(({ type }) => type), ["policy.changed"])
        }),
      (put) => put("more.yaml", noPaths)
    ))
})

describe("a yes", () => {
  it.live("does not outlive a change of the rules: the person is asked again", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        const asked = answering(session, (request) => void session.questions.push(request))
        yield* exec(asked, "make")
        yield* exec(asked, "make")
        assert.lengthOf(session.questions, 1)
        session.put("more.yaml", noPaths)
        assert.strictEqual((yield* exec(asked, "make")).outcome, "ok")
        assert.lengthOf(session.questions, 2)
      })
    ))

  it.live.each([
    { title: "denied", text: deny, by: "policy no-make", told: "no-make" },
    { title: "asked about for other reasons", text: askToo, by: "policy default", told: "changed while this was asked" }
  ])(
    "is worth nothing for what is $title by the time it is given",
    ({ by, text, told }) =>
      inKernel((session) =>
        Effect.gen(function*() {
          const asked = answering(session, () => session.put("more.yaml", text))
          const result = yield* exec(asked, "make")
          assert.deepStrictEqual([result.outcome, result.by], ["refused", by])
          assert.include(result.text, told)
          const log = yield* Effect.flatMap(Audit, (_) => _.entries({ category: "policy" }))
          assert.isFalse(log.some(({ action }) => action.startsWith("token.")))
        })
      )
  )

  it.live.each([
    { title: "is denied then", text: noPaths.replace("a.md", "b.md"), by: "policy no-paths" },
    {
      title: "is to be asked about then",
      text: noPaths.replace("a.md", "b.md").replace("effect: deny", "effect: require_review"),
      by: "policy default"
    }
  ])(
    "to one change takes in no other that $title, though it was open when the person was asked",
    ({ by, text }) =>
      inKernel((session) =>
        Effect.gen(function*() {
          session.put(
            "ask.yaml",
            noPaths.replace("no-paths", "ask-a").replace("effect: deny", "effect: require_review")
          )
          const asked = answering(session, () => session.put("more.yaml", text))
          const result = yield* exec(asked, "touch", "a.md", "b.md")
          assert.deepStrictEqual([result.outcome, result.by], ["refused", by])
          const log = yield* Effect.flatMap(Audit, (_) => _.entries({ category: "change" }))
          assert.deepStrictEqual(log.map(({ action }) => action), ["change.refused"])
        })
      )
  )

  it.live("is worth nothing once the rule that let the action be is gone", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        session.put(
          "base.yaml",
          `${base}  - { name: ask-net, match: { action: network.use }, effect: require_review }\n`
        )
        const call = Effect.flatMap(Router, (router) =>
          router.call(
            answering(session, (request) => {
              session.questions.push(request)
              session.put("base.yaml", base.replace("shell.exec, change", "change").replace("fs.read", "network.use"))
            }),
            { id: "c", name: "shell.exec", args: { command: "ls", network: true } }
          ))
        const result = yield* call
        assert.deepStrictEqual([result.outcome, result.by], ["refused", "policy default"])
        assert.match(session.questions[0]?.reason ?? "", /^network\.use ls/)
        assert.isEmpty(session.ran)
      })
    ))

  it.live("for always answers under new rules too, where the same rule still asks the same", () =>
    inKernel((session) =>
      Effect.gen(function*() {
        const asked = answering(session, (request) => void session.questions.push(request), "always")
        yield* exec(asked, "make")
        session.put("more.yaml", noPaths)
        assert.strictEqual((yield* exec(asked, "make")).outcome, "ok")
        assert.lengthOf(session.questions, 1)
        session.put("more.yaml", askToo)
        assert.strictEqual((yield* exec(asked, "make")).outcome, "ok")
        assert.lengthOf(session.questions, 2)
        session.put("last.yaml", deny)
        assert.strictEqual((yield* exec(asked, "make")).by, "policy no-make")
      })
    ))
})
