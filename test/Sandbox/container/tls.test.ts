import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { type AddressInfo, connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createServer } from "node:tls"
import * as Docker from "../../../src/Sandbox/Docker.ts"
import * as Podman from "../../../src/Sandbox/Podman.ts"
import { ensureBaseImage, requireEngine, sockets } from "../../support/engines.ts"
import { run, text } from "../../support/sandbox.ts"

/** A certificate authority with a certificate for the server and one for the client, 127.0.0.1 and a day long. */
const certificates = Effect.acquireRelease(
  Effect.sync(() => {
    const at = mkdtempSync(join(tmpdir(), "fluffy-tls-"))
    const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: at, stdio: "ignore" })
    const name = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    openssl("req", "-x509", ...name, "-subj", "/CN=authority", "-keyout", "ca-key.pem", "-out", "ca.pem")
    for (const [out, key] of [["server.pem", "server-key.pem"], ["cert.pem", "key.pem"]] as const) {
      openssl(
        "req",
        "-x509",
        ...name,
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca-key.pem",
        "-keyout",
        key,
        "-out",
        out
      )
    }
    return at
  }),
  (at) => Effect.sync(() => rmSync(at, { recursive: true, force: true }))
)

/** A door with TLS before an engine's socket, as dockerd's own; it asks the client for a certificate. */
const door = (at: string, engine: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const read = (name: string) => readFileSync(join(at, name))
      const server = createServer(
        {
          ca: read("ca.pem"),
          cert: read("server.pem"),
          key: read("server-key.pem"),
          requestCert: true,
          rejectUnauthorized: true,
          allowHalfOpen: true
        },
        (socket) => {
          const inner = connect({ path: engine, allowHalfOpen: true })
          socket.pipe(inner).pipe(socket)
          for (const [one, other] of [[socket, inner], [inner, socket]] as const) {
            one.on("error", () => {}).on("close", () => other.destroy())
          }
        }
      )
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      return server
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`))

describe.each((["docker", "podman"] as const).filter(requireEngine))("Sandbox/container by TLS to %s", (name) => {
  const { layerLazy } = name === "docker" ? Docker : Podman

  it.scopedLive("runs a command, and none where either side cannot prove itself", () =>
    Effect.gen(function*() {
      yield* ensureBaseImage(name)
      const [own, foreign] = [yield* certificates, yield* certificates]
      const socket = yield* door(own, sockets[name])
      const ran = yield* Effect.provide(
        run(["cat"], { stdin: Buffer.from("typed") }),
        layerLazy({ socket, certificates: own })
      )
      assert.deepStrictEqual([ran.exitCode, text(ran.stdout)], [0, "typed"])
      const error = yield* Effect.flip(Effect.provide(run(["true"]), layerLazy({ socket, certificates: foreign })))
      assert.strictEqual(error._tag, "SandboxUnavailable")
    }), 200_000)
})

describe("Sandbox/container certificates", () => {
  const of = (variables: ReadonlyArray<readonly [string, string]>) =>
    Effect.withConfigProvider(Docker.placesConfig, ConfigProvider.fromMap(new Map(variables)))

  it.effect("are those of Docker's own client, where its user asks for TLS", () =>
    Effect.gen(function*() {
      const home = ["HOME", "/home/u"] as const
      assert.isUndefined((yield* of([home, ["DOCKER_CERT_PATH", "/c"]])).certificates)
      assert.strictEqual((yield* of([home, ["DOCKER_TLS_VERIFY", "1"]])).certificates, "/home/u/.docker")
      assert.strictEqual((yield* of([["DOCKER_TLS_VERIFY", "1"], ["DOCKER_CERT_PATH", "/c"]])).certificates, "/c")
    }))

  it.effect("are not asked for in vain: other kinds of address are refused by name", () =>
    Effect.gen(function*() {
      for (const socket of ["ssh://me@host", "http://host:2375", "tcp://"]) {
        const error = yield* Effect.flip(
          Effect.provide(run(["true"]), Docker.layerLazy({ socket, certificates: "/c" }))
        )
        assert.include(error.message, "only Unix sockets, and tcp:// with TLS, are supported")
      }
    }))
})
