import { Effect } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import type { SandboxFailed, SandboxUnavailable } from "../../src/Sandbox.ts"
import { baseImageName } from "../../src/Sandbox/container/image.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { requireRuntime } from "./require.ts"
import { isRoot } from "./sandbox.ts"

/** Where the tests look for each engine: the service that root runs, and for an ordinary user a Podman of that user's own. */
export const sockets = {
  docker: "/var/run/docker.sock",
  podman: `${isRoot ? "/run" : process.env["XDG_RUNTIME_DIR"]}/podman/podman.sock`
}
const modules = { docker: Docker, podman: Podman }

/** Connects to a Unix socket and nothing more. */
const knock =
  "require('net').connect(process.argv[1]).on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))"

/** Whether tests that need this engine's service can run here: a program without a service answers no request. */
export const requireEngine = (name: "docker" | "podman"): boolean => {
  if (!requireRuntime(name)) return false
  if (spawnSync(process.execPath, ["-e", knock, sockets[name]], { timeout: 10_000 }).status === 0) return true
  const why = `nothing listens on ${sockets[name]}; scripts/engines.sh starts it`
  if ((process.env["FLUFFY_REQUIRE"] ?? "").split(",").includes(name)) {
    throw new Error(`FLUFFY_REQUIRE names ${name}: ${why}`)
  }
  process.stderr.write(`Tests that need ${name} are skipped: ${why}\n`)
  return false
}

/** Makes the base image where the engine has none; takes a quarter of a minute then. */
export const ensureBaseImage = (name: "docker" | "podman"): Effect.Effect<void, SandboxFailed | SandboxUnavailable> =>
  spawnSync(name, ["image", "inspect", baseImageName(name)], { stdio: "ignore" }).status === 0
    ? Effect.void
    : Effect.asVoid(modules[name].buildImage({ socket: sockets[name] }))

/** Containers of this engine with the label, ended ones too; `filters` are the engine's own. */
export const containers = (
  name: "docker" | "podman",
  label: string,
  ...filters: ReadonlyArray<string>
): ReadonlyArray<string> =>
  spawnSync(
    name,
    ["ps", "--all", "--quiet", "--no-trunc", ...[`label=${label}`, ...filters].flatMap((one) => ["--filter", one])],
    { encoding: "utf8" }
  ).stdout
    .trim()
    .split("\n").filter((id) => id !== "")

const kernelEntry = fileURLToPath(new URL("./engineRuns.ts", import.meta.url))

/** A kernel of its own, and the command it runs; `root` is shown to that and can be written, `times` is how often it runs. */
export interface KernelLine {
  readonly engine: "docker" | "podman"
  readonly socket: string
  readonly session: string
  readonly root?: string
  readonly times?: number
  readonly timeoutMs?: number
  readonly line: ReadonlyArray<string>
}

/** Starts a kernel of its own, to be killed; its standard output is the command's. */
export const startKernel = ({ engine, line, root = "", session, socket, timeoutMs = 20_000, times = 1 }: KernelLine) =>
  spawn(
    process.execPath,
    ["--import", "tsx", kernelEntry, engine, socket, session, root, String(times), String(timeoutMs), ...line],
    { stdio: ["ignore", "pipe", "inherit"], cwd: packageRoot, env: { PATH: process.env["PATH"] } }
  )
