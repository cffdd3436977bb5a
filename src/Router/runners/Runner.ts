import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestReport } from "../../domain/Verdict.ts"
import type { Places } from "./Places.ts"

export type RunnerName =
  | "node"
  | "vitest"
  | "jest"
  | "mocha"
  | "pytest"
  | "unittest"
  | "go"
  | "cargo"
  | "nextest"
  | "rspec"
  | "minitest"
  | "phpunit"
  | "dotnet"
  | "junit"
  | "tap"

/** `any`: a runner that knows its files by patterns of the configuration only. */
export type Language = "javascript" | "python" | "go" | "rust" | "ruby" | "php" | "dotnet" | "any"

/**
 * How a report comes to be when the command does not write it itself: from what it prints (`stdout`, or `output` with stderr), or from
 * files it leaves below `directory`, whose paths match `pattern` (`*` matches slashes too). With `file` it writes the report, and what
 * it printed stands in for a missing one.
 */
export type Capture =
  | { readonly from: "stdout" | "output" | "file" }
  | { readonly from: "files"; readonly directory: string; readonly pattern: string }

/** What a runner is asked to do. Paths are absolute and inside the sandbox, except `files`. `files` null: what the runner finds itself. */
export interface RunnerRequest {
  readonly root: string
  readonly cwd: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly reportPath: string
  readonly reporters: string
  readonly files: ReadonlyArray<ProjectPath> | null
  readonly name: string | null
}

/** A command for the sandbox; `env` comes on top of what the sandbox sets. */
export interface RunnerCommand {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

/** One test runner: how it is called so that it leaves a report, and how that report is read. Neither ever throws. */
export interface Runner {
  readonly name: RunnerName
  readonly language: Language
  /** The report's file name, in a directory of its own. */
  readonly reportFile: string
  /** Whether the report comes as sealed lines on standard output, for a key on standard input, and not in the file. */
  readonly sealed?: boolean
  /** Options of the project's own test script that take a value in the next word. */
  readonly valued: ReadonlyArray<string>
  /** Options of it that would change the report, or never end; a trailing `=` says that a value follows. */
  readonly dropped: ReadonlyArray<string>
  readonly capture?: Capture
  /** Whether it takes one file at a time. */
  readonly fileByFile?: boolean
  /** The files whose text tells tests and files apart, where a report does not. */
  readonly reads?: (file: string) => boolean
  /** The words that make the program print its version, where `--version` does not. */
  readonly version?: ReadonlyArray<string>
  readonly command: (request: RunnerRequest) => RunnerCommand
  /** Reads a report that nobody vouches for. What cannot be read makes it `truncated`; null when it turns out to be none. */
  readonly parse: (report: Uint8Array, places: Places) => TestReport | null
}

/** Output without colours, and no snapshot written where one is missing. */
export const plainEnv: Readonly<Record<string, string>> = { CI: "true", NO_COLOR: "1", FORCE_COLOR: "0" }

/** The text as a regular expression that matches it literally. */
export const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

/** Files as absolute paths: no file name can then be taken for an option. */
export const absolute = (request: Pick<RunnerRequest, "root" | "files">): ReadonlyArray<string> =>
  (request.files ?? []).map((file) => `${request.root}/${file}`)
