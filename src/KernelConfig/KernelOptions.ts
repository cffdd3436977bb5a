import type { NetworkHost } from "../domain/NetworkHost.ts"
import type { Mode } from "../domain/Phase.ts"
import type { Registries } from "../Router.ts"
import { defaultLimits, type Limits } from "../Sandbox.ts"

export const SandboxChoice = ["auto", "bubblewrap", "docker", "podman"] as const

/** What is done about a source change that no test demands, the loosest first. */
export const NecessityRule = ["off", "report", "require"] as const

/** How a test command's output is read. */
export const RunnerReport = [
  "node",
  "vitest",
  "jest",
  "mocha",
  "pytest",
  "unittest",
  "go",
  "cargo",
  "nextest",
  "rspec",
  "minitest",
  "phpunit",
  "dotnet",
  "junit",
  "tap"
] as const

/**
 * A test command of the project's own: `report` says how its output is read. `files` are gitignore patterns of the tests it runs,
 * `reportFile` a pattern of the JUnit XML files it leaves.
 */
export interface RunnerConfig {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly report: (typeof RunnerReport)[number]
  readonly files?: ReadonlyArray<string>
  readonly reportFile?: string
}

/** Everything a kernel is told. `project` and `state` are absolute; `user` and `model.apiKey` come from outside the project only. */
export interface KernelOptions {
  readonly project: string
  readonly state: string
  readonly mode: Mode
  readonly sandbox: (typeof SandboxChoice)[number]
  readonly image: string | undefined
  /** Who named `image`: a project's file decides for less than its user does. */
  readonly imageBy: "user" | "project"
  /** What a container runs where no image is named; `fluffy image build` makes it when this is undefined. */
  readonly baseImage: string | undefined
  /** Whether the project's files may name the image, out of those that the engine has already. */
  readonly projectImage: boolean
  /** Whether sessions work in a copy of the project or in an overlay over it; "auto" goes by its size and by what works here. */
  readonly stage: "auto" | "copy" | "overlay"
  readonly maxTurns: number
  readonly maxTokens: number
  readonly headless: boolean
  readonly commit: boolean
  /** gitignore patterns: what counts as a test, what is exempt from test-first, what is secret, what needs a human at merge. */
  readonly tests: ReadonlyArray<string>
  readonly exempt: ReadonlyArray<string>
  readonly secrets: ReadonlyArray<string>
  readonly sensitive: ReadonlyArray<string>
  readonly maxChangedLines: number
  /** Whether each source hunk is taken back alone before the review, to see if a test demands it, and for how long at most, in ms. */
  readonly necessity: (typeof NecessityRule)[number]
  readonly necessityBudget: number
  readonly limits: Limits
  readonly runners: ReadonlyArray<RunnerConfig>
  /** Hosts that a command may ask for and the policy may then allow; `*.name` is every name below. Empty: there is no network. */
  readonly network: ReadonlyArray<NetworkHost>
  /** Where packages come from, where that is not the well-known registry of their kind. */
  readonly registries: Registries
  /** The person's folder of installed dependencies, absolute; without one nothing is installed. */
  readonly layers?: string | undefined
  /** Folders of YAML rules, lowest layer first; a missing folder is an empty one. */
  readonly policies: ReadonlyArray<{ readonly layer: "shipped" | "user" | "project"; readonly directory: string }>
  /** The folder of the user's where "always in this project" is kept; without one nothing is. */
  readonly grants?: string | undefined
}

/** What a session may neither see nor change where it lies in the project: with XDG_CACHE_HOME in it the layers do. */
export const sealedPlaces = ({ layers, state }: Pick<KernelOptions, "layers" | "state">): ReadonlyArray<string> =>
  layers === undefined ? [state] : [state, layers]

/** The defaults of the design, all but the places. */
export const defaults: Omit<KernelOptions, "project" | "state" | "policies"> = {
  mode: "strict",
  sandbox: "auto",
  image: undefined,
  imageBy: "user",
  baseImage: undefined,
  projectImage: true,
  stage: "auto",
  maxTurns: 50,
  maxTokens: 2_000_000,
  headless: false,
  commit: false,
  tests: [
    "*.test.*",
    "*.spec.*",
    "*_test.*",
    "test_*.py",
    "test_*.rb",
    "*_spec.rb",
    "*_tests.rs",
    "tests.rs",
    "*Test.php",
    "*Test.java",
    "*Tests.java",
    "*Test.kt",
    "*Tests.cs",
    "*Test.cs",
    "*.bats",
    "**/t/**/*.t",
    "**/test/**",
    "**/tests/**",
    "**/__tests__/**",
    "**/spec/**"
  ],
  exempt: ["*.md", "*.txt", "*.json", "*.yml", "*.yaml", "*.toml", "Dockerfile*", ".dockerignore", ".gitignore"],
  secrets: [
    ".env",
    ".env.*",
    "!.env.example",
    ".envrc.local",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".vault-token",
    "credentials.json",
    "service-account*.json",
    "secrets.*",
    "*.tfstate",
    ".aws/",
    ".ssh/",
    ".gnupg/",
    ".kube/",
    "**/.docker/config.json"
  ],
  sensitive: [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock*",
    "pyproject.toml",
    "requirements*.txt",
    "setup.py",
    "setup.cfg",
    "poetry.lock",
    "uv.lock",
    "Pipfile*",
    "go.mod",
    "go.sum",
    "Cargo.toml",
    "Cargo.lock",
    "Gemfile*",
    "composer.*",
    "*.gemspec",
    ".rspec",
    "Rakefile",
    "phpunit*.xml*",
    "*.csproj",
    "*.fsproj",
    "*.vbproj",
    "*.sln",
    "pom.xml",
    "build.gradle*",
    "go.work",
    ".cargo/",
    "rust-toolchain*",
    "build.rs",
    ".bundle/",
    "Directory.Build.*",
    "*.runsettings",
    "node_modules/",
    ".venv/",
    "venv/",
    "vendor/",
    "**/.config/nextest.toml",
    "Makefile",
    "vitest.config.*",
    "vitest.workspace.*",
    "vite.config.*",
    "jest.config.*",
    "babel.config.*",
    ".babelrc*",
    ".mocharc*",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "conftest.py",
    "Dockerfile*",
    "docker-compose*",
    ".github/**",
    ".gitlab-ci*",
    ".circleci/**",
    "Jenkinsfile*",
    ".husky/**",
    ".vscode/**",
    ".idea/**",
    ".devcontainer/**",
    ".envrc",
    ".gitattributes",
    ".gitmodules",
    ".mcp.json",
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    ".cursor*"
  ],
  maxChangedLines: 500,
  necessity: "report",
  necessityBudget: 60_000,
  limits: defaultLimits,
  runners: [],
  network: [],
  registries: {}
}
