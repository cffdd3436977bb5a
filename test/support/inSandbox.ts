import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { defaultLimits, type SandboxCommand } from "../../src/Sandbox.ts"
import { programLine, sandboxArguments } from "../../src/Sandbox/bubblewrap/arguments.ts"
import { ownlessDevices } from "../../src/Sandbox/bubblewrap/devices.ts"
import { filterOf } from "../../src/Sandbox/bubblewrap/filter.ts"
import { hostSystem } from "../../src/Sandbox/bubblewrap/hostSystem.ts"
import { limited } from "../../src/Sandbox/bubblewrap/limited.ts"
import { ordered } from "../../src/Sandbox/bubblewrap/mounts.ts"
import { overlaid } from "../../src/Sandbox/bubblewrap/overlaid.ts"
import { overlayOf } from "../../src/Sandbox/overlay.ts"
import type { Stage } from "../../src/Workspace.ts"
import type { Hands } from "../contract/WorkspaceContract.ts"

const host = hostSystem(readdirSync("/etc"))

let devices: string | undefined
process.on("exit", () => devices === undefined || rmSync(devices, { recursive: true, force: true }))

/** Runs a command over a stage in bubblewrap, as the backend would, and waits for it: its standard output, or throws its error. */
export const inSandbox = (stage: Stage, line: readonly [string, ...ReadonlyArray<string>], input = ""): Buffer => {
  const mounts = Effect.runSync(stage.mounts)
  const command: SandboxCommand = {
    command: line[0],
    args: line.slice(1),
    cwd: stage.project,
    mounts,
    user: stage.user,
    limits: defaultLimits
  }
  const scratch = mkdtempSync(join(tmpdir(), "fluffy-in-sandbox-"))
  const opened: Array<number> = []
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(scratch, name), content)
    opened.push(openSync(join(scratch, name), "r+"))
  }
  try {
    const hidden = sandboxArguments({
      host,
      toolchains: [],
      programs: { first: [], last: [] },
      devices: stage.user.uid === 0 ? devices ??= ownlessDevices() : undefined,
      mounts: ordered(mounts),
      cwd: stage.project,
      env: {}
    })
    file("arguments", hidden.map((argument) => `${argument}\0`).join(""))
    file("status", "")
    file("filter", filterOf("standard"))
    file("gate", "\n")
    for (const { source } of host.files) opened.push(openSync(source, "r"))
    const started = overlaid(overlayOf(mounts), "bwrap", programLine(limited(host, command)))
    const ran = spawnSync(started.program, [...started.line], {
      cwd: "/",
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      input,
      maxBuffer: 1 << 28,
      stdio: ["pipe", "pipe", "pipe", ...opened],
      ...(process.getuid!() === 0 ? stage.user : {})
    })
    if (ran.status !== 0) throw new Error(`${line[0]} ended with ${ran.status}: ${ran.stderr.toString()}`)
    return ran.stdout
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
    rmSync(scratch, { recursive: true, force: true })
  }
}

const script = {
  clear: "rest=$1; at=; while [ \"$rest\" != \"${rest#*/}\" ]; do at=$at${rest%%/*}; rest=${rest#*/}; " +
    "{ [ -d \"$at\" ] && [ ! -L \"$at\" ]; } || rm -f -- \"$at\"; at=$at/; done; rm -rf -- \"$1\"; ",
  write: "case $1 in */*) mkdir -p -- \"${1%/*}\";; esac; cat > \"$1\"; chmod \"$2\" -- \"$1\""
}

/** Hands that only a sandbox has: every touch is a command over the stage. */
export const sandboxHands = (stage: Stage): Hands => {
  const sh = (text: string, args: ReadonlyArray<string>, input?: string) =>
    inSandbox(
      stage,
      ["/bin/sh", "-c", `set -e; ${text}`, "sh", ...args.map((one, at) => at === 0 ? `./${one}` : one)],
      input
    )
  return {
    write: (path, content, executable = false) =>
      void sh(script.clear + script.write, [path, executable ? "755" : "644"], content),
    link: (path, target) => void sh("rm -rf -- \"$1\"; ln -s -- \"$2\" \"$1\"", [path, target]),
    remove: (path) => void sh("rm -rf -- \"$1\"", [path]),
    read: (path) => {
      const text = sh("if [ -f \"$1\" ]; then printf +; cat < \"$1\"; fi", [path]).toString()
      return text === "" ? undefined : text.slice(1)
    }
  }
}
