import { assert, describe, it } from "@effect/vitest"
import Dockerode from "dockerode"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Sandbox } from "../../../../src/Sandbox.ts"
import { connect } from "../../../../src/Sandbox/container/Engine.ts"
import { baseImageName } from "../../../../src/Sandbox/container/image.ts"
import { baseImageLabel } from "../../../../src/Sandbox/container/KernelMark.ts"
import { tar } from "../../../../src/Sandbox/container/tar.ts"
import * as Docker from "../../../../src/Sandbox/Docker.ts"
import * as Podman from "../../../../src/Sandbox/Podman.ts"
import { engineElsewhere } from "../../../support/elsewhere.ts"
import { makeEngineProxy } from "../../../support/engineProxy.ts"
import { requireEngine, startKernel } from "../../../support/engines.ts"
import { command, stage, text, users } from "../../../support/sandbox.ts"

const user = users.at(-1)!
const session = `test-elsewhere-${process.pid}`

/** Every path with its kind, mode, owner, link target and content, whatever bytes its name has. */
const tree = (root: string) =>
  execFileSync("python3", [
    "-c",
    `import hashlib,os,sys,stat
def walk(d):
  for n in sorted(os.listdir(d)):
    p=os.path.join(d,n); s=os.lstat(p); k=stat.S_IFMT(s.st_mode)
    c=os.readlink(p) if k==stat.S_IFLNK else hashlib.sha256(open(p,'rb').read()).hexdigest() if k==stat.S_IFREG else ''
    print(p[len(sys.argv[1].encode()):], oct(s.st_mode), s.st_uid, s.st_gid, c)
    if k==stat.S_IFDIR: walk(p)
walk(sys.argv[1].encode())`,
    root
  ], { encoding: "utf8" })

const mutations = `
  echo new > made; mkdir -p deep/er; echo x > deep/er/file; echo changed > src/a; rm src/b; mv src/c src/moved; chmod 755 src/d
  ln -s ../src/a deep/link; ln -s /etc/passwd out; rm -r dir; echo file > dir; rm file; mkdir file; echo in > file/in
  ln src/a hard; printf x > "$(printf 'n\\377\\n\\001 ')"; printf y > é; rm -r whole; mkdir whole; rm link; echo plain > link
  ln -sfn elsewhere target; mv tree renamed; truncate -s 3000000 sparse; head -c 2000000 /dev/urandom > /dev/null; : > empty
  mkdir -p "$(printf 'long%.0s' $(seq 60))"; touch "$(printf 'long%.0s' $(seq 60))/$(printf 'name%.0s' $(seq 60))"
  chmod 000 secret; chmod 500 closed; mkfifo pipe; chmod u+s src/d
`

const filled = (root: string) => {
  for (const directory of ["src", "dir", "whole", "tree/below", "closed"]) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  for (
    const file of ["src/a", "src/b", "src/c", "src/d", "dir/x", "file", "whole/y", "tree/below/z", "secret", "closed/w"]
  ) {
    writeFileSync(join(root, file), `${file}\n`)
  }
  symlinkSync("src/a", join(root, "link"))
  symlinkSync("src", join(root, "target"))
  spawnSync("chown", ["-Rh", `${user.uid}:${user.gid}`, root])
}

const rooted = process.getuid!() === 0
describe.each((["docker", "podman"] as const).filter((name) => requireEngine(name) && rooted))(
  "Sandbox/container/copied with a %s that does not see this machine's files",
  (name) => {
    const module = name === "docker" ? Docker : Podman

    it.scopedLive("runs commands there all the same, exactly as here", () =>
      Effect.gen(function*() {
        const socket = yield* engineElsewhere(name)
        // What it was started with is there; Podman's two services share their images.
        if (name === "docker") {
          const engine = yield* Effect.promise(() => connect({ socketPath: socket }))
          const before = [baseImageName(name), [`LABEL ${baseImageLabel}`]] as const
          yield* Effect.promise(() => engine.importImage(tar(["--files-from=/dev/null"]), ...before))
          yield* module.buildImage({ socket })
          assert.deepStrictEqual(yield* Effect.promise(() => engine.namelessImages(baseImageLabel)), [])
          assert.strictEqual((yield* Effect.promise(() => engine.image(baseImageName(name)))).layers, 1)
        }
        const proxy = yield* makeEngineProxy(socket)
        const docker = new Dockerode({ socketPath: socket })
        const left = async () => {
          const filters = { label: [`fluffy.session=${session}`] }
          const { Volumes } = await docker.listVolumes({ filters })
          return [...await docker.listContainers({ all: true, filters }), ...Volumes ?? []].length
        }
        yield* Effect.gen(function*() {
          const sandbox = yield* Sandbox
          const { usable, warnings } = yield* sandbox.probe
          assert.deepStrictEqual([usable, warnings.some((one) => one.includes("copied there and back"))], [true, true])

          // What a command may do to its stage.
          const [root, native] = [yield* stage(user), join(dirname(yield* stage(user)), "native")]
          filled(root)
          cpSync(root, native, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
          spawnSync("chown", ["-Rh", `${user.uid}:${user.gid}`, native])
          spawnSync("sh", ["-c", mutations], { cwd: native, ...user })
          const at = (line: readonly [string, ...ReadonlyArray<string>], options: Parameters<typeof command>[1] = {}) =>
            command(line, { user, cwd: "/srv/p", mounts: [{ source: root, target: "/srv/p", mode: "rw" }], ...options })
          const mutated = yield* sandbox.run(at(["sh", "-c", mutations]))
          assert.deepStrictEqual([mutated.exitCode, text(mutated.stderr)], [0, ""])
          assert.strictEqual(tree(root), tree(native))

          // And the next one sees what is here now, not what the last left there.
          spawnSync("rm", ["-r", join(root, "deep"), join(root, "pipe")])
          writeFileSync(join(root, "made"), "by the kernel")
          const seen = yield* sandbox.run(at(["sh", "-c", "cat made; ls -d deep pipe; ls | wc -l"]))
          assert.strictEqual(text(seen.stdout), `by the kernel${readdirSync(root).length + 1}\n`)

          // Read-only trees and files stay so; a changed one is seen.
          const dependencies = yield* stage(user)
          writeFileSync(join(dependencies, "package"), "1")
          mkdirSync(join(root, "node_modules"))
          const mounts = [
            { source: root, target: "/srv/p", mode: "rw" },
            { source: join(root, "src"), target: "/srv/p/src", mode: "rw" },
            { source: join(root, "src/a"), target: "/srv/p/src/a", mode: "ro" },
            { source: dependencies, target: "/srv/p/node_modules", mode: "ro" }
          ] as const
          const hold =
            "cat node_modules/package; for f in node_modules/x src/a; do (echo x > $f) 2>/dev/null && echo $f; done; " +
            "rm -f src/a 2>/dev/null; mv src source 2>/dev/null; cat src/a; echo y > src/new"
          const held = (yield* sandbox.run(at(["sh", "-c", hold], { mounts }))).stdout
          assert.strictEqual(text(held), "1changed\n")
          assert.strictEqual(readFileSync(join(root, "src/new"), "utf8"), "y\n")
          writeFileSync(join(dependencies, "package"), "2")
          assert.strictEqual(text((yield* sandbox.run(at(["cat", "node_modules/package"], { mounts }))).stdout), "2")
          assert.deepStrictEqual(readdirSync(dependencies), ["package"])

          // Too much to take back: nothing of it is.
          const before = tree(root)
          const flood = at(["sh", "-c", "echo x > made; head -c 30000000 /dev/zero > big"], {
            limits: { diskBytes: 9 << 20 }
          })
          assert.include((yield* Effect.flip(sandbox.run(flood))).message, "bytes to copy back")
          const up = yield* Deferred.make<void>()
          const onOutput = () => Deferred.unsafeDone(up, Effect.void)
          const fiber = yield* Effect.fork(sandbox.run(at(["sh", "-c", "echo x > made; echo; sleep 99"], { onOutput })))
          yield* Deferred.await(up)
          yield* Fiber.interrupt(fiber)
          assert.strictEqual(tree(root), before)

          // A time limit ends it as here: what was done till then is there.
          const late = yield* sandbox.run(at(["sh", "-c", "echo x > late; sleep 99"], { limits: { timeoutMs: 3000 } }))
          assert.deepStrictEqual([late.ended, readFileSync(join(root, "late"), "utf8")], ["timeout", "x\n"])
        }).pipe(Effect.provide(Layer.orDie(module.layer({ socket: proxy.socket, session }))))
        assert.strictEqual(yield* Effect.promise(left), 0)

        // A killed kernel's volumes are found like its containers.
        const root = yield* stage(user)
        const reached = yield* makeEngineProxy(socket)
        reached.fate = (call) => call === "PUT containers/ID/archive" ? "lose" : "pass"
        const kernel = startKernel({ engine: name, socket: reached.socket, session, root, line: ["true"] })
        yield* Deferred.await(reached.reached)
        kernel.kill("SIGKILL")
        yield* Effect.promise(() => new Promise((resolve) => kernel.once("exit", resolve)))
        assert.isAbove(yield* Effect.promise(left), 1)
        yield* module.prune({ socket })
        assert.strictEqual(yield* Effect.promise(left), 0)
      }), 300_000)
  }
)
