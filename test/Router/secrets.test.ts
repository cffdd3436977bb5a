import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { Audit, type AuditEvent, layerMemory } from "../../src/Audit.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import { Orchestrator } from "../../src/Orchestrator.ts"
import type { Rule } from "../../src/Policy.ts"
import { maskingAudit, Router, type RouterSession } from "../../src/Router.ts"
import { scripted } from "../../src/Sandbox.ts"
import { StateMachine } from "../../src/StateMachine.ts"
import * as TestKernel from "../../src/TestKernel.ts"
import { Workspace } from "../../src/Workspace.ts"
import { awsKey, fakes } from "../support/fakeSecrets.ts"
import { call, says, text } from "../support/ModelServer.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { type Watcher, watcher } from "../support/watcher.ts"

const token = fakes.find(({ kind }) => kind === "gitlab")!.secret
const prints = (stdout: string) => scripted({ stdout })

const files = { "notes.md": `one\n${awsKey}\nthree\n`, "AGENTS.md": `Deploy with ${token}.\n` }

type Services = Router | Audit | StateMachine | Workspace | Scope.Scope

const inSession = <A, E>(
  use: (session: RouterSession & Watcher) => Effect.Effect<A, E, Services>,
  options: Partial<TestKernel.TestKernelOptions> = {}
) =>
  Effect.gen(function*() {
    const id = SessionId.SessionId.make("s-secrets-test")
    yield* Effect.flatMap(StateMachine, (_) => _.create(id, "strict"))
    yield* Effect.flatMap(StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
    const stage = yield* Effect.flatMap(Workspace, (_) =>
      _.open({ project: "/project", session: id, secrets: [".env"], maxFileBytes: 1 << 20 }))
    return yield* use({ id, stage, ...watcher([{ approved: false, reason: `never with ${token}` }]) })
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.provide(TestKernel.make({ files, ...options }).layer, scriptedModel([]).layer))
  )

const run = (session: RouterSession, name: string, args: unknown) =>
  Effect.flatMap(Router, (router) => router.call(session, { id: "c1", name, args }))

const entries = Effect.flatMap(Audit, (_) => _.entries())

describe("Router.call", () => {
  it.effect("shows the model no key that a command prints, and records what was masked by kind", () =>
    inSession((session) =>
      Effect.gen(function*() {
        const result = yield* run(session, "shell.exec", { command: "env", args: [] })
        assert.strictEqual(result.outcome, "ok")
        assert.strictEqual(
          result.text,
          "exit code: 0\nstdout:\nHOME=/home\nKEY=[secret: aws]\nAGAIN=[secret: aws]\nT=[secret: gitlab]\n"
        )
        const log = yield* entries
        assert.deepStrictEqual(log.at(-1)?.detail["masked"], { aws: 2, gitlab: 1 })
        assert.notInclude(JSON.stringify([log, session.events]), awsKey)
        assert.notInclude(JSON.stringify([log, session.events]), token)
      }), { run: () => prints(`HOME=/home\nKEY=${awsKey}\nAGAIN=${awsKey}\nT=${token}\n`) }))

  it.effect("masks a secret that is read, and leaves the file as it is", () =>
    inSession((session) =>
      Effect.gen(function*() {
        const result = yield* run(session, "fs.read", { path: "notes.md" })
        assert.strictEqual(result.text, "one\n[secret: aws]\nthree")
        const found = yield* run(session, "search.grep", { pattern: awsKey })
        assert.strictEqual(found.text, "notes.md:2:[secret: aws]")
        const edited = yield* run(session, "fs.edit", { path: "notes.md", old: "three", new: "four" })
        assert.include(edited.text, " [secret: aws]\n-three\n+four")
        const raw = yield* session.stage.read("notes.md" as never, { maxBytes: 1000 })
        assert.strictEqual(Buffer.from(raw.bytes).toString("utf8"), `one\n${awsKey}\nfour\n`)
        assert.notInclude(JSON.stringify([yield* entries, session.events]), awsKey)
      })
    ))

  it.effect("keeps a secret in a command line out of the log and the events", () =>
    inSession((session) =>
      Effect.gen(function*() {
        yield* run(session, "shell.exec", { command: "deploy", args: ["--token", token] })
        const log = yield* entries
        const entry = log.find(({ category }) => category === "tool")
        assert.strictEqual(entry?.detail["summary"], "deploy --token [secret: gitlab]")
        assert.deepStrictEqual(entry?.detail["masked"], { gitlab: 1 })
        assert.notInclude(JSON.stringify([log, session.events]), token)
      }), { run: () => scripted() }))

  it.effect("keeps it out of the record of a refusal and of a human's answer, but shows the human all of it", () => {
    const open: Rule = { name: "open", effect: "allow", match: { action: ["shell.exec"] } }
    const ask: Rule = { name: "ask", effect: "require_review", match: { action: "shell.exec", command: "deploy" } }
    const never: Rule = { name: "never", effect: "deny", match: { action: "shell.exec", command: "curl" } }
    return inSession((session) =>
      Effect.gen(function*() {
        const asked = yield* run(session, "shell.exec", { command: "deploy", args: [awsKey] })
        assert.strictEqual(asked.outcome, "refused")
        assert.include(asked.text, "never with [secret: gitlab]")
        assert.include(session.questions[0]?.reason, awsKey)
        yield* run(session, "shell.exec", { command: "curl", args: ["-u", awsKey] })
        yield* run(session, awsKey, {})
        yield* run(session, "fs.read", { path: `../${awsKey}` })
        const log = yield* entries
        assert.deepStrictEqual(log.find(({ category }) => category === "review")?.detail["masked"], {
          aws: 1,
          gitlab: 1
        })
        assert.deepStrictEqual(
          log.filter(({ category }) => category === "policy").map(({ detail }) => "masked" in detail),
          [true, true, true]
        )
        assert.notInclude(JSON.stringify(log), awsKey)
        assert.notInclude(JSON.stringify(log), token)
      }), { rules: [open, ask, never] })
  })

  it.effect("says nothing of masking where nothing was masked", () =>
    inSession((session) =>
      Effect.gen(function*() {
        yield* run(session, "fs.list", { path: "." })
        const log = yield* entries
        assert.isTrue(log.every(({ detail }) => !("masked" in detail)))
      })
    ))
})

describe("Orchestrator.run", () => {
  it.effect("sends no secret of the project's notes to the model and puts none of the task on record", () =>
    Effect.gen(function*() {
      const kernel = TestKernel.make({ files, run: () => prints(awsKey) })
      const model = scriptedModel([
        says(call("shell.exec", { command: "env", args: [] })),
        says(text(`It is ${token}`))
      ])
      const seen = watcher()
      const log = yield* Effect.zipRight(
        Effect.flatMap(Orchestrator, (_) =>
          _.run({
            task: `use ${token}`,
            mode: "strict",
            model: "scripted",
            maxTurns: 3,
            maxTokens: 10_000,
            headless: true,
            commit: false
          }, seen)),
        entries
      ).pipe(Effect.provide(Layer.provide(kernel.layer, model.layer)))
      assert.include(model.prompts[0], "Deploy with [secret: gitlab].")
      assert.include(model.prompts[1], "[secret: aws]")
      assert.notInclude(JSON.stringify(model.prompts), awsKey)
      const started = log.find(({ action }) => action === "session.started")
      assert.strictEqual(started?.detail["task"], "use [secret: gitlab]")
      assert.deepStrictEqual(started?.detail["masked"], { gitlab: 1 })
      assert.notInclude(JSON.stringify(log), token)
      assert.notInclude(JSON.stringify(log), awsKey)
    }))
})

describe("maskingAudit", () => {
  const event: AuditEvent = {
    session: null,
    category: "tool",
    action: `run ${awsKey}`,
    actor: "model",
    phase: null,
    mode: null,
    rule: `rule ${awsKey}`,
    detail: {
      deep: [{ [`path/${awsKey}`]: { text: `a ${token} b` } }, 7, null, true],
      error: new Error(awsKey),
      set: new Set([awsKey]),
      date: new Date(0),
      masked: { aws: 1, jwt: 2 }
    }
  }

  for (const method of ["append", "commit"] as const) {
    it.effect(`masks every text of what ${method} is given, wherever it stands`, () =>
      Effect.gen(function*() {
        const audit = maskingAudit(yield* Audit)
        yield* audit[method](event)
        const [entry] = yield* audit.entries()
        assert.strictEqual(entry?.action, "run [secret: aws]")
        assert.strictEqual(entry?.rule, "rule [secret: aws]")
        assert.deepStrictEqual(entry?.detail, {
          deep: [{ "path/[secret: aws]": { text: "a [secret: gitlab] b" } }, 7, null, true],
          error: { name: "Error", message: "[secret: aws]" },
          set: ["[secret: aws]"],
          date: { value: "1970-01-01T00:00:00.000Z" },
          masked: { aws: 6, jwt: 2, gitlab: 1 }
        })
        assert.deepStrictEqual((yield* audit.verify()).broken, [])
      }).pipe(Effect.provide(layerMemory)))
  }

  it.effect("ends on a detail that contains itself", () =>
    Effect.gen(function*() {
      const audit = maskingAudit(yield* Audit)
      const circle: Record<string, unknown> = { key: awsKey }
      circle["self"] = circle
      yield* audit.append({ ...event, detail: circle })
      assert.notInclude(JSON.stringify(yield* audit.entries()), awsKey)
    }).pipe(Effect.provide(layerMemory)))
})
