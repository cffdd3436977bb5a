import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { templates } from "../../src/Sandbox.ts"
import { attachTo } from "../../src/Sandbox/container/attached.ts"
import { attend } from "../../src/Sandbox/container/attend.ts"
import { archive } from "../../src/Sandbox/container/baseImage/archive.ts"
import { machineFiles } from "../../src/Sandbox/container/baseImage/machine.ts"
import { createOptions } from "../../src/Sandbox/container/createOptions.ts"
import { demux } from "../../src/Sandbox/container/demux.ts"
import { type EngineFacts, factsOf, warningsOf } from "../../src/Sandbox/container/EngineFacts.ts"
import { exitOf } from "../../src/Sandbox/container/exitOf.ts"
import { find } from "../../src/Sandbox/container/find.ts"
import { isOrphan, labels, machine, markOf } from "../../src/Sandbox/container/KernelMark.ts"
import { isLocal } from "../../src/Sandbox/container/localImage.ts"
import { unspeakable } from "../../src/Sandbox/container/mountOptions.ts"
import { dockerSockets, podmanSockets, socketProblem } from "../../src/Sandbox/container/sockets.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { command, run, stage, text, users } from "../support/sandbox.ts"

const info = { MemoryLimit: true, PidsLimit: true, CpuCfsQuota: true, NCPU: 4 }
const podman = "Libpod/4.3.1 (linux)"
const engines: Record<string, EngineFacts> = {
  docker: factsOf({ ...info, CgroupVersion: "2", SecurityOptions: ["name=seccomp"] }, "Docker/20.10.24 (linux)"),
  "rootless docker": factsOf(
    { ...info, CgroupVersion: "2", SecurityOptions: ["name=rootless"] },
    "Docker/27.0.1 (linux)"
  ),
  podman: factsOf({ ...info, CgroupVersion: "1" }, podman),
  "rootless podman": factsOf({ ...info, CgroupVersion: "1", Rootless: true }, podman)
}

const optionsFor = (facts: EngineFacts, options: Parameters<typeof command>[1] = {}) =>
  createOptions({
    name: "c",
    facts,
    image: { id: "sha256:1", volumes: ["/data"] },
    labels: { [labels.kernel]: "k" },
    command: command(["true"], { user: { uid: 1500, gid: 1501 }, ...options })
  })

const paths = (facts: EngineFacts): ReadonlyArray<string> | undefined =>
  (optionsFor(facts).HostConfig as { readonly ReadonlyPaths?: ReadonlyArray<string> }).ReadonlyPaths

describe("Sandbox/container", () => {
  for (const module of [Docker, Podman]) {
    const { backend } = module.dialect
    it.live(`says where it looked when no ${backend} answers, and what to type`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(run(["true"]), module.layer({ socket: "/nonexistent/s.sock" })))
        assert.strictEqual(error._tag, "SandboxUnavailable")
        assert.include(error.message, `No sandbox: ${backend} is not usable (no engine answers: /nonexistent/s.sock: `)
        assert.include(error.message, `To mend it: set ${module.dialect.variable} to the address`)
        const nowhere = { ...module.dialect, sockets: () => ["/nonexistent/s.sock"] }
        assert.strictEqual((yield* Effect.flip(find(nowhere, {}))).remedy, module.dialect.remedy)
      }))

    it.live(`says who may speak to ${backend} where this account may not`, () =>
      Effect.gen(function*() {
        const nowhere = { ...module.dialect, sockets: () => ["/nonexistent/connect EACCES"] }
        assert.include((yield* Effect.flip(find(nowhere, {}))).remedy, "ask for access to the engine")
      }))

    it.live(`refuses a ${backend} on another machine without TLS`, () =>
      Effect.gen(function*() {
        const lazy = module.layerLazy({ socket: "tcp://192.0.2.1:2375" })
        assert.include((yield* Effect.flip(Effect.provide(run(["true"]), lazy))).message, "is spoken to by TLS only")
      }))
  }

  it.scopedLive("looks for Docker where its client's context points first", () =>
    Effect.gen(function*() {
      const home = yield* stage(users[0]!)
      const meta = join(home, ".docker/contexts/meta", createHash("sha256").update("mine").digest("hex"))
      mkdirSync(meta, { recursive: true })
      writeFileSync(join(home, ".docker/config.json"), JSON.stringify({ currentContext: "mine" }))
      writeFileSync(join(meta, "meta.json"), JSON.stringify({ Endpoints: { docker: { Host: "unix:///x/d.sock" } } }))
      assert.deepStrictEqual(dockerSockets({ home, runtimeDirectory: "/run/user/7" }).slice(0, 3), [
        "unix:///x/d.sock",
        "/var/run/docker.sock",
        "/run/user/7/docker.sock"
      ])
      writeFileSync(join(home, ".docker/config.json"), "{ not JSON")
      assert.strictEqual(dockerSockets({ home })[0], "/var/run/docker.sock")
      assert.deepStrictEqual(dockerSockets({ home, socket: "/only" }), ["/only"])
      assert.deepStrictEqual(podmanSockets({ runtimeDirectory: "/run/user/7" }), [
        "/run/user/7/podman/podman.sock",
        "/run/podman/podman.sock"
      ])
    }))

  it.scopedLive("uses no engine of somebody else's that nobody named", () =>
    Effect.gen(function*() {
      const own = process.getuid!()
      const uid = own === 0 ? 4321 : own
      const socket = join(yield* stage(users[0]!), "engine.sock")
      writeFileSync(socket, "")
      spawnSync("chown", [`${uid}`, socket])
      assert.deepStrictEqual([socketProblem(socket, uid), socketProblem("/", uid)], [undefined, undefined])
      assert.include(socketProblem(socket, uid + 1), `it belongs to user ${uid}; set DOCKER_HOST or CONTAINER_HOST`)
      const looking = { ...Podman.dialect, sockets: () => [socket] }
      const found = (yield* Effect.flip(find(looking, {}))).detail
      assert.include(found, uid === own ? "ECONNREFUSED" : "it belongs to user")
      assert.include((yield* Effect.flip(find(looking, { socket }))).detail, "ECONNREFUSED")
      assert.isFalse(yield* isLocal(looking, {}, "fluffy-base"))
    }))

  it.live("gives up a container that its engine cannot kill", () =>
    Effect.gen(function*() {
      const kills: Array<string> = []
      const never = new Promise<never>(() => {})
      const engine = {
        attach: () => Promise.resolve(new PassThrough()),
        exit: () => never,
        state: () => Promise.resolve({ running: true, exitCode: 0, outOfMemory: false, pid: 0 }),
        kill: (id: string) => {
          kills.push(id)
          return Promise.reject(new Error("the engine is gone"))
        }
      }
      const attached = yield* Effect.promise(() => attachTo(engine as never, engines["docker"]!, "c", false))
      const attended = {
        engine: engine as never,
        facts: engines["docker"]!,
        id: "c",
        attached,
        begin: () => Promise.resolve(),
        command: command(["true"], { limits: { timeoutMs: 20 } })
      }
      const error = yield* Effect.flip(
        Effect.tryPromise((signal) => attend(attended, signal, { goneWithinMs: 300, killAgainMs: 50 }))
      )
      assert.include(String(error.cause), "does not end within 300 ms")
      assert.isAbove(kills.length, 1)
    }))

  it.live("sees the end of a container that had ended before Docker waited for it", () =>
    Effect.gen(function*() {
      const engine = {
        exit: () => new Promise<never>(() => {}),
        state: () => Promise.resolve({ running: false, exitCode: 3, outOfMemory: false, pid: 0 })
      }
      const facts = engines["docker"]!
      const code = yield* Effect.promise((signal) => exitOf(engine as never, facts, "c", Promise.resolve(), signal))
      assert.strictEqual(code, 3)
    }))

  it("hardens every container on every engine alike", () => {
    for (const facts of Object.values(engines)) {
      const { Cmd, Entrypoint, HostConfig, NetworkDisabled, User } = optionsFor(facts)
      assert.deepInclude(HostConfig, {
        NetworkMode: "none",
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ["ALL"],
        IpcMode: "private",
        LogConfig: { Type: "none", Config: {} }
      })
      assert.isTrue(NetworkDisabled)
      assert.strictEqual(paths(facts)?.includes("/proc"), facts.name === "docker" || undefined)
      assert.include(HostConfig!.SecurityOpt!, "no-new-privileges")
      assert.isTrue(
        HostConfig!.SecurityOpt!.some((option: string) =>
          /^seccomp=(\{"defaultAction|\/.*standard\.json$)/.test(option)
        )
      )
      assert.strictEqual(User, facts.name === "docker" && facts.rootless ? "0:0" : "1500:1501")
      assert.deepStrictEqual([Entrypoint?.at(-1), Cmd], ["true", []])
      for (const [place, options] of Object.entries(HostConfig!.Tmpfs as Record<string, string>)) {
        assert.match(options, /nosuid,nodev,size=\d+m/, place)
      }
      assert.property(HostConfig!.Tmpfs, "/data")
      assert.notInclude(JSON.stringify(HostConfig), ".sock")
    }
  })

  it("leaves /proc as it is where SELinux labels are written there", () => {
    const facts = factsOf({ ...info, SecurityOptions: ["name=seccomp", "name=selinux"] }, "Docker/20.10.24 (linux)")
    assert.isUndefined(paths(facts))
  })

  it("gives every engine the profile of the command's template, and strict a shell that stays alone", () => {
    for (const [template, { profile }] of Object.entries(templates)) {
      const file = join(packageRoot, "seccomp", `${profile}.json`)
      const content = JSON.stringify(JSON.parse(readFileSync(file, "utf8")))
      for (const [name, said] of [["podman", file], ["docker", content], ["rootless podman", file]] as const) {
        const { Entrypoint, HostConfig } = optionsFor(engines[name]!, { template: template as keyof typeof templates })
        assert.include(HostConfig!.SecurityOpt!, `seccomp=${said}`)
        assert.strictEqual("/tmp/home" in (HostConfig!.Tmpfs as object), template === "strict")
        assert.strictEqual(/mkdir|\(exec|sleep/.test(String(Entrypoint![2])), template !== "strict")
      }
    }
  })

  it("knows an engine by what its server calls itself, whoever asked for it", () => {
    const names = Object.values(engines).map(({ name, rootless, version }) => [name, version, rootless])
    assert.deepStrictEqual(names, [
      ["docker", "20.10.24", false],
      ["docker", "27.0.1", true],
      ["podman", "4.3.1", false],
      ["podman", "4.3.1", true]
    ])
    assert.strictEqual(factsOf({}, "").version, "of unknown version")
  })

  it("puts limits in the first process where an engine drops them, and nowhere else", () => {
    const script = (name: string) => String(optionsFor(engines[name]!).Entrypoint![2])
    assert.match(script("rootless podman"), /ulimit -f 204800 \|\| exit 125/)
    for (const name of ["docker", "rootless docker", "podman"]) assert.notInclude(script(name), "ulimit")
    assert.strictEqual(optionsFor(engines["docker"]!).HostConfig!.Memory, 2 * 1024 ** 3)
    assert.isUndefined(optionsFor(engines["rootless podman"]!).HostConfig!.Memory)
    assert.deepStrictEqual(warningsOf(engines["podman"]!), [])
    assert.lengthOf(warningsOf(engines["rootless podman"]!), 3)
    assert.include(warningsOf(engines["rootless podman"]!)[0]!, "every 50 ms")
  })

  it("lets no path or variable become an option", () => {
    const mounts = [{ source: "/usr/lib,rw", target: "/srv/a:rw", mode: "ro" as const }]
    assert.include(unspeakable(engines["podman"]!, mounts), "/srv/a:rw")
    assert.isUndefined(unspeakable(engines["docker"]!, mounts))
    const { Env } = optionsFor(engines["docker"]!, { env: { HOME: "/root", TMPDIR: "/x", A: "1\nB=2" } })
    assert.deepStrictEqual(Env, ["HOME=/tmp/home", "TMPDIR=/tmp", "A=1\nB=2", "LANG=C.UTF-8"])
  })

  it("takes an engine's output stream apart, wherever it is cut", () => {
    const frame = (stream: number, payload: string) =>
      Buffer.concat([
        Buffer.from([stream, 0, 0, 0, 0, 0, payload.length >> 8, payload.length & 255]),
        Buffer.from(payload)
      ])
    const bytes = Buffer.concat([
      frame(1, "out"),
      frame(2, "err"),
      frame(1, ""),
      frame(2, "x".repeat(700)),
      frame(1, "end")
    ])
    for (const size of [1, 2, 3, 7, 8, 9, 11, 1000]) {
      const seen = { stdout: "", stderr: "" }
      const take = demux((stream, chunk) => seen[stream] += text(chunk))
      for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size))
      assert.deepStrictEqual(seen, { stdout: "outend", stderr: `err${"x".repeat(700)}` }, `pieces of ${size}`)
    }
  })

  it("takes for an orphan only what a dead kernel of this machine has left", () => {
    const labelled = (kernel: string, of = machine()) => ({ [labels.kernel]: kernel, [labels.machine]: of })
    const mine = markOf(process.pid)
    const [pid, started, namespace, boot] = mine.split(" ")
    const dead = [spawnSync("true").pid, "1", namespace, boot].join(" ")
    assert.isFalse(isOrphan(labelled(mine)))
    assert.isTrue(isOrphan(labelled(dead)))
    assert.isTrue(
      isOrphan(labelled([pid, `${started}0`, namespace, boot].join(" "))),
      "its number was given to another"
    )
    assert.isTrue(isOrphan(labelled([pid, started, namespace, "earlier"].join(" "))), "before a restart of the machine")
    assert.isFalse(isOrphan(labelled([pid, "1", "pid:[1]", boot].join(" "))), "in a namespace we cannot see")
    assert.isFalse(isOrphan(labelled(dead, "another machine")))
    for (const kernel of ["", "1", "x 1 y z", "-1 1 y z"]) assert.isFalse(isOrphan(labelled(kernel)), kernel)
  })

  it.live("makes the base image of nothing that not everybody may read", () =>
    Effect.gen(function*() {
      const paths = yield* Effect.promise(machineFiles)
      const outside = paths.filter((path) =>
        !/^\/(usr|bin|sbin|lib\w*|etc|nix|gnu|run\/current-system)(\/|$)/.test(path)
      )
      assert.deepStrictEqual(outside, [])
      assert.deepStrictEqual(paths.filter((path) => /shadow|sudoers|\.env|_key$|\/ssh\//.test(path)), [])
      const hidden = paths.filter((path) => {
        const stat = statSync(path)
        return stat.isFile() && (stat.mode & 0o004) === 0
      })
      assert.deepStrictEqual(hidden, [])
      assert.isTrue(paths.some((path) => path.endsWith("/bin/git")) && paths.some((path) => /\/libc\.so/.test(path)))
    }))

  it.scopedLive("breaks an archive off when a file cannot be read", () =>
    Effect.gen(function*() {
      const root = yield* stage(users[0]!)
      const read = async (paths: ReadonlyArray<string>) => {
        for await (const chunk of archive(paths, root)) assert.isAbove((chunk as Uint8Array).length, 0)
      }
      writeFileSync(join(root, "added"), "")
      yield* Effect.promise(() => read(["/usr", "/usr/bin"]))
      const error = yield* Effect.flip(Effect.tryPromise(() => read(["/usr/no-such-file"])))
      assert.include(String(error.cause), "tar ended with 2")
    }))
})
