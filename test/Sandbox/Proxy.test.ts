import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { self } from "../../src/internal/owner.ts"
import { type Connection, openProxy, publicDialing, sweepNetworks } from "../../src/Sandbox.ts"
import { allow, client, deny, here, proxyFor, tcpServer, user } from "../support/proxyClient.ts"

const ask = (host: string) => `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

const echo = tcpServer((socket) => socket.pipe(socket))

/** What a refused client is told, on one line, and that the connection is over. */
const answerTo = (directory: string, bytes: string): Effect.Effect<string> =>
  Effect.scoped(
    Effect.flatMap(client(directory, bytes), ({ closed }) => Effect.map(closed, (text) => text.split("\r\n")[0] ?? ""))
  )

describe("openProxy", () => {
  it.scopedLive("carries bytes both ways to an allowed host and records what it carried", () =>
    Effect.gen(function*() {
      const { port } = yield* echo
      const { directory, recorded } = yield* proxyFor([`a.example:${port}`])
      const { closed, socket, until } = yield* client(directory, ask(`A.example:${port}`))
      assert.strictEqual(yield* until(/\r\n\r\n/), "HTTP/1.1 200 Connection established\r\n\r\n")
      socket.write("ping")
      yield* until(/ping$/)
      socket.end("!")
      assert.match(yield* closed, /\r\n\r\nping!$/)
      yield* Effect.iterate(0, { while: () => recorded.length < 2, body: (n) => Effect.as(Effect.yieldNow(), n + 1) })
      const told = recorded.map(({ address, asked, down, host, outcome, reason, up }) => ({
        address,
        asked,
        host,
        outcome,
        reason,
        up,
        down
      }))
      const common = { address: "127.0.0.1", asked: `a.example:${port}`, host: { host: "a.example", port } }
      assert.deepStrictEqual(told, [
        { ...common, outcome: "opened", reason: "", up: 0, down: 0 },
        { ...common, outcome: "closed", reason: "done", up: 5, down: 5 }
      ])
    }))

  it.scopedLive("carries a large answer whole to a client that has said all it has to say", () =>
    Effect.gen(function*() {
      const bytes = 8 << 20
      const { port } = yield* tcpServer((socket) =>
        socket.resume().on("end", () => socket.end(Buffer.alloc(bytes, "y")))
      )
      const { directory, recorded } = yield* proxyFor([`a.example:${port}`])
      const { closed, socket, until } = yield* client(directory, ask(`a.example:${port}`))
      yield* until(/\r\n\r\n/)
      socket.end()
      assert.strictEqual((yield* closed).length, bytes + "HTTP/1.1 200 Connection established\r\n\r\n".length)
      yield* Effect.iterate(0, { while: () => recorded.length < 2, body: (n) => Effect.as(Effect.yieldNow(), n + 1) })
      assert.deepInclude(recorded[1], { outcome: "closed", reason: "done", down: bytes })
    }))

  it.scopedLive.each<readonly [what: string, bytes: string, answer: string]>([
    ["another host", ask("b.example:443"), "HTTP/1.1 403 not on the list"],
    ["another port of an allowed host", ask("a.example:444"), "HTTP/1.1 403 not on the list"],
    ["an address", ask("127.0.0.1:443"), "HTTP/1.1 403 an address is not taken, only names"],
    ["an address in brackets", ask("[::1]:443"), "HTTP/1.1 403 an address is not taken, only names"],
    [
      "plain HTTP",
      "GET http://a.example/ HTTP/1.1\r\n\r\n",
      "HTTP/1.1 405 plain HTTP is not let through, only CONNECT: use https"
    ],
    [
      "a second request behind the first",
      ask("a.example:443") + ask("b.example:443"),
      "HTTP/1.1 400 more was sent before the request was answered"
    ],
    [
      "a body behind the request",
      `${ask("a.example:443")}GET / HTTP/1.1`,
      "HTTP/1.1 400 more was sent before the request was answered"
    ],
    [
      "lines that end in LF",
      "CONNECT a.example:443 HTTP/1.1\n\n",
      "HTTP/1.1 400 the request's head holds bytes that may not be there"
    ],
    [
      "a CR alone",
      "CONNECT a.example:443 HTTP/1.1\rX: y\r\n\r\n",
      "HTTP/1.1 400 the request's head holds bytes that may not be there"
    ],
    [
      "a NUL",
      "CONNECT a.example\0.b.example:443 HTTP/1.1\r\n\r\n",
      "HTTP/1.1 400 the request's head holds bytes that may not be there"
    ],
    [
      "a name in UTF-8",
      ask("\u00d0\u00b5xample.org:443"),
      "HTTP/1.1 400 the request's head holds bytes that may not be there"
    ],
    [
      "TLS without a CONNECT",
      "\x16\x03\x01\x02\x00\x01",
      "HTTP/1.1 400 the request's head holds bytes that may not be there"
    ],
    [
      "a head without end",
      `CONNECT a.example:443 HTTP/1.1\r\nX: ${"y".repeat(9000)}`,
      "HTTP/1.1 431 the request's head is longer than 8192 bytes"
    ],
    [
      "a head that is too long",
      `CONNECT a.example:443 HTTP/1.1\r\nX: ${"y".repeat(9000)}\r\n\r\n`,
      "HTTP/1.1 431 the request's head is longer than 8192 bytes"
    ]
  ])("refuses %s", ([, bytes, answer]) =>
    Effect.gen(function*() {
      const { asked, directory, recorded } = yield* proxyFor(["a.example:443"])
      assert.strictEqual(yield* answerTo(directory, bytes), answer)
      assert.deepStrictEqual(recorded.map(({ outcome, down, up }) => [outcome, up, down]), [["refused", 0, 0]])
      assert.notInclude(asked.map(({ host }) => host), "a.example\0.b.example")
    }))

  it.scopedLive("looks up no name that is not allowed", () =>
    Effect.gen(function*() {
      const names: Array<string> = []
      const resolve = (name: string) => {
        names.push(name)
        return Promise.resolve(["127.0.0.1"])
      }
      const { directory } = yield* proxyFor([], { dialing: { ...here, resolve } })
      yield* answerTo(directory, ask("c2VjcmV0.evil.example:443"))
      assert.deepStrictEqual(names, [])
    }))

  it.scopedLive("refuses a name when one of its addresses is not of the public internet, and connects to none", () =>
    Effect.gen(function*() {
      const reached: Array<unknown> = []
      const { port } = yield* tcpServer((socket) => reached.push(socket))
      const resolve = () => Promise.resolve(["1.1.1.1", "127.0.0.1"])
      const { directory, recorded } = yield* proxyFor([`a.example:${port}`], { dialing: { ...publicDialing, resolve } })
      assert.strictEqual(
        yield* answerTo(directory, ask(`a.example:${port}`)),
        "HTTP/1.1 403 the name leads to 127.0.0.1, which is refused: loopback"
      )
      assert.deepStrictEqual([reached, recorded.map(({ outcome }) => outcome)], [[], ["refused"]])
    }))

  it.scopedLive("refuses localhost by the machine's own resolver", () =>
    Effect.gen(function*() {
      const resolve = () => publicDialing.resolve("localhost")
      const { directory } = yield* proxyFor(["a.example:443"], { dialing: { ...publicDialing, resolve } })
      assert.match(yield* answerTo(directory, ask("a.example:443")), /which is refused/)
    }))

  it.scopedLive("asks for the addresses of a name once, so that a second answer changes nothing", () =>
    Effect.gen(function*() {
      const { port } = yield* echo
      let answers = 0
      const dialing = {
        resolve: () => Promise.resolve([++answers === 1 ? "127.0.0.1" : "10.0.0.1"]),
        problem: (address: string) => address === "127.0.0.1" ? undefined : "rebound"
      }
      const { directory } = yield* proxyFor([`a.example:${port}`], { dialing })
      const { until } = yield* client(directory, ask(`a.example:${port}`))
      yield* until(/ 200 /)
      assert.strictEqual(answers, 1)
    }))

  it.scopedLive("refuses a name with thousands of addresses, and looks at none", () =>
    Effect.gen(function*() {
      const looked: Array<string> = []
      const dialing = {
        resolve: () => Promise.resolve(Array.from({ length: 4000 }, (_, n) => `1.1.${n >> 8}.${n & 255}`)),
        problem: (address: string) => {
          looked.push(address)
          return undefined
        }
      }
      const { directory } = yield* proxyFor(["a.example:443"], { dialing })
      assert.strictEqual(
        yield* answerTo(directory, ask("a.example:443")),
        "HTTP/1.1 502 the name has more than 64 addresses"
      )
      assert.isEmpty(looked)
    }))

  it.scopedLive("says so when a name is unknown or nobody answers there", () =>
    Effect.gen(function*() {
      const { port, server } = yield* echo
      yield* Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
      const failing = () => Promise.reject(Object.assign(new Error("x"), { code: "ENOTFOUND" }))
      const unknown = yield* proxyFor(["a.example:443"], { dialing: { ...here, resolve: failing } })
      assert.strictEqual(
        yield* answerTo(unknown.directory, ask("a.example:443")),
        "HTTP/1.1 502 the name cannot be resolved (ENOTFOUND)"
      )
      const silent = yield* proxyFor([`a.example:${port}`])
      assert.strictEqual(
        yield* answerTo(silent.directory, ask(`a.example:${port}`)),
        "HTTP/1.1 502 no connection can be made (ECONNREFUSED)"
      )
    }))

  it.scopedLive("opens nothing that cannot be put on record", () =>
    Effect.gen(function*() {
      const reached: Array<unknown> = []
      const { port } = yield* tcpServer((socket) => socket.on("data", (bytes) => reached.push(bytes)))
      const { directory } = yield* proxyFor([`a.example:${port}`], { record: () => Effect.fail("the log is full") })
      assert.strictEqual(
        yield* answerTo(directory, ask(`a.example:${port}`)),
        "HTTP/1.1 500 the connection cannot be put on record"
      )
      assert.deepStrictEqual(reached, [])
    }))

  it.scopedLive("refuses when the decision itself goes wrong, and goes on", () =>
    Effect.gen(function*() {
      let asked = 0
      const decide = () => ++asked === 1 ? Effect.die("broken") : Effect.succeed(deny)
      const { directory } = yield* proxyFor([], { decide })
      assert.strictEqual(yield* answerTo(directory, ask("a.example:443")), "HTTP/1.1 500 the proxy failed")
      assert.strictEqual(yield* answerTo(directory, ask("a.example:443")), "HTTP/1.1 403 not on the list")
    }))
})

describe("the proxy's limits", () => {
  it.scopedLive("end the wait for a request that comes byte by byte", () =>
    Effect.gen(function*() {
      const { directory } = yield* proxyFor(["a.example:443"], { limits: { headMs: 150 } })
      const { closed, socket } = yield* client(directory, "CONNECT ")
      const drip = setInterval(() => socket.write("a"), 20)
      const text = yield* closed
      clearInterval(drip)
      assert.match(text, /^HTTP\/1.1 408 no whole request came within 150 ms/)
    }))

  it.scopedLive("end a tunnel in which nothing moves", () =>
    Effect.gen(function*() {
      const { port } = yield* echo
      const { directory, recorded } = yield* proxyFor([`a.example:${port}`], { limits: { idleMs: 100 } })
      const { closed } = yield* client(directory, ask(`a.example:${port}`))
      yield* closed
      assert.strictEqual(recorded[1]?.reason, "idle")
    }))

  it.scopedLive("bound the bytes of one tunnel and of the session", () =>
    Effect.gen(function*() {
      const { port } = yield* tcpServer((socket) => socket.write(Buffer.alloc(1 << 20)))
      const one = yield* proxyFor([`a.example:${port}`], { limits: { tunnelBytes: 10_000 } })
      assert.isBelow(
        (yield* Effect.flatMap(client(one.directory, ask(`a.example:${port}`)), (_) => _.closed)).length,
        1 << 20
      )
      assert.strictEqual(one.recorded[1]?.reason, "bytes")
      const usage = { connections: 0, bytes: 0 }
      const session = yield* proxyFor([`a.example:${port}`], { usage, limits: { sessionBytes: 10_000 } })
      yield* Effect.flatMap(client(session.directory, ask(`a.example:${port}`)), (_) => _.closed)
      assert.strictEqual(session.recorded[1]?.reason, "session bytes")
      const next = yield* proxyFor([`a.example:${port}`], { usage, limits: { sessionBytes: 10_000 } })
      assert.match(
        yield* answerTo(next.directory, ask(`a.example:${port}`)),
        / 503 the session has moved 10000 bytes/
      )
    }))

  it.scopedLive("bound the tunnels that are open at once", () =>
    Effect.gen(function*() {
      const { port } = yield* echo
      const { directory } = yield* proxyFor([`a.example:${port}`], { limits: { tunnels: 2 } })
      const first = yield* client(directory, ask(`a.example:${port}`))
      yield* first.until(/ 200 /)
      const second = yield* client(directory, ask(`a.example:${port}`))
      yield* second.until(/ 200 /)
      assert.match(yield* answerTo(directory, ask(`a.example:${port}`)), / 503 2 connections are open/)
      first.socket.destroy()
      second.socket.write("x")
      yield* second.until(/x$/)
      const third = yield* client(directory, ask(`a.example:${port}`))
      yield* third.until(/ 200 /)
    }))

  it.scopedLive("bound the connections of a session, and the log of those that are too many", () =>
    Effect.gen(function*() {
      const { directory, recorded } = yield* proxyFor([], { limits: { connections: 3 } })
      for (let n = 0; n < 8; n++) yield* answerTo(directory, ask("a.example:443"))
      assert.deepStrictEqual(recorded.map(({ reason }) => reason), [
        ...Array(3).fill("not on the list"),
        "the session has made 3 connections"
      ])
    }))
})

const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`fluffy-network-${self}.`))

describe("the proxy's directory", () => {
  it.scopedLive("is private, and its socket its user's alone", () =>
    Effect.gen(function*() {
      const other = user.uid === 0 ? { uid: 65_534, gid: 65_534 } : user
      const { directory } = yield* proxyFor([], { user: other })
      const socket = lstatSync(join(directory, "proxy.sock"))
      assert.deepStrictEqual([socket.isSocket(), socket.mode & 0o777, socket.uid], [true, 0o600, other.uid])
      const { mode, uid } = lstatSync(directory)
      assert.deepStrictEqual([mode & 0o777, uid], [user.uid === 0 ? 0o711 : 0o700, user.uid])
      assert.strictEqual(lstatSync((yield* proxyFor([])).directory).mode & 0o777, 0o700)
    }))

  it.live("is gone with the scope, as is every tunnel, recorded with its bytes", () =>
    Effect.gen(function*() {
      const before = mine()
      const around = yield* Scope.make()
      const { port } = yield* Scope.extend(echo, around)
      const scope = yield* Scope.make()
      const { directory, recorded } = yield* Scope.extend(proxyFor([`a.example:${port}`]), scope)
      const open = yield* Scope.extend(client(directory, ask(`a.example:${port}`)), around)
      yield* open.until(/ 200 /)
      open.socket.write("ping")
      yield* open.until(/ping$/)
      const waiting = yield* Scope.extend(client(directory, "CONNECT "), around)
      yield* Effect.iterate(0, {
        while: () => waiting.socket.connecting,
        body: (n) => Effect.as(Effect.yieldNow(), n + 1)
      })
      yield* Scope.close(scope, Exit.void)
      yield* open.closed
      yield* waiting.closed
      assert.deepInclude(recorded[1], { outcome: "closed", reason: "the sandbox ended", up: 4, down: 4 })
      assert.deepStrictEqual(mine(), before)
      yield* Scope.close(around, Exit.void)
    }))

  it.live("is gone only when a refusal is on record, also one that the end of the command comes across", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const kept: Array<string> = []
      const record = ({ outcome, reason }: Connection) =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.zipRight(Deferred.await(go)),
          Effect.zipRight(Effect.sync(() => kept.push(`${outcome}: ${reason}`)))
        )
      const scope = yield* Scope.make()
      const { directory } = yield* Scope.extend(proxyFor([], { record }), scope)
      yield* Scope.extend(client(directory, ask("b.example:443")), scope)
      yield* Deferred.await(begun)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.iterate(0, { while: (n) => n < 100, body: (n) => Effect.as(Effect.yieldNow(), n + 1) })
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(kept, ["refused: not on the list"])
    }))

  it.live("is gone when an interruption comes while somebody is being asked", () =>
    Effect.gen(function*() {
      const before = mine()
      const asked = yield* Deferred.make<void>()
      const decide = () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
      const seen: Array<Connection> = []
      const record = (connection: Connection) => Effect.sync(() => void seen.push(connection))
      const fiber = yield* Effect.fork(Effect.scoped(Effect.gen(function*() {
        const { directory } = yield* proxyFor([], { decide, record })
        yield* client(directory, ask("a.example:443"))
        return yield* Effect.never
      })))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen.map(({ asked, outcome, reason }) => [asked, outcome, reason]), [
        ["a.example:443", "refused", "the sandbox ended"]
      ])
      assert.deepStrictEqual(mine(), before)
    }))

  it.live("is removed at the next start when its kernel was killed, and no other", () =>
    Effect.gen(function*() {
      const [boot, namespace, pid] = self.split("-")
      const make = (mark: string) => mkdtempSync(join(tmpdir(), `fluffy-network-${mark}.`))
      const dead = make(`${boot}-${namespace}-4194999-1`)
      writeFileSync(join(dead, "proxy.sock"), "")
      const reused = make(`${boot}-${namespace}-${pid}-1`)
      const alive = make(self)
      const strange = make("what")
      const full = make(`${boot}-${namespace}-4194998-1`)
      mkdirSync(join(full, "somebody's"))
      assert.isAtLeast(yield* sweepNetworks, 2)
      assert.deepStrictEqual([dead, reused, alive, strange, full].map(existsSync), [false, false, true, true, true])
      for (const directory of [alive, strange, full]) rmSync(directory, { recursive: true })
    }))

  it.scopedLive("may have a longer name than a socket", () =>
    Effect.gen(function*() {
      const parent = mkdtempSync(join(tmpdir(), "fluffy-long-"))
      const before = process.env["TMPDIR"]
      const long = join(parent, "x".repeat(120))
      mkdirSync(long)
      process.env["TMPDIR"] = long
      const { directory } = yield* openProxy({ user, decide: () => Effect.succeed(allow), record: () => Effect.void })
      if (before === undefined) delete process.env["TMPDIR"]
      else process.env["TMPDIR"] = before
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(parent, { recursive: true })))
      assert.isTrue(directory.startsWith(long))
      assert.isTrue(lstatSync(join(directory, "proxy.sock")).isSocket())
      const short = join(parent, "short")
      symlinkSync(directory, short)
      assert.strictEqual(
        yield* answerTo(short, ask("10.0.0.1:443")),
        "HTTP/1.1 403 an address is not taken, only names"
      )
    }))
})
