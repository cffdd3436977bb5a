import type { TemplateName } from "./Template.ts"

/** A host directory or file shown inside. `source` and `target` are absolute. */
export interface BindMount {
  readonly source: string
  readonly target: string
  readonly mode: "ro" | "rw"
}

/**
 * Host directories shown inside as one, the first of `lower` on top. What is written there goes to `upper`, in the kernel's overlay form
 * with `user.` attributes; `work` is an empty directory of the same file system. All belong to the command's user.
 */
export interface OverlayMount {
  readonly mode: "overlay"
  readonly target: string
  readonly lower: ReadonlyArray<string>
  readonly upper: string
  readonly work: string
}

/** Only what lies on mounts of modes `rw` and `overlay` can be written. */
export type Mount = BindMount | OverlayMount

/** The host directories in which what a command writes to its mounts lies. */
export const writable = (mounts: ReadonlyArray<Mount>): ReadonlyArray<string> =>
  mounts.flatMap((mount) => mount.mode === "rw" ? [mount.source] : mount.mode === "overlay" ? [mount.upper] : [])

/** Bounds of one command. Times in ms, sizes in bytes; `disk` is what it may add below its writable mounts. */
export interface Limits {
  readonly timeoutMs: number
  readonly outputBytes: number
  readonly memoryBytes: number
  readonly processes: number
  readonly fileBytes: number
  readonly diskBytes: number
}

export const defaultLimits: Limits = {
  timeoutMs: 600_000,
  outputBytes: 1 << 20,
  memoryBytes: 2 * 1024 ** 3,
  processes: 256,
  fileBytes: 100 << 20,
  diskBytes: 1024 ** 3
}

/**
 * One command. `command` is looked up in the sandbox's PATH and never goes through a shell. `env` is the whole environment besides PATH,
 * HOME, TMPDIR and LANG, which the backend sets. `cwd` is absolute, inside. `user` owns the writable mounts (uid:gid of the host).
 * `template` is the kind of sandbox, `code-executor` where none is named. With a `network`, programs inside reach what the proxy lets
 * through whose socket (`proxy.sock`) is in that host directory; see `openProxy`. `onOutput` sees output as it comes, at most
 * `limits.outputBytes`.
 */
export interface SandboxCommand {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: Uint8Array
  readonly mounts: ReadonlyArray<Mount>
  readonly limits: Limits
  readonly user: { readonly uid: number; readonly gid: number }
  readonly template?: TemplateName
  readonly network?: { readonly directory: string }
  readonly onOutput?: (stream: "stdout" | "stderr", chunk: Uint8Array) => void
}

/** How it ended. `exitCode` is the command's, or 128 + signal; 127 when the command was not found. `ended` other than "exit" names the limit that killed it. */
export interface SandboxResult {
  readonly exitCode: number
  readonly ended: "exit" | "timeout" | "output" | "memory" | "processes" | "disk"
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly durationMs: number
}

/** `detail` is the version and what is enforced when usable, what is missing otherwise; `remedy` is a command to type. */
export interface SandboxProbe {
  readonly backend: string
  readonly usable: boolean
  readonly detail: string
  readonly remedy?: string
  readonly warnings: ReadonlyArray<string>
}
