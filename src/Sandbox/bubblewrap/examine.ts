import { Effect } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import type { Findings } from "./diagnosis.ts"

const setting = (name: string): string | undefined => {
  try {
    return readFileSync(`/proc/sys/${name}`, "utf8").trim()
  } catch {
    return undefined
  }
}

const distribution = (): string => {
  try {
    return [...readFileSync("/etc/os-release", "utf8").matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].map((match) =>
      match[1]
    )
      .join(" ")
  } catch {
    return ""
  }
}

const versionTimeoutMs = 2000

/** The version `program --version` prints, or undefined when there is no such program. */
export const version = (program: string, searchPath: string): Effect.Effect<string | undefined> =>
  Effect.async((resume) => {
    const child = execFile(
      program,
      ["--version"],
      { cwd: "/", env: { PATH: searchPath }, timeout: versionTimeoutMs },
      (error, stdout) =>
        resume(Effect.succeed(error === null ? /(\d+\.\d+[.\d]*)/.exec(stdout)?.[1] ?? "0" : undefined))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** What else is known of this machine that tells why a sandbox cannot be made. */
export const surroundings = (): Pick<Findings, "platform" | "distribution" | "settings"> => ({
  platform: process.platform,
  distribution: distribution(),
  settings: {
    apparmorRestricts: setting("kernel/apparmor_restrict_unprivileged_userns"),
    unprivilegedUserns: setting("kernel/unprivileged_userns_clone"),
    maxUserNamespaces: setting("user/max_user_namespaces")
  }
})
