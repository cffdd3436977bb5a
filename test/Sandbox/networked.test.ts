import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { networked, networkProblem } from "../../src/Sandbox/networked.ts"
import { proxyFor, tcpServer } from "../support/proxyClient.ts"
import { requireRuntime } from "../support/require.ts"
import { command } from "../support/sandbox.ts"

const network = { directory: "/tmp/fluffy-network-x" }

describe("networked", () => {
  it("leaves a command without a network as it is", () => {
    const plain = command(["true"])
    assert.strictEqual(networked(plain), plain)
    assert.isUndefined(networkProblem(plain))
  })

  it("mounts nothing that could be written, and lets the command's own variables not hide the proxy", () => {
    const { env, mounts } = networked(
      command(["true"], { network, env: { https_proxy: "http://evil.example", A: "b" } })
    )
    assert.deepStrictEqual(mounts.map((mount) => [mount.mode === "overlay" ? mount.upper : mount.source, mount.mode]), [
      [network.directory, "ro"],
      [join(packageRoot, "forwarder"), "ro"]
    ])
    assert.deepInclude(env, { A: "b", https_proxy: "http://127.0.0.1:28080", HTTPS_PROXY: "http://127.0.0.1:28080" })
  })

  it("ends with 125 and says why where nothing can carry connections, and runs nothing", () => {
    const { args, command: shell } = networked(command(["/bin/echo", "ran"], { network }))
    const { status, stderr, stdout } = spawnSync(shell, args, { encoding: "utf8", env: { PATH: "/nowhere" } })
    assert.deepStrictEqual([status, stdout], [125, ""])
    assert.match(stderr, /^fluffy: this sandbox has no network: .* needs node or python3/)
  })
})

const freePort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A forwarder of this machine, listening; killed with the scope. Its output ends when it listens. */
const forwarder = (
  line: ReadonlyArray<string>,
  directory: string
): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function*() {
    const port = yield* freePort
    const args = [...line.slice(1), join(directory, "proxy.sock"), String(port)]
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(line[0]!, args, { stdio: ["ignore", "pipe", "inherit"] })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const said = yield* Effect.async<string>((resume) => {
      let text = ""
      child.stdout.on("data", (chunk) => text += String(chunk)).on("end", () => resume(Effect.succeed(text)))
    })
    assert.strictEqual(said, "ready\n")
    return port
  })

const talk = (port: number, opening: string, then: string): Effect.Effect<string> =>
  Effect.async((resume) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
    let text = ""
    socket.on("data", (chunk) => {
      const first = text === ""
      text += chunk.toString("latin1")
      if (first) socket.end(then)
    })
    socket.on("end", () => {
      socket.destroy()
      resume(Effect.succeed(text))
    })
    socket.on("error", (error) => resume(Effect.succeed(`${error.message} after ${text}`)))
    socket.write(opening)
  })

const scripts = {
  node: [process.execPath, join(packageRoot, "forwarder/forward.cjs")],
  python3: ["python3", "-I", "-S", join(packageRoot, "forwarder/forward.py")]
}

for (const [name, line] of Object.entries(scripts)) {
  if (!requireRuntime(name)) continue
  describe(`the forwarder under ${name}`, () => {
    it.scopedLive("carries what both sides say, also after one of them has ended, for many at once", () =>
      Effect.gen(function*() {
        const bytes = 3 << 20
        const { port } = yield* tcpServer((socket) => {
          let heard = 0
          socket.on("data", (chunk) => heard += chunk.length)
          socket.on("end", () => socket.end(`${heard} ${"y".repeat(bytes)}`))
        })
        const { directory } = yield* proxyFor([`a.example:${port}`])
        const entry = yield* forwarder(line, directory)
        const asked = `CONNECT a.example:${port} HTTP/1.1\r\n\r\n`
        const answers = yield* Effect.replicateEffect(talk(entry, asked, "x".repeat(100_000)), 8, { concurrency: 8 })
        for (const answer of answers) {
          assert.strictEqual(answer.length, "HTTP/1.1 200 Connection established\r\n\r\n100000 ".length + bytes)
          assert.include(answer.slice(0, 60), "\r\n\r\n100000 yyy")
        }
        const refused = yield* talk(entry, "CONNECT b.example:443 HTTP/1.1\r\n\r\n", "")
        assert.match(refused, /^HTTP\/1\.1 403 not on the list\r\n/)
      }))

    it.live("hangs up, and goes on, when the proxy is gone", () =>
      Effect.scoped(Effect.gen(function*() {
        const { directory } = yield* Effect.scoped(proxyFor([]))
        const entry = yield* forwarder(line, directory)
        for (const _ of [1, 2]) {
          assert.notInclude(yield* talk(entry, "CONNECT a.example:443 HTTP/1.1\r\n\r\n", ""), "HTTP/")
        }
      })))
  })
}
