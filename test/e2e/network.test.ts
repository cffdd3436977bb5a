import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { auditLog, fluffy } from "../support/fluffy.ts"
import { javascript, makeProject } from "../support/project.ts"
import { requireRuntime } from "../support/require.ts"

const timeout = 60_000

const rules = `version: 1
rules:
  - name: network
    match: { action: [network.use, network.connect] }
    effect: allow
`

/** A home with a configuration and rules of its own, and a directory for temporary files. */
const makeHome = (files: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const home = mkdtempSync(join(tmpdir(), "fluffy-home-"))
      mkdirSync(join(home, ".config/fluffy/policies"), { recursive: true })
      mkdirSync(join(home, "tmp"))
      for (const [path, text] of Object.entries(files)) writeFileSync(join(home, ".config/fluffy", path), text)
      return { HOME: home, TMPDIR: join(home, "tmp") }
    }),
    ({ HOME }) => Effect.sync(() => rmSync(HOME, { recursive: true, force: true }))
  )

const proxies = ({ TMPDIR }: { readonly TMPDIR: string }) =>
  readdirSync(TMPDIR).filter((name) => name.startsWith("fluffy-network-"))

if (requireRuntime("bubblewrap")) {
  describe("fluffy exec --network", () => {
    it.scopedLive("is refused where no host is configured, and where no rule allows it", () =>
      Effect.gen(function*() {
        const project = yield* makeProject({ ...javascript, ".fluffy/config.yaml": "network: [evil.example]\n" })
        const bare = yield* makeHome({ "policies/network.yaml": rules })
        const none = yield* fluffy(["exec", "--network", "true"], { cwd: project, env: bare })
        assert.strictEqual(none.exitCode, 5)
        assert.include(
          none.stderr,
          "network is not taken from a project: \"evil.example:443\" may not be opened by a project"
        )
        assert.include(none.stderr, "there is no network here")
        const listed = yield* makeHome({ "config.yaml": "network: [evil.example]\n" })
        const unruled = yield* fluffy(["exec", "--network", "true"], { cwd: project, env: listed })
        assert.strictEqual(unruled.exitCode, 5)
        assert.include(unruled.stderr, "Refused by policy (rule default): no rule allows network.use")
      }), timeout)

    it.scopedLive(
      "holds a command to the list, tells what was refused, and puts it on record",
      () =>
        Effect.gen(function*() {
          const project = yield* makeProject(javascript)
          const env = yield* makeHome({ "config.yaml": "network: [a.example]\n", "policies/network.yaml": rules })
          const script = "curl -sS https://b.example/; curl -sS http://a.example/; curl -sS https://a.example/; exit 4"
          const ran = yield* fluffy(["exec", "--network", "--", "sh", "-c", script], { cwd: project, env })
          assert.strictEqual(ran.exitCode, 4, ran.stderr)
          assert.include(
            ran.stderr,
            "refused: b.example:443: b.example:443 is not on the list of hosts (a.example:443)"
          )
          assert.include(ran.stderr, "plain HTTP is not let through")
          // No name server knows names below .example.
          assert.match(ran.stderr, /refused: a\.example:443: the name cannot be resolved/)
          const log = (yield* auditLog(project)).filter(({ category }) => category === "network")
          assert.deepStrictEqual(log.map(({ action, actor, detail }) => [action, actor, detail.host]), [
            ["network.refused", "human", "b.example"],
            ["network.refused", "human", null],
            ["network.refused", "human", "a.example"]
          ])
          assert.deepStrictEqual(proxies(env), [])
        }),
      timeout
    )

    it.scopedLive("leaves nothing after the next start when it was killed", () =>
      Effect.gen(function*() {
        const project = yield* makeProject(javascript)
        const env = yield* makeHome({ "config.yaml": "network: [a.example]\n", "policies/network.yaml": rules })
        const seen: Array<string> = []
        yield* fluffy(["exec", "--network", "--", "sh", "-c", "echo up; sleep 60"], {
          cwd: project,
          env,
          onLine: (_, kill) => {
            seen.push(...proxies(env))
            kill("SIGKILL")
          }
        })
        assert.lengthOf(seen, 1)
        assert.deepStrictEqual(proxies(env), seen)
        assert.strictEqual((yield* fluffy(["exec", "true"], { cwd: project, env })).exitCode, 0)
        assert.deepStrictEqual(proxies(env), [])
      }), timeout)
  })
}
