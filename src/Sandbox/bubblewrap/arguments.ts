import type { Mount } from "../SandboxCommand.ts"
import { devices } from "./devices.ts"
import type { HostSystem } from "./hostSystem.ts"

/** The one user inside; outside it is the owner of the writable mounts. */
const inside = { uid: 1000, gid: 1000 } as const

/** Where descriptors lie in the started program: the first three are the command's. */
export const descriptors = { arguments: 3, status: 4, seccomp: 5, gate: 6, firstFile: 7 } as const

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
const shmBytes = 64 << 20
const tmpBytes = 256 << 20

/** Everything that shapes one sandbox. `toolchains` are host directories or files shown read-only, `programs` their PATH entries. */
export interface Shape {
  readonly host: HostSystem
  readonly toolchains: ReadonlyArray<string>
  readonly programs: { readonly first: ReadonlyArray<string>; readonly last: ReadonlyArray<string> }
  /** A directory of device nodes to lay over the host's own. */
  readonly devices: string | undefined
  readonly mounts: ReadonlyArray<Mount>
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

// An overlay is laid over its own upper directory before bwrap starts.
const mounting = (mount: Mount): ReadonlyArray<string> =>
  mount.mode === "overlay"
    ? ["--bind", mount.upper, mount.target]
    : [mount.mode === "rw" ? "--bind" : "--ro-bind", mount.source, mount.target]

/** bwrap's options, in the order it acts on them; what isolates comes before what shows. */
export const sandboxArguments = (shape: Shape): ReadonlyArray<string> => {
  const { host, mounts, programs, toolchains } = shape
  const env = {
    ...shape.env,
    PATH: [...programs.first, systemPath, ...programs.last].join(":"),
    HOME: "/tmp/home",
    TMPDIR: "/tmp",
    LANG: "C.UTF-8"
  }
  const shown = (path: string) => ["--ro-bind", path, path]
  return [
    ...["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup"],
    ...["--disable-userns", "--die-with-parent", "--new-session", "--cap-drop", "ALL"],
    ...["--uid", String(inside.uid), "--gid", String(inside.gid), "--hostname", "sandbox", "--clearenv"],
    ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
    ...host.directories.flatMap(shown),
    ...host.links.flatMap(({ path, to }) => ["--symlink", to, path]),
    ...host.files.flatMap((
      { target },
      at
    ) => ["--perms", "0444", "--file", String(descriptors.firstFile + at), target]),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...shape.devices === undefined
      ? []
      : devices.flatMap((name) => ["--dev-bind", `${shape.devices}/${name}`, `/dev/${name}`]),
    ...["--perms", "1777", "--size", String(shmBytes), "--tmpfs", "/dev/shm"],
    ...["--perms", "1777", "--size", String(tmpBytes), "--tmpfs", "/tmp", "--dir", "/tmp/home"],
    ...toolchains.flatMap(shown),
    ...mounts.flatMap(mounting),
    ...["--chdir", shape.cwd],
    // Run by root, /proc/sys would be writable without any capability: procfs looks at the host's uid.
    ...["/proc", "/dev", "/"].flatMap((path) => ["--remount-ro", path])
  ]
}

/**
 * The program line: what is not in it is in the argument descriptor, so that /proc/1/cmdline names nothing of the host. The command
 * begins when a byte comes through the gate.
 */
export const programLine = (command: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...["--block-fd", String(descriptors.gate), "--args", String(descriptors.arguments)],
  ...["--json-status-fd", String(descriptors.status), "--seccomp", String(descriptors.seccomp), "--", ...command]
]
