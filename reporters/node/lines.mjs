// Reporter inside the process of one test file: takes each event of node:test at its source and sends it, sealed, to reporters/node.mjs.
import { createRequire } from "node:module"
import { Transform } from "node:stream"
import { isMainThread } from "node:worker_threads"

const { readInput, sealer } = createRequire(import.meta.url)("../seal.cjs")
const { apply, defineProperty } = Reflect

const maxMessage = 4_000
const reportDescriptor = 3

const messageOf = (error) => {
  try {
    const cause = error?.cause ?? error
    return String(typeof cause === "string" ? cause : cause?.stack ?? cause?.message ?? error?.message ?? "").slice(
      0,
      maxMessage
    )
  } catch {
    return ""
  }
}

const isSet = (directive) => directive !== undefined && directive !== false

const watch = (source, send) => {
  const titles = []
  const seen = (type, data) => {
    const nesting = data.nesting
    const name = String(data.name)
    if (type === "test:enqueue") send({ __proto__: null, queued: `${nesting} ${name}` })
    else if (type === "test:start") {
      titles.length = nesting
      titles[nesting] = name
    } else if (type === "test:diagnostic" && nesting === 0 && `${data.message}`.startsWith("Error: ")) {
      send({ __proto__: null, note: `${data.message}`.slice(0, maxMessage) })
    } else if (type === "test:pass" || type === "test:fail") {
      const failed = type === "test:fail"
      const error = data.details?.error
      let path = ""
      for (let at = 0; at < nesting; at++) path += `${titles[at]} > `
      const test = { __proto__: null, done: `${nesting} ${name}`, name: path + name }
      if (isSet(data.skip) || isSet(data.todo)) send({ ...test, __proto__: null, status: "skipped" })
      else if (data.details?.type === "suite" && !(failed && error?.failureType !== "subtestsFailed")) send(test)
      else if (failed) send({ ...test, __proto__: null, status: "failed", message: messageOf(error) })
      else send({ ...test, __proto__: null, status: "passed" })
    }
  }
  const { emit, end } = source
  defineProperty(source, "emit", {
    value(type, data) {
      if (typeof type === "string" && type.startsWith("test:")) seen(type, data)
      return apply(emit, source, arguments)
    }
  })
  defineProperty(source, "end", {
    value() {
      send({ __proto__: null, end: true })
      return apply(end, source, [])
    }
  })
}

/** What the runner told this process on standard input, and when its tests are being watched. */
export const told = isMainThread ? JSON.parse(readInput()) : { key: "" }
let begin
export const watching = new Promise((resolve) => {
  begin = resolve
})

let send = isMainThread ? sealer(told.key, reportDescriptor) : undefined
delete told.key

export default class extends Transform {
  constructor() {
    super({ objectMode: true, transform: (_event, _encoding, done) => done() })
    this.once("pipe", (source) => {
      // The first stream is node:test's own: guard.mjs waits for it before any code of the project runs.
      if (send !== undefined) watch(source, send)
      send = undefined
      begin()
    })
  }
}
