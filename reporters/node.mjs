// Reporter of `node --test` for Fluffy's kernel: one JSON line per test, then {"end":true}. See src/Router/runners/jsonLines.ts.
import { resolve } from "node:path"

const maxMessage = 4_000
const line = (value) => `${JSON.stringify(value)}\n`

const messageOf = (error) => {
  if (error === undefined || error === null) return ""
  const cause = error.cause ?? error
  const text = typeof cause === "string" ? cause : cause.stack ?? cause.message ?? error.message ?? ""
  return String(text).slice(0, maxMessage)
}

export default async function*(source) {
  const titles = []
  const errors = new Map()
  const open = new Map()
  for await (const { data, type } of source) {
    const file = data?.file ?? null
    const fileLevel = file !== null && data.nesting === 0 && typeof data.name === "string" &&
      resolve(data.name) === file
    const key = `${file}\0${data?.nesting}\0${data?.name}`
    if (type === "test:stderr" && file !== null) {
      errors.set(file, ((errors.get(file) ?? "") + data.message).slice(-maxMessage))
    } else if (type === "test:enqueue" && !fileLevel) {
      const seen = open.get(key)
      open.set(key, { file, name: String(data.name), count: (seen?.count ?? 0) + 1 })
    } else if (type === "test:start") {
      titles.length = data.nesting
      titles[data.nesting] = String(data.name)
    } else if (type === "test:pass" || type === "test:fail") {
      const failed = type === "test:fail"
      const pending = open.get(key)
      if (pending !== undefined) pending.count--
      const why = data.details?.error?.failureType
      const name = [...titles.slice(0, data.nesting), String(data.name)].join(" > ")
      if (fileLevel) {
        // A file that fails as a whole could not be loaded. One that passes as a whole held no test: `process.exit(0)` looks so too.
        const message = failed
          ? errors.get(file) ?? messageOf(data.details?.error)
          : "no test of node:test ran in this file"
        yield line({ file, name: "(file)", status: failed ? "error" : "skipped", message })
      } else if (data.skip !== undefined && data.skip !== false || data.todo !== undefined && data.todo !== false) {
        yield line({ file, name, status: "skipped" })
      } else if (data.details?.type !== "suite" || failed && why !== "subtestsFailed") {
        yield line(
          failed
            ? { file, name, status: "failed", message: messageOf(data.details?.error) }
            : { file, name, status: "passed" }
        )
      }
    }
  }
  for (const { count, file, name } of open.values()) {
    if (count > 0) yield line({ file, name, status: "failed", message: "it never finished: its process ended first" })
  }
  yield line({ end: true })
}
