import { assert, it, layer as withLayer } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer } from "effect"
import { spawnSync } from "node:child_process"
import { type Connection, publicDialing, type Sandbox, type SandboxCommand } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { ensureBaseImage, requireEngine, sockets } from "../support/engines.ts"
import { packageServer } from "../support/packages.ts"
import { proxyFor, tcpServer } from "../support/proxyClient.ts"
import { requireRuntime } from "../support/require.ts"
import { command, run, text, users } from "../support/sandbox.ts"

type User = SandboxCommand["user"]

class Packages extends Context.Tag("test/Packages")<Packages, Effect.Effect.Success<typeof packageServer>>() {}
const packages = Layer.scoped(Packages, packageServer)

/** What puts a command on the network of a proxy. */
const on = ({ directory }: { readonly directory: string }): Partial<SandboxCommand> => ({
  template: "integration-test",
  network: { directory }
})

/** What tools read to trust the server's certificate; nothing here has to do with the proxy. */
const trust = {
  CURL_CA_BUNDLE: "/ca/ca.pem",
  GIT_SSL_CAINFO: "/ca/ca.pem",
  NODE_EXTRA_CA_CERTS: "/ca/ca.pem",
  PIP_CERT: "/ca/ca.pem",
  PIP_DISABLE_PIP_VERSION_CHECK: "1",
  npm_config_cafile: "/ca/ca.pem",
  npm_config_update_notifier: "false"
}

/** A script in a sandbox with a proxy of its own to the server of packages (S is its address), and what the proxy recorded. */
const through = (user: User, script: string, options: Partial<SandboxCommand> = {}) =>
  Effect.scoped(open(user, script, options))

const open = Effect.fnUntraced(function*(user: User, script: string, options: Partial<SandboxCommand>) {
  const { ca, host, port } = yield* Packages
  const proxy = yield* proxyFor([`${host}:${port}`], { user })
  const result = yield* run(["sh", "-c", script], {
    user,
    ...on(proxy),
    ...options,
    mounts: [{ source: ca, target: "/ca", mode: "ro" }, ...options.mounts ?? []],
    env: { ...trust, S: `https://${host}:${port}`, HOST: host, PORT: String(port), ...options.env }
  })
  const [stdout, stderr] = [text(result.stdout), text(result.stderr)]
  return { ...proxy, result, stdout, stderr, said: `${stdout}${stderr}` }
})

const tools: ReadonlyArray<readonly [tool: string, script: string, said: RegExp]> = [
  ["curl", "curl -sS $S/hello", /^hello over TLS\n$/],
  ["curl by an HTTP proxy of its own choice", "curl -sS --proxy $http_proxy $S/hello", /^hello over TLS\n$/],
  [
    "npm",
    "mkdir /tmp/p && cd /tmp/p && npm install --silent --registry $S tiny >/dev/null && node -p 'require(\"tiny\")'",
    /^tiny from npm\n$/
  ],
  [
    "pip",
    "pip3 install -q --no-cache-dir --index-url $S/simple --target /tmp/py tiny && PYTHONPATH=/tmp/py python3 -c 'import tiny; print(tiny.said)'",
    /^tiny from pip\n/
  ],
  ["git", "git clone -q $S/tiny.git /tmp/tiny && cat /tmp/tiny/said", /^tiny from git\n$/]
]

/** Says these lines to the forwarder, variables filled in, prints the first of the answer, and does what comes after. */
const dialog = (lines: string, after = "") =>
  `python3 -c '
import os, socket
s = socket.create_connection(("127.0.0.1", 28080))
s.sendall(os.path.expandvars("""${lines}""").replace(chr(10), chr(13) + chr(10)).encode())
print(s.recv(200).decode().splitlines()[0])
${after}'`

const refusals: ReadonlyArray<readonly [what: string, script: string, said: RegExp, recorded: RegExp | undefined]> = [
  ["another host", "curl -sS https://other.example/", /403/, /^other.example:443: not on the list$/],
  ["another port of an allowed host", "curl -sS https://$HOST:1/", /403/, /^packages.example:1: not on the list$/],
  ["plain HTTP", "curl -sS http://$HOST:$PORT/", /plain HTTP is not let through/, /plain HTTP is not let through/],
  ["plain HTTP by CONNECT to port 80", "curl -sSp http://$HOST/", /403/, /^packages.example:80: not on the list$/],
  ["the metadata service", "curl -sSp http://169.254.169.254/latest/", /403/, /an address is not taken/],
  ["a private address", "curl -sS https://10.0.0.1/", /403/, /an address is not taken/],
  ["an address in IPv6", "curl -sSg 'https://[2606:4700::1]/'", /403/, /an address is not taken/],
  [
    "this machine's loopback",
    dialog("CONNECT 127.0.0.1:$PORT HTTP/1.1\n\n"),
    /403 an address is not taken/,
    /an address/
  ],
  [
    "the proxy through itself",
    dialog("CONNECT localhost:28080 HTTP/1.1\n\n"),
    /403 a name has at least one dot/,
    /one dot/
  ],
  [
    "a second CONNECT behind the first",
    dialog("CONNECT $HOST:$PORT HTTP/1.1\n\nCONNECT other.example:443 HTTP/1.1\n\n"),
    /400 more was sent before/,
    /more was sent before/
  ],
  [
    "a connection beside the proxy",
    "curl -sS --noproxy '*' --connect-timeout 3 https://1.1.1.1/",
    /curl: \((7|28)\)/,
    undefined
  ],
  [
    "raw TCP",
    "python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 3)' 2>&1",
    /unreachable/,
    undefined
  ],
  ["DNS", "python3 -c 'import socket; print(socket.gethostbyname(\"packages.example\"))' 2>&1", /gaierror/, undefined],
  [
    "DNS by UDP",
    "python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b\"x\", (\"8.8.8.8\", 53))' 2>&1",
    /unreachable/,
    undefined
  ]
]

const suite = (name: string, backend: Layer.Layer<Sandbox, unknown>, users: ReadonlyArray<User>) => {
  const user = users.at(-1)!
  const layer = Layer.orDie(Layer.merge(backend, packages))
  withLayer(layer, { timeout: "2 minutes", excludeTestServices: true })(`a network in ${name}`, (it) => {
    it.scoped.each(tools)("lets %s work unchanged", ([, script, said]) =>
      Effect.gen(function*() {
        const { recorded, result, stderr, stdout } = yield* through(user, script, {
          limits: { ...command(["true"]).limits, timeoutMs: 60_000 }
        })
        assert.match(stdout, said, stderr)
        assert.strictEqual(result.exitCode, 0, stderr)
        assert.isAbove(recorded.filter(({ down, outcome, up }) => outcome === "closed" && up > 0 && down > 0).length, 0)
        assert.notInclude(recorded.map(({ outcome }) => outcome), "refused")
      }), 120_000)

    it.scoped.each(refusals)("refuses %s", ([, script, said, why]) =>
      Effect.gen(function*() {
        const seen = yield* through(user, script)
        const { requests } = yield* Packages
        const before = requests.length
        assert.match(seen.said, said)
        assert.deepStrictEqual(seen.recorded.map(({ outcome }) => outcome), why === undefined ? [] : ["refused"])
        if (why !== undefined) assert.match(`${seen.recorded[0]!.asked}: ${seen.recorded[0]!.reason}`, why)
        assert.strictEqual(requests.length, before)
      }), 120_000)

    it.scoped("keeps exit code, streams, input and signals of the command", () =>
      Effect.gen(function*() {
        const stdin = Buffer.from("typed\n")
        const code = yield* through(user, "cat; echo err >&2; exit 7", { stdin })
        assert.deepStrictEqual([code.result.exitCode, code.stdout, code.stderr], [7, "typed\n", "err\n"])
        const { directory } = yield* proxyFor([], { user })
        const none = yield* run(["no-such-program"], { user, ...on({ directory }) })
        assert.strictEqual(none.exitCode, 127)
        const killed = yield* through(user, "kill -TERM $$")
        assert.strictEqual(killed.result.exitCode, 143)
        const asked = yield* through(user, "trap 'echo asked; exit 3' TERM; while :; do sleep 0.01; done", {
          limits: { ...command(["true"]).limits, timeoutMs: 5000 }
        })
        assert.deepStrictEqual([asked.result.ended, asked.stdout], ["timeout", "asked\n"])
      }), 120_000)

    it.scoped("gives the command no child it did not start, and no way to change the forwarder or the socket", () =>
      Effect.gen(function*() {
        const { result, said } = yield* through(
          user,
          "cat /proc/$$/task/$$/children; rm /run/fluffy/network/proxy.sock; chmod 777 /run/fluffy/network/proxy.sock; echo x >> /run/fluffy/forwarder/forward.cjs; touch /run/fluffy/network/x; exit 0"
        )
        assert.strictEqual(result.exitCode, 0)
        assert.deepStrictEqual(
          said.trim().split("\n").map((line) => /Read-only file system|Permission denied/.test(line)),
          [
            true,
            true,
            true,
            true
          ]
        )
      }))

    it.scoped("lets the command go on without a network when the forwarder dies", () =>
      Effect.gen(function*() {
        const script = `
for p in /proc/[0-9]*; do if tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^[a-z0-9]* .*forwarder/forward[.]'; then kill -9 \${p#/proc/}; fi; done
curl -sS $S/hello; echo went on`
        const { result, said, stdout } = yield* through(user, script)
        assert.deepStrictEqual([result.exitCode, result.ended, stdout], [0, "exit", "went on\n"], said)
        assert.match(said, /curl: \(7\)/)
      }))

    it.scoped("shows a command neither the socket of another one nor any without a network of its own", () =>
      Effect.gen(function*() {
        const other = yield* proxyFor([], { user })
        const look = `ls ${other.directory} 2>&1; ls /run/fluffy 2>&1; env | grep -i proxy; exit 0`
        const without = yield* run(["sh", "-c", look], { user })
        assert.notMatch(text(without.stdout), /proxy\.sock|_PROXY|forwarder/i)
        const { stdout } = yield* through(user, `ls ${other.directory} 2>&1; ls /run/fluffy/network/proxy.sock`)
        assert.match(stdout, /No such file[^\n]*\n.*proxy\.sock\n$/)
      }))

    it.scoped("gives no network to a sandbox of another kind", () =>
      Effect.gen(function*() {
        const network = yield* proxyFor([], { user })
        for (const template of ["code-executor", "strict"] as const) {
          const refused = yield* Effect.flip(run(["true"], { user, network, template }))
          assert.include(refused.message, `a sandbox of the template ${template} has no network`)
        }
        const plain = yield* Effect.flip(run(["true"], { user, network }))
        assert.include(plain.message, "a sandbox of the template code-executor has no network")
      }))

    it.scoped("closes the tunnels of a command that is interrupted", () =>
      Effect.gen(function*() {
        const got = yield* Deferred.make<void>()
        const over = yield* Deferred.make<void>()
        const { port } = yield* tcpServer((socket) => {
          socket.once("data", () => Deferred.unsafeDone(got, Effect.void))
          socket.on("end", () => Deferred.unsafeDone(over, Effect.void))
        })
        const script = dialog(`CONNECT a.example:${port} HTTP/1.1\n\n`, "s.send(b\"x\"); s.recv(1)")
        const seen: Array<Connection> = []
        const record = (connection: Connection) => Effect.sync(() => void seen.push(connection))
        const talking = Effect.flatMap(proxyFor([`a.example:${port}`], { user, record }), ({ directory }) =>
          run(["sh", "-c", script], { user, ...on({ directory }) }))
        const fiber = yield* Effect.fork(Effect.scoped(talking))
        yield* Deferred.await(got)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(over)
        assert.deepStrictEqual(seen.map(({ outcome, up }) => [outcome, up]), [["opened", 0], ["closed", 1]])
      }))
  })
}

if (requireRuntime("bubblewrap") && requireRuntime("openssl")) {
  suite("bubblewrap", Bubblewrap.layerLazy(), users)
}

const npmConfig = (name: string) => spawnSync("npm", ["config", "get", name], { encoding: "utf8" }).stdout.trim()

if (requireRuntime("bubblewrap") && requireRuntime("the npm registry")) {
  it.scopedLive("a network installs a package from the registry of this machine", () =>
    Effect.gen(function*() {
      const registry = new URL(npmConfig("registry"))
      const [cafile, user] = [npmConfig("cafile"), users.at(-1)!]
      const allowed = `${registry.hostname}:${registry.port || 443}`
      // It may be a mirror in a private network, which the real address check refuses.
      const dialing = { ...publicDialing, problem: () => undefined }
      const { directory, recorded } = yield* proxyFor([allowed], { user, dialing })
      const script =
        "mkdir /tmp/p && cd /tmp/p && npm install --silent left-pad >&2 && node -p 'require(\"left-pad\")(1, 3)'"
      const result = yield* run(["sh", "-c", script], {
        user,
        ...on({ directory }),
        env: {
          npm_config_registry: registry.href,
          npm_config_update_notifier: "false",
          ...(cafile === "null" ? {} : { npm_config_cafile: cafile })
        },
        limits: { timeoutMs: 60_000 }
      })
      assert.deepStrictEqual([result.exitCode, text(result.stdout)], [0, "  1\n"], text(result.stderr))
      assert.include(recorded.map(({ asked, outcome }) => `${outcome} ${asked}`), `opened ${allowed}`)
    }).pipe(Effect.provide(Bubblewrap.layerLazy())), 120_000)
}

for (const [name, { layerLazy }] of Object.entries({ docker: Docker, podman: Podman })) {
  const engine = name as "docker" | "podman"
  if (!requireEngine(engine) || !requireRuntime("openssl")) continue
  const ready = Layer.effectDiscard(Effect.orDie(ensureBaseImage(engine)))
  suite(engine, Layer.provideMerge(layerLazy({ socket: sockets[engine] }), ready), users)
}
