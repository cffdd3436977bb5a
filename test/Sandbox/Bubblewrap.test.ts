import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Sandbox } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { requireRuntime } from "../support/require.ts"
import { run, stage, text, users } from "../support/sandbox.ts"

describe("Sandbox/Bubblewrap without bwrap", () => {
  it.live("does not build, and says what to type", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(run(["true"]), Bubblewrap.layer({ program: "/nonexistent/bwrap" }))
      )
      assert.strictEqual(error._tag, "SandboxUnavailable")
      assert.include(error.message, "bwrap is not installed")
      assert.match(error.message, /To mend it: .*bubblewrap/)
    }))

  it.live("built lazily, fails every command in the same way", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run(["true"]))
      assert.strictEqual(error._tag, "SandboxUnavailable")
      const probe = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
      assert.deepStrictEqual([probe.usable, probe.detail], [false, "bwrap is not installed"])
    }).pipe(Effect.provide(Bubblewrap.layerLazy({ program: "/nonexistent/bwrap" }))))

  it.scopedLive("refuses a bwrap that is too old or cannot make a sandbox", () =>
    Effect.gen(function*() {
      const root = yield* stage(users[0]!)
      const program = join(root, "bwrap")
      const fake = (version: string) => {
        writeFileSync(program, `#!/bin/sh\n[ "$1" = --version ] && echo "bubblewrap ${version}" && exit\n`)
        writeFileSync(program, "echo 'bwrap: No permissions to create new namespace' >&2; exit 1\n", { flag: "a" })
        chmodSync(program, 0o755)
        return Effect.flip(Effect.provide(run(["true"]), Bubblewrap.layerLazy({ program })))
      }
      assert.include((yield* fake("0.6.1")).message, "bubblewrap 0.6.1 is too old, 0.8 or later is needed")
      assert.include((yield* fake("0.11.0")).message, "No permissions to create new namespace")
      // One that says nothing and runs nothing is no sandbox either.
      writeFileSync(program, "#!/bin/sh\n[ \"$1\" = --version ] && echo 'bubblewrap 0.9.0'\nexit 0\n")
      const silent = yield* Effect.flip(Effect.provide(run(["true"]), Bubblewrap.layerLazy({ program })))
      assert.strictEqual(silent._tag, "SandboxUnavailable")
    }))
})

if (requireRuntime("bubblewrap")) {
  describe("Sandbox/Bubblewrap", () => {
    const provide = Effect.provide(Bubblewrap.layerLazy())

    it.live("is built, and probed in under a second", () =>
      Effect.gen(function*() {
        const { detail, remedy, usable } = yield* Effect.flatMap(Sandbox, (sandbox) => sandbox.probe)
        assert.isTrue(usable)
        assert.match(detail, /^bubblewrap \d+\.\d+/)
        assert.isUndefined(remedy)
      }).pipe(Effect.provide(Bubblewrap.layer()), Effect.timeout("1 second")))

    it.scopedLive.each(users)(
      "shows user $uid mounts at project paths, parents first, some below /tmp",
      (user) =>
        Effect.gen(function*() {
          const root = yield* stage(user)
          const [outer, inner, file] = [join(root, "outer"), join(root, "inner"), join(root, "file")]
          for (const directory of [outer, inner, join(outer, "node_modules")]) mkdirSync(directory)
          for (const directory of [outer, inner]) chmodSync(directory, 0o777)
          writeFileSync(join(inner, "package"), "dependency")
          writeFileSync(file, "one file")
          writeFileSync(join(outer, ".env"), "hidden by a mount")
          const result = yield* run(
            [
              "sh",
              "-c",
              "cat node_modules/package /home/u/x/file .env; echo > made; echo > node_modules/no; echo > .env"
            ],
            {
              user,
              cwd: "/tmp/x/project",
              mounts: [
                { source: inner, target: "/tmp/x/project/node_modules", mode: "ro" },
                { source: file, target: "/tmp/x/project/.env", mode: "ro" },
                { source: file, target: "/home/u/x/file", mode: "ro" },
                { source: outer, target: "/tmp/x/project", mode: "rw" }
              ]
            }
          )
          assert.strictEqual(text(result.stdout), "dependencyone fileone file")
          assert.deepStrictEqual(text(result.stderr).match(/Read-only file system/g)?.length, 2)
          assert.deepStrictEqual(readdirSync(outer).sort(), [".env", "made", "node_modules"])
          assert.deepStrictEqual(readdirSync(inner), ["package"])
        }).pipe(provide)
    )

    it.scopedLive("refuses mounts that would show more than a project", () =>
      Effect.gen(function*() {
        const root = yield* stage(users[0]!)
        symlinkSync("/etc", join(root, "link"))
        const refuse = (source: string, target: string) =>
          run(["true"], { mounts: [{ source, target, mode: "ro" }] }).pipe(
            Effect.flip,
            Effect.map((error) => error.message)
          )
        assert.include(yield* refuse("/", "/srv/x"), "/ is never shown in a sandbox")
        assert.include(yield* refuse("/root", "/srv/x"), "/root is never shown in a sandbox")
        assert.include(yield* refuse("/var/run", "/srv/x"), "/var/run is never shown in a sandbox")
        assert.include(yield* refuse("/usr/../root", "/srv/x"), "must be absolute and plain")
        assert.include(yield* refuse("relative", "/srv/x"), "must be absolute and plain")
        assert.include(yield* refuse(join(root, "link"), "/srv/x"), "neither a directory nor a regular file")
        assert.include(yield* refuse("/dev/null", "/srv/x"), "neither a directory nor a regular file")
        assert.include(yield* refuse(join(root, "none"), "/srv/x"), "does not exist")
        for (const target of ["/", "/usr", "/etc", "/etc/passwd", "/proc/sys", "/dev/shm/x", "/tmp"]) {
          assert.include(yield* refuse(root, target), `${target} belongs to the sandbox itself`)
        }
      }).pipe(provide))

    it.live("takes nothing that could become one of its own options", () =>
      Effect.gen(function*() {
        const refuse = (options: Parameters<typeof run>[1], line: readonly [string, ...Array<string>] = ["true"]) =>
          Effect.map(Effect.flip(run(line, options)), (error) => error.message)
        assert.include(yield* refuse({ env: { A: "x\0--bind\0/\0/host" } }), "a NUL byte")
        assert.include(yield* refuse({ cwd: "/tmp\0--bind\0/\0/host" }), "a NUL byte")
        assert.include(yield* refuse({}, ["true", "a\0b"]), "a NUL byte")
        assert.include(
          yield* refuse({ mounts: [{ source: "/usr/lib", target: "/srv/x\0--bind\0/\0/host", mode: "ro" }] }),
          "absolute and plain"
        )
        assert.include(yield* refuse({ env: { LD_PRELOAD: "/tmp/x.so" } }), "may not set \"LD_PRELOAD\"")
        assert.include(yield* refuse({ env: { "A=B": "c" } }), "may not set \"A=B\"")
        assert.include(yield* refuse({ cwd: "tmp" }), "is not absolute")
        assert.include(yield* refuse({ limits: { memoryBytes: 0 } }), "memoryBytes is not a positive whole number")
      }).pipe(provide))

    it.live("says that the sandbox failed when it could not be set up", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(run(["true"], { cwd: "/no/such/directory" }))
        assert.strictEqual(error._tag, "SandboxFailed")
        assert.include(error.message, "/no/such/directory")
      }).pipe(provide))

    it.live("sets PATH, HOME, TMPDIR and LANG itself and passes on nothing else of the host", () =>
      Effect.gen(function*() {
        const result = yield* run(["env"], { env: { PATH: "/evil", HOME: "/root", GIVEN: "a b" } })
        const lines = text(result.stdout).trim().split("\n").filter((line) => !line.startsWith("PWD=")).sort()
        assert.deepStrictEqual(lines.map((line) => line.replace(/^PATH=.*usr\/bin.*$/, "PATH")), [
          "GIVEN=a b",
          "HOME=/tmp/home",
          "LANG=C.UTF-8",
          "PATH",
          "TMPDIR=/tmp"
        ])
      }).pipe(provide))

    it.live.each(users)("runs the host's toolchain for user $uid", (user) =>
      Effect.gen(function*() {
        const script =
          "node -e 'fetch(0).catch(() => console.log(process.version))' && git init -q r && git -C r status -s" +
          " && python3 -c 'import subprocess, threading; print(subprocess.check_output([\"id\", \"-un\"]).decode())'"
        const result = yield* run(["sh", "-c", script], { user })
        assert.strictEqual(text(result.stderr), "")
        assert.strictEqual(text(result.stdout).trim(), `${process.version}\nfluffy`)
      }).pipe(provide))

    it.scopedLive("shows the toolchains of the configured PATH, after the system's own", () =>
      Effect.gen(function*() {
        const root = yield* stage(users[0]!)
        const bin = join(root, "versions", "1.2.3", "bin")
        mkdirSync(bin, { recursive: true })
        writeFileSync(join(bin, "deno"), "#!/bin/sh\necho from the toolchain\n")
        chmodSync(join(bin, "deno"), 0o755)
        const provider = ConfigProvider.fromMap(new Map([["PATH", `/usr/bin:${bin}`]]))
        const layer = Layer.provide(Bubblewrap.layerConfig, Layer.setConfigProvider(provider))
        const result = yield* Effect.provide(run(["sh", "-c", `deno; echo $PATH; ls ${root}; touch ${bin}/x`]), layer)
        const [said, path, seen] = text(result.stdout).split("\n")
        assert.deepStrictEqual([said, path?.endsWith(`:${bin}`), seen], ["from the toolchain", true, "versions"])
        assert.include(text(result.stderr), "Read-only file system")
      }))

    it.live("runs many commands at a time, each alone in its namespaces", () =>
      Effect.gen(function*() {
        const script = "echo $1 > /tmp/x; sleep 0.05; cat /tmp/x; ls /proc | grep -c '^[0-9]'"
        const results = yield* Effect.forEach(
          [1, 2, 3, 4, 5, 6],
          (n) => run(["sh", "-c", script, "sh", String(n)]),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(results.map(({ stdout }) => text(stdout).split("\n")[0]), ["1", "2", "3", "4", "5", "6"])
        assert.deepStrictEqual(
          new Set(results.map(({ stdout }) => Number(text(stdout).split("\n")[1]) < 6)),
          new Set([true])
        )
      }).pipe(provide))
  })
}
