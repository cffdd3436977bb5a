import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { compile } from "../src/internal/Glob.ts"
import { defaults, KernelConfig, layerConfig, load, type LoadOptions } from "../src/KernelConfig.ts"
import { environment, makePlaces, projectFile, userFile } from "./KernelConfig/places.ts"

interface Case extends Omit<LoadOptions, "cwd"> {
  readonly user?: string
  readonly project?: string
  readonly env?: Readonly<Record<string, string>>
}

const loading = Effect.fnUntraced(function*({ env, project, user, ...options }: Case) {
  const places = yield* makePlaces({
    ...(user === undefined ? {} : { [userFile]: user }),
    ...(project === undefined ? {} : { [projectFile]: project })
  })
  const loaded = yield* load({ cwd: places.project, ...options }).pipe(
    Effect.provide(environment({ HOME: places.home, ...env })),
    Effect.either
  )
  return { ...places, loaded }
})

const loadedBy = (given: Case) =>
  Effect.flatMap(
    loading(given),
    ({ loaded }) => loaded._tag === "Right" ? Effect.succeed(loaded.right) : Effect.die(loaded.left)
  )

describe("KernelConfig.load", () => {
  it.scoped("gives the defaults where nothing is said", () =>
    Effect.gen(function*() {
      const { home, loaded, project } = yield* loading({})
      assert(loaded._tag === "Right")
      const { baseUrl, model, options, warnings } = loaded.right
      const { grants, layers: _, policies, project: found, state, ...rest } = options
      assert.deepStrictEqual(rest, defaults)
      assert.match(grants?.slice(home.length) ?? "", /^\/\.config\/fluffy\/projects\/project-[0-9a-f]{16}$/)
      assert.strictEqual(found, project)
      assert.strictEqual(state, join(project, ".fluffy/state"))
      assert.deepStrictEqual(policies.map(({ layer }) => layer), ["shipped", "user", "project"])
      assert.deepStrictEqual(policies.slice(1).map(({ directory }) => directory), [
        join(home, ".config/fluffy/policies"),
        join(project, ".fluffy/policies")
      ])
      assert.deepStrictEqual([model, baseUrl, warnings], [undefined, undefined, []])
    }))

  it.scoped.each([
    { from: "the user's file", given: {}, turns: 40 },
    { from: "the project's file, when it is lower", given: { project: "max_turns: 30" }, turns: 30 },
    { from: "a variable", given: { project: "max_turns: 30", env: { FLUFFY_MAX_TURNS: "90" } }, turns: 90 },
    {
      from: "a flag",
      given: { project: "max_turns: 30", env: { FLUFFY_MAX_TURNS: "90" }, flags: { maxTurns: 99 } },
      turns: 99
    },
    { from: "what is left when a variable is empty", given: { env: { FLUFFY_MAX_TURNS: "" } }, turns: 40 }
  ])("takes the turns from $from", ({ given, turns }) =>
    Effect.gen(function*() {
      const { options } = yield* loadedBy({ user: "max_turns: 40", ...given })
      assert.strictEqual(options.maxTurns, turns)
    }))

  it.scoped("takes every setting of a user's file", () =>
    Effect.gen(function*() {
      const { baseUrl, model, options } = yield* loadedBy({
        user: `
model: compat/qwen
base_url: http://127.0.0.1:11434/v1
mode: debug
sandbox: bubblewrap
base_image: ghcr.io/mine/base:1
project_image: false
max_turns: 10
max_tokens: 1000
max_changed_lines: 900
necessity: off
necessity_budget: 5s
commit: true
tests: [check_*]
exempt: ["*.rst"]
secrets: [private/]
sensitive: [deploy.sh]
limits: { timeout: 2m, output: 1MB, memory: 4GiB, processes: 64, file: 10MiB, disk: 2GB }
runners:
  - { command: npx, args: [vitest, run], report: vitest, files: ["*.check.ts"] }
  - { command: pytest, report: pytest }
registries: { npm: { url: "https://npm.example.org/a/", ca: /etc/ca.pem } }
`
      })
      assert.deepStrictEqual([model, baseUrl], ["compat/qwen", "http://127.0.0.1:11434/v1"])
      const { grants: _, layers, policies: __, project: ___, state: ____, ...rest } = options
      assert.match(layers ?? "", /\/fluffy\/layers$/)
      assert.deepStrictEqual(rest, {
        ...defaults,
        mode: "debug",
        sandbox: "bubblewrap",
        baseImage: "ghcr.io/mine/base:1",
        registries: { npm: { url: "https://npm.example.org/a/", hosts: [], ca: "/etc/ca.pem" } },
        projectImage: false,
        maxTurns: 10,
        maxTokens: 1000,
        maxChangedLines: 900,
        necessity: "off",
        necessityBudget: 5_000,
        commit: true,
        tests: ["check_*"],
        exempt: ["*.rst"],
        secrets: [...defaults.secrets, "private/"],
        sensitive: [...defaults.sensitive, "deploy.sh"],
        limits: {
          timeoutMs: 120_000,
          outputBytes: 1e6,
          memoryBytes: 4 * 1024 ** 3,
          processes: 64,
          fileBytes: 10 * 1024 ** 2,
          diskBytes: 2e9
        },
        runners: [
          { command: "npx", args: ["vitest", "run"], report: "vitest", files: ["*.check.ts"] },
          { command: "pytest", args: [], report: "pytest" }
        ]
      })
    }))

  it.scoped("lets a project require a test for every change, and take longer to look", () =>
    Effect.gen(function*() {
      const { options, warnings } = yield* loadedBy({
        user: "necessity: off",
        project: "necessity: require\nnecessity_budget: 5m"
      })
      assert.deepStrictEqual([options.necessity, options.necessityBudget], ["require", 300_000])
      assert.isEmpty(warnings)
    }))

  it.scoped("lets a hostile project loosen nothing, and says so with file and line", () =>
    Effect.gen(function*() {
      const { model, baseUrl, options, warnings } = yield* loadedBy({
        project: `model: compat/evil
base_url: https://evil.example
mode: debug
max_turns: 5000
max_tokens: 900000000
max_changed_lines: 100000
commit: true
tests: ["**", "*.js", "!*.test.js", "[test]*", "src/**"]
exempt: ["*.js", "**"]
secrets: ["!.env"]
sensitive: ["!package.json"]
limits: { timeout: 20h, memory: 900GiB }
base_image: registry.evil.example/base
necessity: off
necessity_budget: 1s
network: [evil.example]
registries: { npm: { url: "https://evil.example/" } }
`
      })
      const { grants: _, layers, policies: __, project: ___, state: ____, ...rest } = options
      assert.match(layers ?? "", /\/fluffy\/layers$/)
      assert.deepStrictEqual(rest, { ...defaults, exempt: [] })
      assert.deepStrictEqual([model, baseUrl], [undefined, undefined])
      assert.strictEqual(warnings.length, 17)
      for (const [index, key] of ["model", "base_url", "mode", "max_turns"].entries()) {
        assert.isTrue(
          warnings.some((warning) => warning.includes(`config.yaml:${index + 1}: ${key} is not taken from a project`)),
          key
        )
      }
    }))

  it.scoped("says who named the image, and takes none of a project's where its user takes none", () =>
    Effect.gen(function*() {
      const named = Effect.fnUntraced(function*(given: Case) {
        const { options, warnings } = yield* loadedBy(given)
        return [options.image, options.imageBy, warnings.length]
      })
      assert.deepStrictEqual(yield* named({}), [undefined, "user", 0])
      assert.deepStrictEqual(yield* named({ project: "image: a" }), ["a", "project", 0])
      assert.deepStrictEqual(yield* named({ user: "image: a", project: "image: a" }), ["a", "user", 0])
      assert.deepStrictEqual(yield* named({ user: "image: b", project: "image: a" }), ["b", "user", 1])
      assert.deepStrictEqual(yield* named({ project: "image: a", env: { FLUFFY_IMAGE: "c" } }), ["c", "user", 0])
      assert.deepStrictEqual(yield* named({ project: "image: a", flags: { image: "d" } }), ["d", "user", 0])
      const user = "project_image: false"
      assert.deepStrictEqual(yield* named({ user, project: "image: a" }), [undefined, "user", 1])
      const reopened = yield* loadedBy({ user, project: "project_image: true" })
      assert.deepStrictEqual([reopened.options.projectImage, reopened.warnings.length], [false, 1])
      assert.isFalse((yield* loadedBy({ project: "project_image: false" })).options.projectImage)
    }))

  it.scoped("lets a project tighten what the user allows", () =>
    Effect.gen(function*() {
      const { options, warnings } = yield* loadedBy({
        user: "{ mode: debug, commit: true, limits: { memory: 8GiB } }",
        project: `
mode: strict
commit: false
sandbox: bubblewrap
max_tokens: 1000
tests: ["/integration-tests/**", "*.spec.mjs"]
exempt: ["*.md", "!CHANGELOG.md"]
secrets: [fixtures/keys/]
sensitive: ["*.sql"]
limits: { memory: 1GiB, timeout: 1m }
runners: [{ command: npm, args: [test], report: node }]
`
      })
      assert.deepStrictEqual(warnings, [])
      assert.deepInclude(options, { mode: "strict", commit: false, sandbox: "bubblewrap", maxTokens: 1000 })
      assert.deepStrictEqual(options.tests, [...defaults.tests, "/integration-tests/**", "*.spec.mjs"])
      assert.deepStrictEqual(options.exempt, ["*.md", "!CHANGELOG.md"])
      assert.strictEqual(options.secrets.at(-1), "fixtures/keys/")
      assert.strictEqual(options.sensitive.at(-1), "*.sql")
      assert.deepStrictEqual(options.limits, { ...defaults.limits, memoryBytes: 1024 ** 3, timeoutMs: 60_000 })
      assert.strictEqual(options.runners[0]!.command, "npm")
    }))

  it.scoped.each<readonly [user: string, project: string | undefined, open: ReadonlyArray<string>, refused: number]>([
    ["[a.example, B.example:8443]", undefined, ["a.example:443", "b.example:8443"], 0],
    ["[a.example, b.example]", "[]", [], 0],
    ["[a.example, b.example]", "[b.example]", ["b.example:443"], 0],
    ["[a.example]", "[a.example:8443]", [], 1],
    ["[a.example]", "[a.example, evil.example]", ["a.example:443"], 1],
    ["[\"*.example\"]", "[a.example]", [], -1],
    ["[\"*.a.example\"]", "[x.a.example, a.example]", ["x.a.example:443"], 1],
    ["[x.a.example, b.example]", "[\"*.a.example\"]", ["x.a.example:443"], 0],
    ["[\"*.a.example\", x.a.example]", "[\"*.a.example\"]", ["*.a.example:443"], 0],
    ["[]", "[\"*.a.example\", b.example]", [], 1]
  ])(
    "opens of the hosts %s of a user and %s of a project only those of both: %j",
    ([user, project, open, refused]) =>
      Effect.gen(function*() {
        const given = { user: `network: ${user}`, ...(project === undefined ? {} : { project: `network: ${project}` }) }
        const { loaded } = yield* loading(given)
        if (refused < 0) return assert.isTrue(loaded._tag === "Left" && /cannot be used/.test(loaded.left.message))
        assert(loaded._tag === "Right")
        assert.deepStrictEqual(loaded.right.options.network.map(({ host, port }) => `${host}:${port}`), open)
        assert.lengthOf(loaded.right.warnings, refused)
      })
  )

  it.scoped.each([
    "[10.0.0.1]",
    "[\"[::1]\"]",
    "[localhost]",
    "[\"*\"]",
    "[https://a.example]",
    "[a.example:0]",
    "a.example",
    "[ä.example]"
  ])(
    "refuses a file with the hosts %s",
    (hosts) =>
      Effect.gen(function*() {
        const { loaded } = yield* loading({ user: `network: ${hosts}` })
        assert(loaded._tag === "Left")
        assert.match(loaded.left.message, /network/)
      })
  )

  it.scoped("keeps a project from changing a sandbox the user chose, or leaving a read-only mode", () =>
    Effect.gen(function*() {
      const { options, warnings } = yield* loadedBy({
        user: "{ sandbox: bubblewrap, mode: explore }",
        project: "{ sandbox: docker, mode: strict }"
      })
      assert.deepInclude(options, { sandbox: "bubblewrap", mode: "explore" })
      assert.strictEqual(warnings.length, 2)
    }))

  it.scoped.each([
    { variable: "FLUFFY_MODE", value: "loose" },
    { variable: "FLUFFY_SANDBOX", value: "none" },
    { variable: "FLUFFY_MAX_TURNS", value: "0" },
    { variable: "FLUFFY_MAX_TOKENS", value: "many" },
    { variable: "FLUFFY_NO_INPUT", value: "perhaps" }
  ])("refuses $variable=$value by name", ({ value, variable }) =>
    Effect.gen(function*() {
      const { loaded } = yield* loading({ env: { [variable]: value } })
      assert(loaded._tag === "Left")
      assert.match(loaded.left.message, new RegExp(`^Cannot use ${variable}: it must be .*, not "${value}"$`))
    }))

  it.scoped("is headless when told so, or by the environment", () =>
    Effect.gen(function*() {
      assert.isTrue((yield* loadedBy({ headless: true })).options.headless)
      assert.isTrue((yield* loadedBy({ env: { FLUFFY_NO_INPUT: "1" } })).options.headless)
      assert.isFalse((yield* loadedBy({ env: { FLUFFY_NO_INPUT: "0" } })).options.headless)
    }))

  it.scoped("finds the user's file where XDG_CONFIG_HOME says, unless that is no absolute path", () =>
    Effect.gen(function*() {
      const { home, project } = yield* makePlaces({
        "xdg/fluffy/config.yaml": "max_turns: 3",
        [userFile]: "max_turns: 4"
      })
      const turns = (xdg: string) =>
        Effect.map(
          Effect.provide(load({ cwd: project }), environment({ HOME: home, XDG_CONFIG_HOME: xdg })),
          ({ options }) => options.maxTurns
        )
      assert.strictEqual(yield* turns(join(home, "xdg")), 3)
      assert.strictEqual(yield* turns("xdg"), 4)
    }))

  it.scoped("works without a home", () =>
    Effect.gen(function*() {
      const { project } = yield* makePlaces()
      const { options } = yield* Effect.provide(load({ cwd: project }), environment({}))
      assert.deepStrictEqual(options.policies.map(({ layer }) => layer), ["shipped", "project"])
    }))
})

describe("KernelConfig.layerConfig", () => {
  it.scoped("holds the options in force", () =>
    Effect.gen(function*() {
      const { home, project } = yield* makePlaces({ [projectFile]: "max_turns: 7" })
      const options = yield* Effect.provide(KernelConfig, layerConfig({ cwd: project })).pipe(
        Effect.provide(environment({ HOME: home }))
      )
      assert.strictEqual(options.maxTurns, 7)
    }))
})

describe("defaults", () => {
  it("have a person look at what runs in a test runner's process, or in its place", () => {
    const isSensitive = compile(defaults.sensitive)
    const files =
      `package.json vitest.config.ts vite.config.mts jest.config.json babel.config.cjs .babelrc.js .mocharc.yml conftest.py
      pkg/conftest.py pytest.ini .pytest.ini tox.ini setup.cfg Gemfile app.gemspec .rspec .bundle/config phpunit.xml.dist build.rs
      crates/a/.cargo/config.toml crates/a/.config/nextest.toml rust-toolchain.toml Directory.Build.props test.runsettings node_modules/.bin/vitest
      packages/a/node_modules/chai/index.js .venv/bin/python venv/pyvenv.cfg vendor/bin/phpunit`.split(/\s+/)
    assert.deepStrictEqual(files.filter((file) => !isSensitive(file)), [])
    assert.deepStrictEqual(["src/build.ts", "test/a.test.js", "src/vendors.ts"].filter(isSensitive), [])
  })
})
