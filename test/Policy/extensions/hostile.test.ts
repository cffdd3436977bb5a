import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { spawn } from "node:child_process"
import { setImmediate } from "node:timers/promises"
import type { ExtensionFailure } from "../../../src/domain/Decision.ts"
import { extensionOf, load, request } from "../../support/extension.ts"

const verdictOf = (body: string) => Effect.flatMap(extensionOf(body), (extension) => extension.ask(request))

const deep = "let a = []; for (let i = 0; i < 2e4; i++) a = [a];"

const hostile: ReadonlyArray<readonly [string, string, ExtensionFailure["failure"]]> = [
  ["spins", "for (;;);", "timeout"],
  ["spins in a handler of its own", "try { for (;;); } finally { for (;;); }", "timeout"],
  ["spins in a getter of its answer", "return { get effect() { for (;;); } }", "timeout"],
  ["spins in toJSON", "return { toJSON() { for (;;); } }", "timeout"],
  ["spins in what it throws", "throw { toString() { for (;;); } }", "timeout"],
  ["answers with a proxy that spins", "return new Proxy({}, { ownKeys() { for (;;); } })", "timeout"],
  ["has a regular expression that backtracks", `return /^(a+)+$/.test("a".repeat(40) + "b")`, "timeout"],
  ["searches an array without end", "[].indexOf.call({ length: 2 ** 53 - 1 }, 1)", "timeout"],
  ["joins an array without end", "new Array(2 ** 32 - 1).join()", "timeout"],
  ["reverses a sparse array", "const a = []; a[4e9] = 1; a.reverse()", "timeout"],
  ["searches a string the slow way", `const s = "a".repeat(4e6); s.indexOf("a".repeat(2e6) + "b")`, "timeout"],
  ["prints a huge number", "(3n ** 400000n).toString()", "timeout"],
  ["repeats a string", `"a".repeat(2 ** 28)`, "crash"],
  ["asks for a huge buffer", "new Uint8Array(2 ** 30)", "crash"],
  ["recurs", "const f = () => f() + 1; return f()", "crash"],
  ["recurs in a built-in", "const f = () => [1].map(f); return f()", "crash"],
  ["recurs in JSON.parse", `JSON.parse("[".repeat(1e5))`, "crash"],
  ["recurs in the parser", `eval("(".repeat(1e5))`, "crash"],
  ["recurs in toString", `${deep} return String(a)`, "crash"],
  ["throws", `throw new TypeError("no")`, "throw"],
  ["throws what cannot be shown", "throw Object.create(null)", "throw"],
  ["imports", "return import('node:fs')", "answer"],
  ["answers with a promise", "return Promise.resolve({ effect: 'allow', reason: 'a' })", "answer"],
  ["answers with null", "return null", "answer"],
  ["answers with yes", "return true", "answer"],
  ["answers with a function", "return () => undefined", "answer"],
  ["answers with a symbol", "return Symbol()", "answer"],
  ["answers with a number that JSON does not know", "return { effect: 'allow', reason: 1n }", "answer"],
  ["answers with a list", "return [{ effect: 'allow', reason: 'a' }]", "answer"],
  ["answers with an effect that is none", "return { effect: 'maybe', reason: 'a' }", "answer"],
  ["gives no reason", "return { effect: 'allow' }", "answer"],
  ["gives an empty reason", "return { effect: 'allow', reason: '' }", "answer"],
  ["says more than there is to say", "return { effect: 'allow', reason: 'a', layer: 'builtin' }", "answer"],
  ["gives a reason of two lines", "return { effect: 'allow', reason: 'a\\nb' }", "answer"],
  ["gives a reason that moves the cursor", "return { effect: 'allow', reason: '\\u009b2J' }", "answer"],
  ["gives half a character", "return { effect: 'allow', reason: '\\ud800' }", "answer"],
  ["gives a long reason", "return { effect: 'allow', reason: 'a'.repeat(1025) }", "answer"],
  ["gives a huge answer", "return { effect: 'allow', reason: 'a'.repeat(20_000) }", "answer"],
  ["answers with text that looks like an answer", `return '{"effect":"allow","reason":"a"}'`, "answer"],
  ["hides its answer", "return { toJSON: () => undefined }", "answer"],
  ["breaks JSON", "JSON.stringify = () => { throw 1 }; return { effect: 'allow' }", "answer"],
  ["cannot be written down", "const a = {}; a.a = a; return a", "answer"]
]

describe("an extension", () => {
  it.effect.each(hostile)(
    "that %s fails, and is well again for the next question",
    ([, body, failure]) =>
      Effect.gen(function*() {
        const extension = yield* extensionOf(
          `if (request.path === "ask") return { effect: "allow", reason: "well" };\n${body}`
        )
        for (const path of ["src/a.ts", "src/b.ts"]) {
          assert.deepInclude(yield* extension.ask({ ...request, path }), { _tag: "Failed", failure })
          assert.deepStrictEqual(yield* extension.ask({ ...request, path: "ask" }), {
            _tag: "Answered",
            effect: "allow",
            reason: "well"
          })
        }
      })
  )

  it.effect("that fills a huge array runs out of memory or of time, whichever comes first", () =>
    Effect.gen(function*() {
      const verdict = yield* verdictOf("return new Array(1e9).fill()")
      assert.include(["crash", "timeout"], verdict._tag === "Failed" ? verdict.failure : verdict._tag)
    }))

  it.effect("tells what went wrong on one harmless line", () =>
    Effect.gen(function*() {
      const verdict = yield* verdictOf(`throw new Error("\\u001b[2J\\n" + "x".repeat(1000))`)
      assert.match(verdict._tag === "Failed" ? verdict.problem : "", /^Error: \\x1b\[2J x{200,}…$/)
    }))

  it.effect("keeps nothing from one question to the next, wherever it puts it", () =>
    Effect.gen(function*() {
      const { extension } = yield* load(`
        let count = 0
        const list = [], table = new Map(), zeros = new Uint8Array(3_000_000)
        export default function rule() {
          count++
          list.push(1)
          table.set(table.size, 1)
          zeros[2_999_999]++
          rule.asked = (rule.asked ?? 0) + 1
          globalThis.asked = (globalThis.asked ?? 0) + 1
          Object.prototype.asked = (Object.prototype.asked ?? 0) + 1
          const key = Symbol.for("asked")
          Array.prototype[key] = (Array.prototype[key] ?? 0) + 1
          JSON.seen = (JSON.seen ?? 0) + 1
          const more = []
          for (let i = 0; i < 5_000; i++) more.push({ i })
          const seen = [count, list.length, table.size, zeros[2_999_999], rule.asked, globalThis.asked,
            ({}).asked, [][key], JSON.seen, new Uint8Array(4_000_000).lastIndexOf(1), more.length]
          return { effect: "allow", reason: seen.join() }
        }`)
      const first = yield* extension.ask(request)
      assert.deepInclude(first, { _tag: "Answered", reason: "1,1,1,1,1,1,1,1,1,-1,5000" })
      for (let n = 0; n < 3; n++) assert.deepStrictEqual(yield* extension.ask(request), first)
    }))

  it.effect("changes nothing for another one", () =>
    Effect.gen(function*() {
      const polluter = yield* extensionOf(`
        Object.prototype.effect = "allow"
        Object.prototype.then = 1
        JSON.parse = () => ({})
        globalThis.left = 1
        return undefined`)
      const other = yield* extensionOf(
        `return { effect: "deny", reason: [({}).effect, ({}).then, typeof left, request.path].join() }`
      )
      for (let n = 0; n < 2; n++) {
        assert.deepStrictEqual(yield* polluter.ask(request), { _tag: "Abstained" })
        assert.deepInclude(yield* other.ask(request), { effect: "deny", reason: ",,undefined,src/a.ts" })
      }
      assert.notProperty({}, "effect")
    }))

  it.effect("has no clock, no chance, nothing of the host and no one to wait for", () =>
    Effect.gen(function*() {
      const names = [
        ...[
          "Date",
          "performance",
          "Intl",
          "Temporal",
          "WeakRef",
          "FinalizationRegistry",
          "Atomics",
          "SharedArrayBuffer"
        ],
        ...["process", "require", "module", "global", "Buffer", "console", "fetch", "crypto", "WebAssembly", "Worker"],
        ...["setTimeout", "setImmediate", "queueMicrotask", "std", "os", "print", "load", "scriptArgs", "bjson"]
      ]
      const verdict = yield* verdictOf(`return { effect: "allow", reason: "none:" + ${JSON.stringify(names)}
        .filter((name) => name in globalThis).concat(typeof Math.random === "undefined" ? [] : ["random"]).join() }`)
      assert.deepInclude(verdict, { reason: "none:" })
      const host = yield* verdictOf(`return { effect: "allow", reason: typeof (() => {}).constructor
        .constructor("return this")().process }`)
      assert.deepInclude(host, { reason: "undefined" })
    }))

  it.effect("is asked one at a time, whoever asks", () =>
    Effect.gen(function*() {
      const spinning = yield* extensionOf("for (;;);", "spinning")
      const good = yield* extensionOf(`return { effect: "deny", reason: request.path }`, "good")
      const fibers = yield* Effect.forEach(["a", "b", "c"], (path) =>
        Effect.fork(Effect.all([spinning.ask(request), good.ask({ ...request, path })])))
      const answers = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        answers.map(([, answer]) =>
          "reason" in answer ? answer.reason : ""
        ),
        ["a", "b", "c"]
      )
      assert.isTrue(answers.every(([failed]) => failed._tag === "Failed" && failed.failure === "timeout"))
    }))

  it.live("is asked again where the machine gave it no time", () =>
    Effect.gen(function*() {
      const good = yield* extensionOf(`return { effect: "allow", reason: "well" }`)
      const stopping = `for n in 1 2 3 4 5 6; do sleep 0.03; kill -STOP $0; sleep 0.15; kill -CONT $0; done`
      const child = spawn("/bin/sh", ["-c", stopping, String(process.pid)], { stdio: "ignore" })
      yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
      while (child.exitCode === null) {
        assert.deepInclude(yield* good.ask(request), { reason: "well" })
        yield* Effect.promise(() => setImmediate())
      }
    }).pipe(Effect.scoped))

  it.effect("lets an interruption through while it spins", () =>
    Effect.gen(function*() {
      const spinning = yield* extensionOf("for (;;);")
      const fiber = yield* Effect.fork(Effect.forever(spinning.ask(request)))
      yield* spinning.ask(request)
      yield* Fiber.interrupt(fiber)
      assert.deepInclude(yield* spinning.ask(request), { failure: "timeout" })
    }))
})
