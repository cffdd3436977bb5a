import type Dockerode from "dockerode"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { maxTasks } from "../bubblewrap/limited.ts"
import type { SandboxCommand } from "../SandboxCommand.ts"
import { templateOf } from "../Template.ts"
import type { EngineFacts } from "./EngineFacts.ts"
import { firstProcess, openFiles, parkedProcess } from "./firstProcess.ts"
import { mountOptions } from "./mountOptions.ts"

/**
 * Everything that shapes one container. `volumes` are the directories for which the image would make writable ones. A `parked` one is told
 * its program, arguments, working directory and standard input later. `seen` is where the engine's machine has a path of this one.
 */
export interface Shape {
  readonly name: string
  readonly facts: EngineFacts
  readonly image: { readonly id: string; readonly volumes: ReadonlyArray<string> }
  readonly labels: Readonly<Record<string, string>>
  readonly command: SandboxCommand
  readonly parked?: boolean
  readonly seen?: (path: string) => string
}

const MiB = 1 << 20
const inline = new Map<string, string>()

/** The file of the command's filter. */
export const profileOf = (command: SandboxCommand): string =>
  join(packageRoot, "seccomp", `${templateOf(command).profile}.json`)

const identical = (path: string) => path

/** Docker takes the profile itself, Podman a path on its own machine. */
const seccomp = ({ command, facts: { name }, seen = identical }: Shape): string => {
  const path = profileOf(command)
  if (name === "podman") return seen(path)
  const known = inline.get(path) ?? JSON.stringify(JSON.parse(readFileSync(path, "utf8")))
  inline.set(path, known)
  return known
}

/** Podman lays memory without a size over the last two under a read-only root, unless they are named. */
const memoryDirectories = ({ command, facts, image }: Shape): Record<string, string> => {
  const small = "rw,noexec,nosuid,nodev,size=16m,mode=1777"
  return {
    ...Object.fromEntries(image.volumes.map((directory) => [directory, small])),
    "/tmp": "rw,exec,nosuid,nodev,size=256m,mode=1777",
    // The first process has nobody to make it.
    ...templateOf(command).children ? {} : { "/tmp/home": small },
    ...facts.name === "podman" ? { "/var/tmp": small, "/run": "rw,noexec,nosuid,nodev,size=16m,mode=755" } : {}
  }
}

/**
 * Docker's own list, and before it all of /proc: whoever may write /proc/PID/mem needs no ptrace to change another process of the sandbox.
 * With SELinux the engine itself has to write there, after that. Podman has no way to be told.
 */
const readonlyPaths = ({ name, selinux }: EngineFacts) =>
  name === "podman" || selinux
    ? {}
    : { ReadonlyPaths: ["/proc", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] }

const exactly = (Name: string, value: number) => ({ Name, Soft: value, Hard: value })

/** Not the sandbox's share, which control groups bound: what one user may have on the whole machine, set since Podman asks for it. */
const nproc = 16_384

/** In a rootless engine the user who runs it is its uid 0; Podman can keep everybody's number. */
const identity = ({ command: { user }, facts }: Shape) => {
  if (!facts.rootless) return { User: `${user.uid}:${user.gid}` }
  return facts.name === "podman"
    ? { User: `${user.uid}:${user.gid}`, UsernsMode: "keep-id" }
    : { User: "0:0" }
}

/** The engine's request for one container, with nothing in it that the command or the image can soften. */
export const createOptions = (shape: Shape): Dockerode.ContainerCreateOptions => {
  const { command, facts, image, labels, name, parked = false } = shape
  const { enforced } = facts
  const { limits } = command
  const { User, UsernsMode } = { UsernsMode: undefined, ...identity(shape) }
  const env = { ...command.env, HOME: "/tmp/home", TMPDIR: "/tmp", LANG: "C.UTF-8" }
  const stdin = parked || command.stdin !== undefined
  return {
    name,
    Image: image.id,
    Hostname: "sandbox",
    User,
    WorkingDir: parked ? "/" : command.cwd,
    Entrypoint: [...(parked ? parkedProcess : firstProcess)(command, facts)],
    Cmd: [],
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...labels },
    // Podman would ask systemd about a timer for it, even so.
    ...facts.name === "docker" ? { Healthcheck: { Test: ["NONE"] } } : {},
    StopSignal: "SIGKILL",
    // Spares the engine a network to make and unmake; with the next line there is none either way.
    NetworkDisabled: true,
    AttachStdin: stdin,
    OpenStdin: stdin,
    StdinOnce: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    HostConfig: {
      NetworkMode: "none",
      ReadonlyRootfs: true,
      ...readonlyPaths(facts),
      Privileged: false,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges", `seccomp=${seccomp(shape)}`],
      IpcMode: "private",
      ...UsernsMode === undefined ? {} : { UsernsMode },
      ShmSize: 64 * MiB,
      Tmpfs: memoryDirectories(shape),
      ...mountOptions(facts, command.mounts, name, shape.seen),
      LogConfig: { Type: "none", Config: {} },
      ...enforced.memory ? { Memory: limits.memoryBytes, MemorySwap: limits.memoryBytes } : {},
      ...enforced.processes ? { PidsLimit: maxTasks(limits) } : {},
      ...enforced.cpu ? { NanoCpus: facts.processors * 1e9 } : {},
      Ulimits: [
        exactly("core", 0),
        exactly("nofile", openFiles),
        exactly("fsize", limits.fileBytes),
        ...facts.name === "podman" ? [exactly("nproc", nproc)] : []
      ],
      AutoRemove: false
    }
  }
}
