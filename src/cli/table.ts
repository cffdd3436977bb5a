import type { Spec } from "./Flag.ts"

const json = { kind: "switch", help: "print JSON, one object per line" } as const

const sandbox = {
  kind: "choice",
  choices: ["auto", "bubblewrap", "docker", "podman"],
  help: "what isolates commands (auto)"
} as const

const image = { kind: "text", value: "NAME", help: "container image to run in, of Docker or Podman" } as const

const engine = { kind: "choice", choices: ["docker", "podman"], help: "which engine (docker)" } as const

const mode = {
  kind: "choice",
  choices: ["strict", "explore", "debug"],
  help: "strict: test first; explore: only read; debug: no test-first gate (strict)"
} as const

const anyNumber = Number.POSITIVE_INFINITY

/** Flags every command has. */
export const common = {
  verbose: { kind: "switch", help: "more on stderr, causes of errors among it (FLUFFY_DEBUG=1)" },
  help: { kind: "switch", short: "h", help: "this text" }
} as const

/** Every command there is: parsing and help come from this table alone. */
export const table = {
  run: {
    usage: "\"<task>\"",
    summary: "work on a task in this project",
    operands: { least: 1, most: 1 },
    flags: {
      model: { kind: "text", value: "P/M", help: "openai/…, anthropic/…, compat/… or recorded/<file> (FLUFFY_MODEL)" },
      "base-url": { kind: "text", value: "URL", help: "address of the model's API, for compat/ above all" },
      mode,
      sandbox,
      image,
      "max-turns": { kind: "count", value: "N", help: "stop after this many turns of the model (50)" },
      "max-tokens": { kind: "count", value: "N", help: "stop at this many tokens, in and out (2000000)" },
      json: { kind: "switch", help: "print one event per line as JSON" },
      "no-input": { kind: "switch", help: "headless: ask nothing, every answer is no" },
      commit: { kind: "switch", help: "commit the merged change with git" }
    }
  },
  demo: {
    usage: "demo",
    summary: "the whole loop on a throw-away project, with a recorded model: no key, no network",
    operands: { least: 0, most: 0 },
    flags: { keep: { kind: "switch", help: "leave the project behind to look at" } }
  },
  doctor: {
    usage: "doctor",
    summary: "what is usable here, what is missing, and the command that mends it",
    details:
      "Ends with 0 when a session can run here, 7 when no sandbox can be used, 2 when this folder, its configuration " +
      "or a policy is in the way, 1 when something else is.",
    operands: { least: 0, most: 0 },
    flags: { json }
  },
  exec: {
    usage: "exec [flags] -- CMD [ARGS]",
    summary: "one command in the sandbox over a copy of the project; its change list, its exit code",
    details:
      "The command gets no standard input. Its exit code is passed on; where Fluffy itself could not run it, standard error " +
      "says so in a line that begins with \"fluffy:\".",
    operands: { least: 1, most: anyNumber },
    verbatim: true,
    flags: {
      sandbox,
      image,
      network: { kind: "switch", help: "let it reach the hosts of your config.yaml that your policy allows, by https" },
      timeout: { kind: "time", value: "TIME", help: "kill it after this long, e.g. 90s (10m)" }
    }
  },
  tool: {
    usage: "tool NAME JSON",
    summary: "one tool call through gate, policy and audit, in a session of its own",
    details:
      "JSON holds the tool's arguments; - reads it from standard input. What the call changes is dropped afterwards. " +
      "Ends with 0 when it went well, 1 when it failed, 5 when it was refused, 4 when a person would have to say yes.",
    operands: { least: 2, most: 2 },
    flags: { mode, sandbox, image, json, "no-input": { kind: "switch", help: "headless: every answer is no" } }
  },
  "policy apply": {
    usage: "policy apply FILE",
    summary: "put a rule file in force: checks it, shows which past decisions would change, asks you",
    details:
      "Copies FILE into your policies folder, or the project's, once you have said yes. What the log holds of past " +
      "decisions is decided again by the new rules; [BREAKING] marks a yes that becomes a no and a no that becomes a yes. " +
      "Without a terminal nothing is changed, whatever is piped in. Running sessions take the rules up at their next step.",
    operands: { least: 1, most: 1 },
    flags: {
      to: { kind: "choice", choices: ["user", "project"], help: "whose policies it joins (user)" },
      last: { kind: "count", value: "N", help: "how many past decisions to try, the newest (1000)" },
      json
    }
  },
  "policy check": {
    usage: "policy check [FILE…]",
    summary: "validate rule files: those in force here, or the files named",
    operands: { least: 0, most: anyNumber },
    flags: { json }
  },
  "policy explain": {
    usage: "policy explain ACTION [flags]",
    summary: "the decision on an action, the rules that made it and those that did not match",
    operands: { least: 1, most: 1 },
    flags: {
      path: { kind: "text", value: "PATH", help: "the file it is about, relative to the project" },
      command: { kind: "text", value: "CMD", help: "the command, for shell.exec" },
      args: { kind: "texts", value: "ARG", help: "one argument of the command; may be repeated" },
      tool: { kind: "text", value: "TOOL", help: "the tool that made the change, or that connects" },
      phase: {
        kind: "choice",
        choices: [
          "idle",
          "planning",
          "test_writing",
          "test_running",
          "coding",
          "green",
          "refactoring",
          "reviewing",
          "done",
          "failed"
        ],
        help: "the phase the session is in (coding)"
      },
      mode,
      host: { kind: "text", value: "HOST", help: "the host it would talk to" },
      caller: { kind: "text", value: "TAG", help: "who asks" },
      json
    }
  },
  "policy grants": {
    usage: "policy grants",
    summary: "what you allowed for always in this project",
    operands: { least: 0, most: 0 },
    flags: { json }
  },
  "policy revoke": {
    usage: "policy revoke ID",
    summary: "end one of these grants, for running sessions too",
    operands: { least: 1, most: 1 },
    flags: { json }
  },
  "policy test": {
    usage: "policy test [FILE…]",
    summary: "run the examples of every rule and show each outcome",
    operands: { least: 0, most: anyNumber },
    flags: { json }
  },
  "audit log": {
    usage: "audit log",
    summary: "what was asked, decided, run and changed",
    operands: { least: 0, most: 0 },
    flags: {
      last: { kind: "count", value: "N", help: "only the newest N entries" },
      session: { kind: "text", value: "ID", help: "only entries of this session" },
      json
    }
  },
  "audit verify": {
    usage: "audit verify",
    summary: "whether the log was touched; names the first entry that does not fit",
    operands: { least: 0, most: 0 },
    flags: { last: { kind: "count", value: "N", help: "only the newest N entries" }, json }
  },
  "audit export": {
    usage: "audit export",
    summary: "the whole log in canonical JSON, one entry per line, for someone else to verify",
    operands: { least: 0, most: 0 },
    flags: {
      session: { kind: "text", value: "ID", help: "only entries of this session" },
      output: { kind: "text", short: "o", value: "FILE", help: "write a new file instead of standard output" }
    }
  },
  "image build": {
    usage: "image build",
    summary: "make the base image for containers from what this machine has; no registry is asked",
    operands: { least: 0, most: 0 },
    flags: {
      sandbox: engine,
      image: { kind: "text", value: "NAME", help: "what to call it, instead of the name that is looked for by itself" }
    }
  },
  "sandbox prune": {
    usage: "sandbox prune",
    summary: "remove what killed kernels left in the engines, replaced base images and old dependencies",
    operands: { least: 0, most: 0 },
    flags: { sandbox: { ...engine, help: "this engine only (every one that is here)" } }
  },
  "session list": {
    usage: "session list",
    summary: "the sessions of this project, newest first",
    operands: { least: 0, most: 0 },
    flags: { last: { kind: "count", value: "N", help: "only the newest N" }, json }
  },
  "session show": {
    usage: "session show ID",
    summary: "one session: how it stands, its tests, its changes",
    operands: { least: 1, most: 1 },
    flags: { json }
  }
} as const satisfies Readonly<Record<string, Spec>>

export type Table = typeof table
export type CommandName = keyof Table
