import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Audit from "../../src/Audit.ts"
import { requestsOf } from "../../src/cli/replay.ts"
import { parseAllowed } from "../../src/domain/NetworkHost.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import * as Kernel from "../../src/Kernel.ts"
import { defaults } from "../../src/KernelConfig.ts"
import { Orchestrator } from "../../src/Orchestrator.ts"
import * as Policy from "../../src/Policy.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"
import { baselinesNowhere, reportsInMemory, type ReviewAnswer, Router } from "../../src/Router.ts"
import * as Sandbox from "../../src/Sandbox.ts"
import * as StateMachine from "../../src/StateMachine.ts"
import * as Workspace from "../../src/Workspace.ts"
import { fakes } from "../support/fakeSecrets.ts"
import { client, here, tcpServer } from "../support/proxyClient.ts"
import { scriptedModel } from "../support/scriptedModel.ts"
import { watcher } from "../support/watcher.ts"

const rule = (name: string, effect: Policy.Rule["effect"], match: Policy.Rule["match"]): Policy.Rule => ({
  name,
  effect,
  match
})
const commands = rule("commands", "allow", { action: ["shell.exec", "test.run", "change"] })
const use = rule("use", "allow", { action: "network.use" })
const connect = rule("connect", "allow", { action: "network.connect", host: "*.example" })
const yes: ReviewAnswer = { approved: true, reason: "" }
const me = { user: "me", uid: 1000, terminal: "/dev/pts/1" }
const no: ReviewAnswer = { approved: false, reason: "not there" }

interface Setting {
  readonly rules: ReadonlyArray<Policy.Rule>
  readonly hosts?: ReadonlyArray<string>
  readonly answers?: ReadonlyArray<ReviewAnswer>
  readonly layer?: Policy.RuleLayer
  readonly audit?: Layer.Layer<Audit.Audit>
  readonly policy?: Layer.Layer<Policy.Policy>
  readonly during?: () => void
}

/** What a command with a network does here: a request for each argument, all at once; prints the first line of each answer. */
const requests = ({ args, network }: Sandbox.SandboxCommand) =>
  Effect.scoped(Effect.gen(function*() {
    if (network === undefined) return Sandbox.scripted({ stdout: "no network\n" })
    const answers = yield* Effect.forEach(
      args,
      (line) =>
        Effect.gen(function*() {
          const asked = line.includes(" ") ? line : `CONNECT ${line} HTTP/1.1`
          const { closed, socket, until } = yield* client(network.directory, `${asked}\r\n\r\n`)
          const text = yield* until(/\r\n\r\n/)
          socket.end("hi")
          yield* closed
          return text.split("\r\n")[0]
        }),
      { concurrency: "unbounded" }
    )
    assert.isTrue(existsSync(network.directory))
    return Sandbox.scripted({ stdout: answers.map((answer) => `${answer}\n`).join("") })
  }))

/** A kernel in memory whose commands speak to a real proxy, and a session of it in phase planning. */
const inSession = <A, E>(
  {
    answers = [],
    audit = Audit.layerMemory,
    during = () => {},
    hosts = ["a.example", "b.example"],
    layer = "user",
    rules,
    policy = Policy.layerMemory(rules, layer)
  }: Setting,
  body: (session: {
    readonly call: (
      args: ReadonlyArray<string>,
      more?: object
    ) => Effect.Effect<{ outcome: string; text: string; by?: string }, any, any>
    readonly questions: ReadonlyArray<{ readonly reason: string }>
    readonly ran: ReadonlyArray<Sandbox.SandboxCommand>
    readonly log: Effect.Effect<ReadonlyArray<Audit.AuditEntry>, any, any>
    readonly records: Effect.Effect<ReadonlyArray<Audit.AuditEntry>, any, any>
    readonly port: number
  }) => Effect.Effect<A, E, any>
): Effect.Effect<A, any, Scope.Scope> =>
  Effect.gen(function*() {
    const { port } = yield* tcpServer((socket) => socket.pipe(socket))
    const ran: Array<Sandbox.SandboxCommand> = []
    const network = hosts.flatMap((text) => {
      const parsed = parseAllowed(`${text}:${port}`)
      return parsed._tag === "Right" ? [parsed.right] : []
    })
    const kernel = Kernel.layerWithoutLeaves({
      ...defaults,
      project: "/project",
      state: "/project/.fluffy/state",
      policies: [],
      network,
      dialing: here,
      grep: "literal",
      reports: reportsInMemory(new Map()),
      baselines: baselinesNowhere
    }).pipe(
      Layer.provideMerge(Layer.mergeAll(
        audit,
        policy,
        StateMachine.layerMemory({ classify: StateMachine.makeClassify(defaults) }),
        Sandbox.layerMemory((command) => {
          ran.push(command)
          during()
          return requests(command)
        }),
        Workspace.layerMemory(new Workspace.MemoryTree({ "a.md": "one\n" }))
      )),
      Layer.provide(scriptedModel([]).layer)
    )
    return yield* Effect.gen(function*() {
      const id = SessionId.SessionId.make("s-network")
      yield* Effect.flatMap(StateMachine.StateMachine, (_) => _.create(id, "strict"))
      yield* Effect.flatMap(StateMachine.StateMachine, (_) => _.apply(id, { _tag: "TaskSubmitted" }))
      const stage = yield* Effect.flatMap(Workspace.Workspace, (_) =>
        _.open({ project: "/project", session: id, secrets: [], maxFileBytes: 1 << 20 }))
      const seen = watcher(answers)
      const call = (args: ReadonlyArray<string>, more: object = { network: true }) =>
        Effect.flatMap(Router, (router) =>
          router.call({ id, stage, ...seen }, {
            id: "c",
            name: "shell.exec",
            args: {
              command: "talk",
              args: args.map((host) =>
                /^\w\.example$/.test(host) ? `${host}:${port}` : host
              ),
              ...more
            }
          }))
      const log = Effect.flatMap(Audit.Audit, (_) => _.entries({ category: "network" }))
      const records = Effect.flatMap(Audit.Audit, (_) => _.entries({}))
      return yield* body({ call, questions: seen.questions, ran, log, records, port })
    }).pipe(Effect.provide(kernel))
  })

const opened = "HTTP/1.1 200 Connection established"
const token = fakes.find(({ kind }) => kind === "github")!.secret
const answersOf = (text: string) => text.split("\n").filter((line) => line.startsWith("HTTP/"))

describe("a call that asks for a network", () => {
  it.scopedLive("reaches a host that is listed and allowed, and the log has who, where and how much", () =>
    inSession({ rules: [commands, use, connect] }, ({ call, log, port, ran }) =>
      Effect.gen(function*() {
        const { text } = yield* call(["a.example"])
        assert.deepStrictEqual(answersOf(text), [opened])
        assert.deepStrictEqual(ran.map(({ template }) => template), ["integration-test"])
        assert.isFalse(existsSync(ran[0]!.network!.directory))
        const entries = yield* log
        assert.deepStrictEqual(entries.map(({ action, actor, decision }) => [action, actor, decision]), [
          ["network.opened", "model", "allow"],
          ["network.closed", "model", undefined]
        ])
        const { asked, ...about } = entries[0]!.detail
        const common = { host: "a.example", port, address: "127.0.0.1", tool: "shell.exec" }
        assert.deepStrictEqual(about, { ...common, up: 0, down: 0, reason: "" })
        assert.deepInclude(asked as object, {
          action: "network.connect",
          host: `a.example:${port}`,
          tool: "shell.exec"
        })
        assert.deepInclude(entries[1]!.detail, { ...common, up: 2 })
        assert.isNumber(entries[1]!.durationMs)
        assert.deepStrictEqual(entries.flatMap(requestsOf).map(({ host }) => host), [`a.example:${port}`])
      })))

  it.scopedLive("is the only one that gets one", () =>
    inSession({ rules: [commands, use, connect] }, ({ call, ran }) =>
      Effect.gen(function*() {
        for (const more of [{}, { network: false }]) assert.match((yield* call(["a.example"], more)).text, /no network/)
        assert.deepStrictEqual(
          ran.map(({ network, template }) => [network, template]),
          [[undefined, undefined], [undefined, undefined]]
        )
        assert.strictEqual((yield* call([], { network: "yes" })).outcome, "failed")
      })))

  it.scopedLive.each<readonly [string, Setting, RegExp]>([
    ["no host is configured", { rules: [commands, use, connect], hosts: [] }, /there is no network here.*config\.yaml/],
    ["no rule lets it ask", { rules: [commands, connect] }, /Refused by policy \(rule default\).*network\.use/],
    ["a rule denies the asking", {
      rules: [commands, use, connect, rule("stop", "deny", { action: "network.use", command: "talk" })]
    }, /rule stop/],
    ["a human has to be asked and nobody is there", {
      rules: [commands, rule("ask", "require_review", { action: "network.use" })]
    }, /a human has to approve/],
    ["only a project's rules allow it", { rules: [commands, use, connect], layer: "project" }, /rule default/]
  ])("runs nothing when %s", ([, setting, said]) =>
    inSession(setting, ({ call, ran }) =>
      Effect.gen(function*() {
        const { outcome, text } = yield* call(["a.example"])
        assert.deepStrictEqual([outcome, ran], ["refused", []])
        assert.match(text, said)
      })))

  it.scopedLive("is refused what is not listed, not allowed, or denied, and told so", () =>
    inSession(
      {
        rules: [commands, use, connect, rule("not-b", "deny", { action: "network.connect", host: "b.example" })],
        hosts: ["a.example", "b.example", "c.test", "*.d.example"]
      },
      ({ call, log, port }) =>
        Effect.gen(function*() {
          const { outcome, text } = yield* call([
            "b.example",
            `c.test:${port}`,
            "e.example",
            "a.example:1",
            "d.example",
            `x.d.example:${port}`
          ])
          assert.strictEqual(outcome, "ok")
          assert.deepStrictEqual(answersOf(text).map((line) => line.split(" ")[1]), [
            "403",
            "403",
            "403",
            "403",
            "403",
            "200"
          ])
          const told = text.slice(text.indexOf("connections refused:"))
          assert.match(told, new RegExp(`^b\\.example:${port}: .*not-b`, "m"))
          assert.match(told, new RegExp(`^c\\.test:${port}: no rule allows network\\.connect`, "m"))
          assert.match(told, new RegExp(`^e\\.example:${port}: .*not on the list of hosts`, "m"))
          const refused = (yield* log).filter(({ action }) => action === "network.refused")
          assert.deepStrictEqual(
            refused.map(({ decision, detail, rule }) => [decision, detail["host"], rule, "asked" in detail]).toSorted(),
            [
              ["deny", "a.example", "network", false],
              ["deny", "b.example", "not-b", true],
              ["deny", "c.test", "default", true],
              ["deny", "d.example", "network", false],
              ["deny", "e.example", "network", false]
            ]
          )
        })
    ))

  it.scopedLive("asks a human once for a host, however many connections wait for the answer", () =>
    inSession(
      {
        rules: [commands, use, rule("ask", "require_review", { action: "network.connect" })],
        answers: [{ ...yes, by: me }, no]
      },
      ({ call, questions, records }) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(
            answersOf((yield* call(["a.example", "a.example", "a.example"])).text),
            Array(3).fill(opened)
          )
          assert.lengthOf(questions, 1)
          const answered = (yield* records).filter(({ action }) => /^(action\.approved|token\.issued)$/.test(action))
          assert.deepStrictEqual(answered.map(({ detail }) => detail["by"]), [me, me])
          assert.match(
            questions[0]!.reason,
            /^connect to a\.example:\d+ for shell\.exec, as often as it needs in this session\n/
          )
          assert.deepStrictEqual(answersOf((yield* call(["a.example"])).text), [opened])
          assert.lengthOf(questions, 1)
          const { text } = yield* call(["b.example", "b.example"])
          assert.match(text, /connections refused:\nb\.example:\d+: a human has to approve this and did not/)
          assert.notInclude(text, opened)
          yield* call(["b.example"])
          assert.lengthOf(questions, 2)
        })
    ))

  it.scopedLive("is denied what a rule denies, whatever a human has said before", () =>
    inSession(
      {
        rules: [
          commands,
          use,
          rule("ask", "require_review", { action: "network.connect" }),
          rule("planning", "deny", { action: "network.connect", host: "b.example" })
        ],
        answers: [yes]
      },
      ({ call, questions }) =>
        Effect.gen(function*() {
          const { text } = yield* call(["a.example", "b.example"])
          assert.deepStrictEqual(answersOf(text).map((line) => line.split(" ")[1]), ["200", "403"])
          assert.lengthOf(questions, 1)
        })
    ))

  it.scopedLive("puts no secret on record, and nothing that a terminal would obey", () =>
    inSession({ rules: [commands, use, connect] }, ({ call, log }) =>
      Effect.gen(function*() {
        const { text } = yield* call([
          `GET http://a.example/?${token}\x1b[2J HTTP/1.1`,
          `GET http://a.example/?token=${token} HTTP/1.1`
        ])
        const [control, secret] = yield* log
        assert.notInclude(JSON.stringify([control, secret]), token)
        assert.notInclude(JSON.stringify([control, secret]), "\\u001b")
        assert.notInclude(text, token)
        assert.deepInclude(secret!.detail, { host: null, port: null })
      })))

  it.scopedLive("ends the session when a connection cannot be put on record, and none opens", () =>
    inSession(
      {
        rules: [commands, use, connect],
        audit: Layer.effect(
          Audit.Audit,
          Effect.map(Audit.Audit, (audit) => ({
            ...audit,
            commit: (event: Audit.AuditEvent) =>
              event.action === "network.opened"
                ? Effect.fail(new Audit.AuditFailed({ method: "commit", reason: "write" }))
                : audit.commit(event)
          }))
        ).pipe(Layer.provide(Audit.layerMemory))
      },
      ({ call, log }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(call(["a.example"]))
          assert.deepInclude(error as object, { _tag: "RouterFailed", module: "Audit" })
          assert.notInclude((yield* log).map(({ action }) => action), "network.opened")
        })
    ))
})

describe("a person's command with a network", () => {
  const exec = (args: ReadonlyArray<string>, review?: ReviewAnswer) =>
    Effect.flatMap(Orchestrator, (_) =>
      _.exec({
        command: "talk",
        args,
        network: true,
        ...(review === undefined ? {} : { review: () => Effect.succeed(review) })
      }))

  it.scopedLive("is held to the same list and rules, as the caller cli", () =>
    inSession(
      { rules: [commands, use, rule("cli", "allow", { action: "network.connect", caller: "cli", host: "a.example" })] },
      ({ call, log, port }) =>
        Effect.gen(function*() {
          const { refused, result } = yield* exec([`a.example:${port}`, `b.example:${port}`])
          assert.deepStrictEqual(Buffer.from(result.stdout).toString("utf8").split("\n")[0], opened)
          assert.match(refused.join("\n"), /^b\.example:\d+: no rule allows/)
          assert.include((yield* log).map(({ actor }) => actor), "human")
          assert.include((yield* call(["a.example"])).text, "403")
        })
    ))

  it.scopedLive("is denied without a rule, and asks its person where a rule says so", () =>
    inSession(
      { rules: [commands, rule("ask", "require_review", { action: ["network.use", "network.connect"] })] },
      ({ port }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(exec([`a.example:${port}`]))
          assert.deepInclude(error, { reason: "denied" })
          const { result } = yield* exec([`a.example:${port}`], yes)
          assert.strictEqual(Buffer.from(result.stdout).toString("utf8"), `${opened}\n`)
        })
    ))
})

/** A folder of rules that can be written anew, and the policy that follows it. */
const written = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-network-rules-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  ),
  (directory) => ({
    put: (...rules: ReadonlyArray<Policy.Rule>) =>
      writeFileSync(join(directory, "rules.yaml"), JSON.stringify({ version: 1, rules })),
    policy: Layer.orDie(Yaml.layer({ directories: [{ layer: "user", directory }] }))
  })
)

describe("rules that change", () => {
  it.scopedLive("while a command runs hold for the connections it opens from then on", () =>
    Effect.flatMap(written, ({ policy, put }) => {
      put(commands, use, connect)
      return inSession(
        { rules: [], policy, during: () => put(commands, use) },
        ({ call, log }) =>
          Effect.gen(function*() {
            const { text } = yield* call(["a.example"])
            assert.include(text, "403")
            assert.deepStrictEqual((yield* log).map(({ action }) => action), ["network.refused"])
          })
      )
    }))

  it.scopedLive("while a person is asked about the network of their command hold for the command", () =>
    Effect.flatMap(written, ({ policy, put }) => {
      const ask = rule("ask", "require_review", { action: ["network.use", "network.connect"] })
      put(commands, ask)
      return inSession({ rules: [], policy }, ({ ran }) =>
        Effect.gen(function*() {
          const review = () => Effect.sync(() => (put(ask), yes))
          const error = yield* Effect.flip(
            Effect.flatMap(Orchestrator, (_) => _.exec({ command: "talk", args: [], network: true, review }))
          )
          assert.deepInclude(error, { reason: "denied" })
          assert.include(String(error), "no rule allows shell.exec")
          assert.isEmpty(ran)
        }))
    }))
})
