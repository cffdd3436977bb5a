import { Effect, type Scope } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { packageRoot } from "../../src/internal/PackageRoot.ts"

const hidden = ["/tmp", "/dev/shm", "/var/tmp", packageRoot]

const commands = {
  docker: (home: string) => [
    ...["dockerd", `--host=unix://${home}/engine.sock`, `--data-root=${home}/data`, `--exec-root=${home}/exec`],
    ...[`--pidfile=${home}/dockerd.pid`, "--bridge=none", "--iptables=false", "--ip-forward=false"],
    // Where the machine's containerd is shared, its own containers are not.
    ...["--containerd-namespace=fluffy-elsewhere", "--containerd-plugins-namespace=fluffy-elsewhere-plugins"]
  ],
  podman: (home: string) => ["podman", "--runtime=runc", "system", "service", "--time=0", `unix://${home}/engine.sock`]
}

const answers = (socket: string) =>
  new Promise<boolean>((resolve) => {
    const knock = connect(socket)
    knock.once("connect", () => resolve(true)).once("error", () => resolve(false)).once(
      "connect",
      () => knock.destroy()
    )
  })

/**
 * A real engine of its own that does not see this machine's files: it runs in a mount namespace where other, empty directories lie over
 * those of stages and of this package. Its socket; gone with the scope, which waits for the end of the engine.
 */
export const engineElsewhere = (name: "docker" | "podman"): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const home = mkdtempSync("/var/lib/fluffy-elsewhere-")
      const script = `for d in ${
        hidden.join(" ")
      }; do mkdir -p "$d" && mount -t tmpfs tmpfs "$d" || exit 1; done; cd /; exec "$@"`
      writeFileSync(join(home, "start"), script)
      const log = openSync(join(home, "log"), "w")
      const engine = spawn("unshare", ["--mount", "sh", join(home, "start"), ...commands[name](home)], {
        stdio: ["ignore", log, log],
        cwd: "/"
      })
      const socket = join(home, "engine.sock")
      for (let tries = 0; tries < 300 && !await answers(socket); tries++) {
        if (engine.exitCode !== null) {
          const said = readFileSync(join(home, "log"), "utf8").slice(-2000)
          rmSync(home, { recursive: true, force: true })
          throw new Error(`this engine does not start: ${said}`)
        }
        await pause(100)
      }
      return { home, engine, socket }
    }),
    ({ engine, home }) =>
      Effect.promise(async () => {
        const ended = once(engine, "exit")
        engine.kill("SIGTERM")
        await ended
        spawnSync("umount", ["--recursive", "--quiet", join(home, "data"), join(home, "exec")])
        rmSync(home, { recursive: true, force: true })
      })
  ).pipe(Effect.map(({ socket }) => socket))
