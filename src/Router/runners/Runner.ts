import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { TestReport } from "../../domain/Verdict.ts"

export type RunnerName = "node" | "vitest" | "jest" | "mocha" | "pytest" | "unittest"

export type Language = "javascript" | "python"

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
  readonly command: (request: RunnerRequest) => RunnerCommand
  /** Reads a report that nobody vouches for; `root` and `cwd` as in the request. What cannot be read makes it `truncated`. */
  readonly parse: (report: Uint8Array, places: Pick<RunnerRequest, "root" | "cwd">) => TestReport
}

/** Output without colours, and no snapshot written where one is missing. */
export const plainEnv: Readonly<Record<string, string>> = { CI: "true", NO_COLOR: "1", FORCE_COLOR: "0" }

/** The text as a regular expression that matches it literally. */
export const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

/** Files as absolute paths: no file name can then be taken for an option. */
export const absolute = (request: Pick<RunnerRequest, "root" | "files">): ReadonlyArray<string> =>
  (request.files ?? []).map((file) => `${request.root}/${file}`)
