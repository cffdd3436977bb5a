import { Effect } from "effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SandboxCommand } from "../../../src/Sandbox.ts"

/** A host with something to lose: what the commands are after, and what must be as it was when they are done. */
export interface Scene {
  readonly marker: string
  readonly directory: string
  readonly project: string
  readonly readonly: string
  readonly given: Readonly<Record<string, unknown>>
}

const credentials = [
  "/.aws",
  "/.config/gcloud",
  "/.kube",
  "/.docker",
  "/.netrc",
  "/.npmrc",
  "/.git-credentials",
  "/.gnupg"
]
const sockets = ["/run/*.sock", "/run/*/*.sock", "/var/run/*.sock", "/run/user/*/*.sock", "/run/user/*/*/*.sock"]

const listening = (address: string | number) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createServer>>((resume) => {
      const server = createServer().listen(address, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )

const portOf = (server: ReturnType<typeof createServer>): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** Nobody but root may look into a secret place; whoever runs the sandbox must be able to pass through it. */
const directories = (user: SandboxCommand["user"], marker: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), `${marker}-`)))
      fs.chmodSync(directory, 0o711)
      const [project, readonly] = [join(directory, "stage"), join(directory, "readonly")]
      for (const path of [project, readonly]) fs.mkdirSync(path)
      fs.chownSync(project, user.uid, user.gid)
      fs.writeFileSync(join(readonly, "kept"), "kept")
      fs.copyFileSync("/usr/bin/id", join(readonly, "id"))
      fs.chmodSync(join(readonly, "id"), 0o4755)
      fs.writeFileSync(join(directory, "secret"), "secret")
      return { directory, project, readonly }
    }),
    ({ directory }) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
  )

/** A process of the host's that no command may end. */
const bystander = Effect.acquireRelease(
  Effect.sync(() => spawn("sleep", ["3600"], { stdio: "ignore", env: {} })),
  (child) => Effect.sync(() => child.kill("SIGKILL"))
)

const tables = JSON.parse(fs.readFileSync(new URL("../../../seccomp/syscalls.json", import.meta.url), "utf8")) as {
  readonly [architecture: string]: Readonly<Record<string, number>>
}

/** People's accounts on this machine, but for our own: a rootless Podman tells that name. */
const accounts = (): ReadonlyArray<string> =>
  fs.readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
    .filter(([, , uid]) => Number(uid) >= 1000 && Number(uid) < 65_000 && Number(uid) !== process.getuid!()).map((
      [name]
    ) => name!)

/** Makes the scene for one runtime; it goes with the scope. */
export const makeScene = (user: SandboxCommand["user"], marker: string) =>
  Effect.gen(function*() {
    const place = yield* directories(user, marker)
    const server = yield* listening(0)
    yield* listening(`\0${marker}`)
    yield* listening(join(place.directory, "socket"))
    const child = yield* bystander
    const needle = `${marker}-outside`
    process.env["FLUFFY_HOSTILE_NEEDLE"] = needle
    return {
      marker,
      ...place,
      given: {
        calls: tables[process.arch],
        host: place.directory,
        secret: join(place.directory, "secret"),
        socket: join(place.directory, "socket"),
        abstract: marker,
        needle,
        marker,
        port: portOf(server),
        pid: child.pid,
        accounts: accounts(),
        credentials,
        sockets
      }
    } satisfies Scene
  })

/** What of the machine and the scene no command may change. */
export const stateOf = ({ directory, given, marker, readonly }: Scene) => ({
  pattern: fs.readFileSync("/proc/sys/kernel/core_pattern", "utf8"),
  hostname: fs.readFileSync("/proc/sys/kernel/hostname", "utf8"),
  null: fs.statSync("/dev/null").mode,
  zero: fs.statSync("/dev/zero").uid,
  planted: fs.readdirSync("/dev").filter((name) => name.includes(marker)),
  hosts: fs.readFileSync("/etc/hosts", "utf8"),
  readonly: fs.readdirSync(readonly).map((name) => [name, fs.statSync(join(readonly, name)).mode]),
  kept: fs.readFileSync(join(readonly, "kept"), "utf8"),
  around: fs.readdirSync(directory),
  bystander: fs.existsSync(`/proc/${String(given["pid"])}/exe`),
  mounts: fs.readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) => line.includes(marker))
})
