import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SessionId } from "../../src/domain/SessionId.ts"
import { Policy, type PolicyRequest } from "../../src/Policy.ts"
import { look } from "../../src/Policy/look.ts"
import * as Yaml from "../../src/Policy/Yaml.ts"

const fileOf = (...rules: ReadonlyArray<readonly [name: string, effect: string]>) =>
  `version: 1\nrules:\n${
    rules.map(([name, effect]) => `  - { name: ${name}, match: { action: change }, effect: ${effect} }\n`).join("")
  }`

const open = fileOf(["open", "allow"])
const shut = fileOf(["shut", "deny"])

const request: PolicyRequest = { action: "change", phase: "coding", mode: "strict", path: "src/a.ts" }

interface Place {
  readonly root: string
  readonly user: string
  readonly project: string
  readonly directories: Yaml.PolicyDirectories
}

const place = Effect.acquireRelease(
  Effect.sync((): Place => {
    const root = mkdtempSync(join(tmpdir(), "fluffy-live-"))
    const user = join(root, "home/policies")
    const project = join(root, "project/.fluffy/policies")
    for (const directory of [user, project]) mkdirSync(directory, { recursive: true })
    writeFileSync(join(user, "base.yaml"), open)
    return {
      root,
      user,
      project,
      directories: [{ layer: "user", directory: user }, { layer: "project", directory: project }]
    }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

const using = <A, E>(use: (policy: Policy["Type"], at: Place) => Effect.Effect<A, E>) =>
  Effect.scoped(Effect.flatMap(place, (at) =>
    Effect.provide(
      Effect.flatMap(Policy, (policy) => use(policy, at)),
      Yaml.layer({ directories: at.directories, project: join(at.root, "project") })
    )))

/** What is decided once the policy has looked, and why what lies there is not it. */
const seen = (policy: Policy["Type"]) =>
  Effect.gen(function*() {
    const { invalid = [] } = yield* policy.refresh
    const { effect } = yield* policy.decide(request)
    return { effect, problems: invalid.map(({ problem }) => problem) }
  })

const sound = (effect: "allow" | "deny") => ({ effect, problems: [] })

describe("a policy in force", () => {
  it.live.each<{ readonly title: string; readonly edit: (at: Place) => void }>([
    { title: "a file added", edit: ({ user }) => writeFileSync(join(user, "more.yaml"), shut) },
    { title: "a file of the project's added", edit: ({ project }) => writeFileSync(join(project, "more.yml"), shut) },
    { title: "a file written in place", edit: ({ user }) => writeFileSync(join(user, "base.yaml"), shut) },
    {
      title: "an extension added",
      edit: ({ user }) =>
        writeFileSync(join(user, "x.js"), "export default () => ({ effect: \"deny\", reason: \"x\" })\n")
    },
    { title: "a file removed", edit: ({ user }) => unlinkSync(join(user, "base.yaml")) },
    { title: "a folder removed", edit: ({ user }) => rmSync(user, { recursive: true }) },
    {
      title: "a file replaced",
      edit: ({ root, user }) => {
        writeFileSync(join(root, "new"), shut)
        renameSync(join(root, "new"), join(user, "base.yaml"))
      }
    },
    {
      title: "a folder replaced",
      edit: ({ root, user }) => {
        renameSync(user, join(root, "old"))
        mkdirSync(user)
        writeFileSync(join(user, "base.yaml"), shut)
      }
    },
    {
      title: "a text of the same length, with its time put back",
      edit: ({ user }) => {
        const { atime, mtime } = statSync(join(user, "base.yaml"))
        writeFileSync(join(user, "base.yaml"), open.replace("allow", "deny "))
        utimesSync(join(user, "base.yaml"), atime, mtime)
      }
    }
  ])("takes up $title", ({ edit }) =>
    using((policy, at) =>
      Effect.gen(function*() {
        const { digest } = yield* policy.refresh
        assert.deepStrictEqual(yield* seen(policy), sound("allow"))
        edit(at)
        assert.deepStrictEqual(yield* seen(policy), sound("deny"))
        assert.notStrictEqual((yield* policy.refresh).digest, digest)
      })
    ))

  it.live.each<{ readonly title: string; readonly edit: (at: Place) => void; readonly problem: RegExp }>([
    {
      title: "one wrong file beside a sound new one",
      edit: ({ user }) => {
        writeFileSync(join(user, "a.yaml"), shut)
        writeFileSync(join(user, "z.yaml"), "version: 1\nrules:\n  - { name: x, match: {}, effect: deny }\n")
      },
      problem: /it has no field/
    },
    {
      title: "a failing example",
      edit: ({ user }) =>
        writeFileSync(
          join(user, "a.yaml"),
          `${shut}    # below\n  - name: y\n    match: { action: change, path: a }\n    effect: deny\n` +
            "    examples: { match: [{ action: change, path: b }] }\n"
        ),
      problem: /should match/
    },
    {
      title: "an extension that does not compile",
      edit: ({ user }) => writeFileSync(join(user, "x.js"), "export default (\n"),
      problem: /./
    },
    { title: "an empty file", edit: ({ user }) => truncateSync(join(user, "base.yaml")), problem: /it is empty/ },
    {
      title: "a file of a gigabyte",
      edit: ({ user }) => truncateSync(join(user, "base.yaml"), 2 ** 30),
      problem: /larger than 1 MiB/
    },
    {
      title: "a YAML bomb",
      edit: ({ user }) =>
        writeFileSync(
          join(user, "a.yaml"),
          `a: &a [x, x]\n${
            Array.from({ length: 40 }, (_, n) => `b${n}: &b${n} [*${n === 0 ? "a" : `b${n - 1}`}, *a]\n`).join("")
          }`
        ),
      problem: /anchor|alias/i
    },
    {
      title: "a FIFO",
      edit: ({ user }) => void execFileSync("mkfifo", [join(user, "a.yaml")]),
      problem: /not a regular file/
    },
    {
      title: "a folder by a file's name",
      edit: ({ user }) => mkdirSync(join(user, "a.yaml")),
      problem: /regular|EISDIR/
    },
    {
      title: "a project's folder replaced by a link",
      edit: ({ project, root, user }) => {
        renameSync(project, join(root, "old"))
        symlinkSync(user, project)
      },
      problem: /symbolic link/
    },
    {
      title: "a project's .fluffy replaced by a link",
      edit: ({ root }) => {
        renameSync(join(root, "project/.fluffy"), join(root, "elsewhere"))
        symlinkSync(join(root, "elsewhere"), join(root, "project/.fluffy"))
      },
      problem: /symbolic link/
    },
    {
      title: "a link in a project's folder",
      edit: ({ project, user }) => symlinkSync(join(user, "base.yaml"), join(project, "a.yaml")),
      problem: /symbolic link/
    },
    {
      title: "a folder turned into a file",
      edit: ({ user }) => {
        rmSync(user, { recursive: true })
        writeFileSync(user, open)
      },
      problem: /ENOTDIR/
    }
  ])("stays as it is for $title, and says why", ({ edit, problem }) =>
    using((policy, at) =>
      Effect.gen(function*() {
        const before = yield* policy.refresh
        edit(at)
        const { effect, problems } = yield* seen(policy)
        assert.strictEqual(effect, "allow")
        assert.match(problems.join("\n"), problem)
        assert.strictEqual((yield* policy.refresh).digest, before.digest)
        // Once is enough: what does not change is not read again.
        assert.strictEqual(yield* policy.refresh, yield* policy.refresh)
        rmSync(join(at.root, "home"), { recursive: true, force: true })
        rmSync(join(at.root, "project"), { recursive: true, force: true })
        mkdirSync(at.user, { recursive: true })
        writeFileSync(join(at.user, "base.yaml"), shut)
        assert.deepStrictEqual(yield* seen(policy), sound("deny"))
      })
    ))

  it.live("takes up a changed extension, and its end", () =>
    using((policy, at) =>
      Effect.gen(function*() {
        const says = (effect: string) => `export default () => ({ effect: "${effect}", reason: "x" })\n`
        writeFileSync(join(at.user, "x.js"), says("deny"))
        assert.deepStrictEqual(yield* seen(policy), sound("deny"))
        writeFileSync(join(at.user, "x.js"), says("allow"))
        assert.deepStrictEqual(yield* seen(policy), sound("allow"))
        writeFileSync(join(at.user, "x.js"), says("deny"))
        assert.deepStrictEqual(yield* seen(policy), sound("deny"))
        unlinkSync(join(at.user, "x.js"))
        assert.deepStrictEqual(yield* seen(policy), sound("allow"))
      })
    ))

  it.live("reads a file that is written in pieces only when it is whole", () =>
    using((policy, at) =>
      Effect.gen(function*() {
        // Each piece alone is a sound file, the first of them with the deny left out.
        const file = openSync(join(at.user, "base.yaml"), "w")
        writeSync(file, open)
        const asked = yield* Effect.fork(seen(policy))
        yield* Effect.sleep(20)
        writeSync(file, "  - { name: shut, match: { action: change }, effect: deny }\n")
        closeSync(file)
        assert.deepStrictEqual(yield* Fiber.join(asked), sound("deny"))
      })
    ))

  it.live(
    "keeps what was in force while its files never come to rest",
    () =>
      using((policy, at) =>
        Effect.gen(function*() {
          writeFileSync(join(at.user, "more.yaml"), shut)
          const busy = yield* Effect.fork(Effect.forever(Effect.delay(
            Effect.sync(() => appendFileSync(join(at.user, "more.yaml"), "#\n")),
            5
          )))
          const { effect, problems } = yield* seen(policy)
          assert.strictEqual(effect, "allow")
          assert.match(problems.join(), /keep changing/)
          yield* Fiber.interrupt(busy)
          assert.deepStrictEqual(yield* seen(policy), sound("deny"))
        })
      ),
    120_000
  )

  it.live("is one set for every decision: those that ask meanwhile see the old one or the new one", () =>
    using((policy, at) =>
      Effect.gen(function*() {
        const both = fileOf(["a", "allow"], ["b", "deny"])
        writeFileSync(join(at.user, "base.yaml"), both)
        writeFileSync(join(at.user, "more.yaml"), both.replace("name: a", "name: c").replace("name: b", "name: d"))
        const asking = Effect.zipRight(
          policy.refresh,
          Effect.map(policy.decide(request), ({ effect, rule }) => `${effect} ${rule}`)
        )
        const answers = yield* Effect.all(Array.from({ length: 50 }, () => asking), { concurrency: "unbounded" })
        assert.deepStrictEqual([...new Set(answers)], ["deny b"])
      })
    ))

  it.live("drops every token with the set it was made under, and none for a touch", () =>
    using((policy, at) =>
      Effect.gen(function*() {
        writeFileSync(join(at.user, "base.yaml"), fileOf(["ask", "require_review"]))
        const holder = { session: SessionId.make("s-live"), peer: "here" }
        yield* policy.refresh
        const grant = { action: "change", path: ["src/**"], uses: 10, ttlMs: 60_000 } as const
        const { token } = yield* policy.issue(holder, grant)
        const presented = policy.decide(request, { ...holder, token })
        assert.strictEqual((yield* presented).layer, "token")
        chmodSync(join(at.user, "base.yaml"), 0o600)
        yield* policy.refresh
        assert.strictEqual((yield* presented).layer, "token")
        writeFileSync(join(at.user, "more.yaml"), shut)
        yield* policy.refresh
        assert.strictEqual((yield* presented).effect, "deny")
        unlinkSync(join(at.user, "more.yaml"))
        yield* policy.refresh
        assert.strictEqual((yield* presented).effect, "require_review")
      })
    ))

  it.live("is known by its texts and their places, whatever the order, and tells whose files they are", () =>
    using((policy, at) =>
      Effect.gen(function*() {
        const { digest, files, rules } = yield* policy.refresh
        assert.match(digest, /^[0-9a-f]{64}$/)
        assert.strictEqual(rules, 1)
        const { uid } = statSync(join(at.user, "base.yaml"))
        assert.deepInclude(files[0], { layer: "user", file: join(at.user, "base.yaml"), uid })
        writeFileSync(join(at.user, "more.yaml"), shut)
        assert.notStrictEqual((yield* policy.refresh).digest, digest)
        unlinkSync(join(at.user, "more.yaml"))
        assert.strictEqual((yield* policy.refresh).digest, digest)
      })
    ))
})

describe("a look at the folders", () => {
  it.scopedLive("sees a folder that comes to be and a file it may not read, and reads none", () =>
    Effect.gen(function*() {
      const { directories, project, user } = yield* place
      const before = look(directories).mark
      assert.strictEqual(look(directories).mark, before)
      rmSync(project, { recursive: true })
      const without = look(directories).mark
      assert.notStrictEqual(without, before)
      mkdirSync(project)
      assert.notStrictEqual(look(directories).mark, without)
      const now = look(directories).mark
      writeFileSync(join(user, ".base.yaml.swp"), "an editor's own")
      writeFileSync(join(user, "notes.txt"), "no rules")
      const names = (mark: string) => mark.split("\n").filter((line) => line.endsWith(".yaml"))
      assert.deepStrictEqual(names(look(directories).mark), names(now))
    }))
})
