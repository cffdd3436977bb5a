import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { Audit } from "../../src/Audit.ts"
import * as AuditSql from "../../src/Audit/Sql.ts"
import { pastRequests, planPolicy, settlePlan } from "../../src/cli/applyPolicy.ts"
import { isBreaking } from "../../src/cli/replay.ts"
import type { Question } from "../../src/cli/review.ts"
import { writePolicy } from "../../src/cli/writePolicy.ts"
import type { PolicyRequest } from "../../src/Policy.ts"
import type { PolicyFile } from "../../src/Policy/Yaml.ts"

const base = `version: 1
rules:
  - { name: src, match: { action: change, path: "src/**" }, effect: allow }
  - { name: json, match: { action: change, path: "*.json" }, effect: require_review }
`
const proposed = `version: 1
rules:
  - { name: no-gen, match: { action: change, path: "src/gen/**" }, effect: deny, reason: generated }
  - { name: docs, match: { action: change, path: "docs/**" }, effect: allow }
  - { name: ask, match: { action: change, path: "src/a.ts" }, effect: require_review }
`

const change = (path: string, phase: PolicyRequest["phase"] = "coding"): PolicyRequest => ({
  action: "change",
  phase,
  mode: "strict",
  path
})

const past = [
  change("src/gen/x.ts"),
  change("src/gen/x.ts", "refactoring"),
  change("docs/a.md"),
  change("src/a.ts"),
  change("src/b.ts"),
  change("a.json"),
  change("lib/a.ts")
]

/** A project and a person's folder with `base` in it, and a proposal beside them. */
const place = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "fluffy-apply-"))
    const directories = [
      { layer: "user", directory: join(root, "home/policies") },
      { layer: "project", directory: join(root, "project/.fluffy/policies") }
    ] as const
    mkdirSync(join(root, "home/policies"), { recursive: true })
    mkdirSync(join(root, "project"))
    writeFileSync(join(root, "home/policies/base.yaml"), base)
    const source = join(root, "new.yaml")
    writeFileSync(source, proposed)
    return { root, source, directories, project: join(root, "project"), log: join(root, "state/audit.db") }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

type Place = Effect.Effect.Success<typeof place>

const targetIn = ({ directories, source }: Place, layer: PolicyFile["layer"] = "user"): PolicyFile => ({
  layer,
  file: join(directories.find((found) => found.layer === layer)!.directory, basename(source))
})

const optionsOf = ({ directories, project }: Place) => ({ directories, project })

const plan = (at: Place, target = targetIn(at)) => planPolicy(optionsOf(at), at.source, target, Effect.succeed(past))

const answering = (approved: boolean) => {
  const questions: Array<Question> = []
  const ask = (question: Question) =>
    Effect.sync(() => {
      questions.push(question)
      return { approved, reason: "" }
    })
  return { ask, questions }
}

const logged = Effect.map(Effect.flatMap(Audit, (_) => _.entries()), (entries) => entries.map(({ action }) => action))

describe("fluffy policy apply", () => {
  it.scopedLive("shows only the decisions that would change, breaking ones first", () =>
    Effect.gen(function*() {
      const { differences, tried } = yield* plan(yield* place)
      assert.strictEqual(tried, past.length)
      assert.deepStrictEqual(
        differences.map((_) => [_.request.path, _.before.effect, _.after.effect, isBreaking(_), _.times, _.phases]),
        [
          ["src/gen/x.ts", "allow", "deny", true, 2, ["coding", "refactoring"]],
          ["docs/a.md", "deny", "allow", true, 1, ["coding"]],
          ["src/a.ts", "allow", "require_review", false, 1, ["coding"]]
        ]
      )
      assert.deepInclude(differences[0]?.after, { rule: "no-gen", reason: "generated" })
    }))

  it.scopedLive("tries an extension on past decisions, and puts it in force", () =>
    Effect.gen(function*() {
      const at = yield* place
      const source = join(at.root, "no-b.js")
      const program =
        `export default ({ path }) => path === "src/b.ts" ? { effect: "deny", reason: "not b" } : undefined`
      writeFileSync(source, program)
      const target: PolicyFile = { layer: "user", file: join(at.root, "home/policies/no-b.js") }
      const made = yield* planPolicy({ directories: at.directories }, source, target, Effect.succeed(past))
      assert.deepStrictEqual(made.differences.map((_) => [_.request.path, _.after.rule, isBreaking(_)]), [
        ["src/b.ts", "no-b", true]
      ])
      const settled = settlePlan(optionsOf(at), made, answering(true).ask)
      assert.strictEqual(yield* Effect.provide(settled, AuditSql.layer({ file: at.log })), "applied")
      assert.strictEqual(readFileSync(target.file, "utf8"), program)
      writeFileSync(source, "export default 1")
      const again = planPolicy({ directories: at.directories }, source, target, Effect.succeed(past))
      assert.include((yield* Effect.flip(again)).message, "it has to export default a function")
    }))

  it.scopedLive("changes nothing by looking", () =>
    Effect.gen(function*() {
      const at = yield* place
      yield* plan(at)
      assert.deepStrictEqual(readdirSync(join(at.root, "home/policies")), ["base.yaml"])
      assert.isFalse(existsSync(join(at.project, ".fluffy")))
    }))

  it.scopedLive("puts the file in force once a person has said yes, on record before and after", () =>
    Effect.gen(function*() {
      const at = yield* place
      const { ask, questions } = answering(true)
      const made = yield* plan(at)
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* settlePlan(optionsOf(at), made, ask), "applied")
        assert.deepStrictEqual(yield* logged, ["policy.approved", "policy.applied"])
        const [entry] = yield* Effect.flatMap(Audit, (_) => _.entries())
        assert.deepInclude(entry, { actor: "human", category: "policy", session: null })
        assert.deepInclude(entry?.detail, { layer: "user", before: null, tried: 7, changed: 3, breaking: 2 })
      }).pipe(Effect.provide(AuditSql.layer({ file: at.log })))
      assert.strictEqual(readFileSync(targetIn(at).file, "utf8"), proposed)
      assert.deepStrictEqual(readdirSync(join(at.root, "home/policies")), ["base.yaml", "new.yaml"])
      assert.include(questions[0]?.reason, "7 past decisions tried, 3 requests decided differently, 2 [BREAKING]")
      assert.include(questions[0]?.diff, "+  - { name: no-gen,")
      const again = yield* plan(at)
      assert.deepStrictEqual([again.current, again.differences], [proposed, []])
    }))

  it.scopedLive("changes nothing on a no, which goes on record", () =>
    Effect.gen(function*() {
      const at = yield* place
      const made = yield* plan(at)
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* settlePlan(optionsOf(at), made, answering(false).ask), "rejected")
        assert.deepStrictEqual(yield* logged, ["policy.declined"])
      }).pipe(Effect.provide(AuditSql.layer({ file: at.log })))
      assert.deepStrictEqual(readdirSync(join(at.root, "home/policies")), ["base.yaml"])
    }))

  it.scopedLive.each<{ readonly title: string; readonly edit: (at: Place) => void; readonly why: RegExp }>([
    {
      title: "another file in force changes",
      edit: ({ root }) => writeFileSync(join(root, "home/policies/base.yaml"), base.replace("src/**", "lib/**")),
      why: /changed by someone else/
    },
    {
      title: "another file comes",
      edit: ({ root }) => writeFileSync(join(root, "home/policies/zzz.yaml"), base.replaceAll("name: ", "name: z-")),
      why: /changed by someone else/
    },
    {
      title: "its own place is taken",
      edit: (at) => writeFileSync(targetIn(at).file, base.replaceAll("name: ", "name: z-")),
      why: /changed by someone else/
    },
    {
      title: "another file breaks",
      edit: ({ root }) => writeFileSync(join(root, "home/policies/base.yaml"), "version: 2\n"),
      why: /version must be 1/
    }
  ])("changes nothing when $title while the person reads", ({ edit, why }) =>
    Effect.gen(function*() {
      const at = yield* place
      const made = yield* plan(at)
      const ask = () =>
        Effect.sync(() => {
          edit(at)
          return { approved: true, reason: "" }
        })
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip(settlePlan(optionsOf(at), made, ask))
        assert(error._tag === "CliFailed")
        assert.match(error.message, why)
        assert.deepStrictEqual(yield* logged, ["policy.approved"])
      }).pipe(Effect.provide(AuditSql.layer({ file: at.log })))
      if (existsSync(targetIn(at).file)) assert.notStrictEqual(readFileSync(targetIn(at).file, "utf8"), proposed)
    }))

  it.scopedLive("changes nothing when the question is interrupted", () =>
    Effect.gen(function*() {
      const at = yield* place
      const made = yield* plan(at)
      const fiber = yield* Effect.fork(
        Effect.provide(settlePlan(optionsOf(at), made, () => Effect.never), AuditSql.layer({ file: at.log }))
      )
      yield* Effect.yieldNow()
      assert.strictEqual((yield* Fiber.interrupt(fiber))._tag, "Failure")
      assert.deepStrictEqual(readdirSync(join(at.root, "home/policies")), ["base.yaml"])
    }))

  it.scopedLive.each<[string, string, RegExp]>([
    [
      "a wrong effect",
      "version: 1\nrules:\n  - { name: x, match: { action: change }, effect: maybe }\n",
      /new\.yaml:3:\d+ .*maybe/
    ],
    [
      "a failing example",
      "version: 1\nrules:\n  - name: x\n    match: { action: change, path: a }\n    effect: deny\n" +
      "    examples: { match: [{ action: change, path: b }] }\n",
      /example .*should match/
    ],
    ["nothing at all", "", /it is empty/]
  ])("refuses a file with %s, naming it as it was named", ([, text, problem]) =>
    Effect.gen(function*() {
      const at = yield* place
      writeFileSync(at.source, text)
      const error = yield* Effect.flip(plan(at))
      assert.match(error.message, problem)
      assert.include(error.message, at.source)
    }))

  it.scopedLive("mends a broken file in force, with nothing to compare with", () =>
    Effect.gen(function*() {
      const at = yield* place
      writeFileSync(targetIn(at).file, "nonsense")
      const made = yield* plan(at)
      assert.deepInclude(made, { tried: undefined, current: "nonsense" })
      const { ask, questions } = answering(true)
      assert.strictEqual(
        yield* Effect.provide(settlePlan(optionsOf(at), made, ask), AuditSql.layer({ file: at.log })),
        "applied"
      )
      assert.include(questions[0]?.reason, "nothing to compare with")
      assert.strictEqual((yield* plan(at)).tried, past.length)
    }))

  it.scopedLive("refuses where another file in force is broken", () =>
    Effect.gen(function*() {
      const at = yield* place
      writeFileSync(join(at.root, "home/policies/other.yaml"), "nonsense")
      assert.include((yield* Effect.flip(plan(at))).message, "other.yaml")
    }))

  it.scopedLive("joins a project's rules, whose allow rules do not count", () =>
    Effect.gen(function*() {
      const at = yield* place
      const made = yield* plan(at, targetIn(at, "project"))
      assert.deepStrictEqual(made.differences.map(({ request }) => request.path), ["src/gen/x.ts", "src/a.ts"])
      assert.include(made.warnings[0]?.warning, "do not count")
      yield* Effect.provide(settlePlan(optionsOf(at), made, answering(true).ask), AuditSql.layer({ file: at.log }))
      assert.strictEqual(readFileSync(join(at.project, ".fluffy/policies/new.yaml"), "utf8"), proposed)
    }))

  it.scopedLive.each([".fluffy", ".fluffy/policies", ".fluffy/policies/new.yaml"])(
    "writes through no link of a project: %s",
    (link) =>
      Effect.gen(function*() {
        const at = yield* place
        const made = yield* plan(at, targetIn(at, "project"))
        const elsewhere = join(at.root, "elsewhere")
        if (link.endsWith(".yaml")) writeFileSync(elsewhere, "mine")
        else mkdirSync(join(elsewhere, "policies"), { recursive: true })
        mkdirSync(join(at.project, link, ".."), { recursive: true })
        symlinkSync(elsewhere, join(at.project, link))
        const error = yield* Effect.flip(
          Effect.provide(settlePlan(optionsOf(at), made, answering(true).ask), AuditSql.layer({ file: at.log }))
        )
        assert.match(error.message, /symbolic link|changed by someone else/)
        const late = yield* Effect.flip(writePolicy(targetIn(at, "project"), proposed))
        assert.include(late.message, "it is a symbolic link")
        if (link.endsWith(".yaml")) assert.strictEqual(readFileSync(elsewhere, "utf8"), "mine")
        else assert.deepStrictEqual(readdirSync(join(elsewhere, "policies")), [])
      })
  )

  it.scopedLive("keeps what was in force when it cannot write, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const at = yield* place
      const made = yield* plan(at)
      const target = targetIn(at).file
      // A folder in the file's place cannot be renamed over, whoever runs this.
      mkdirSync(target)
      const error = yield* Effect.flip(
        Effect.provide(settlePlan(optionsOf(at), made, answering(true).ask), AuditSql.layer({ file: at.log }))
      )
      assert.match(error.message, /changed by someone else/)
      assert.include((yield* Effect.flip(writePolicy(targetIn(at), proposed))).message, "not a regular file")
      assert.deepStrictEqual(readdirSync(join(at.root, "home/policies")), ["base.yaml", "new.yaml"])
    }))

  it.scopedLive("tries the newest decisions of the log", () =>
    Effect.gen(function*() {
      const at = yield* place
      const requests = yield* Effect.gen(function*() {
        const { append } = yield* Audit
        for (let n = 0; n < 1500; n++) {
          yield* append({
            session: null,
            category: "tool",
            action: "fs.read",
            actor: "model",
            phase: "coding",
            mode: "strict",
            detail: { asked: { action: "fs.read", phase: "coding", mode: "strict", path: `a${n}` } }
          })
        }
        return yield* pastRequests(10)
      }).pipe(Effect.provide(AuditSql.layer({ file: at.log })))
      assert.deepStrictEqual(requests.map(({ path }) => path), Array.from({ length: 10 }, (_, n) => `a${1490 + n}`))
    }))
})
