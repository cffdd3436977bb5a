// Runs test files of node:test for Fluffy's kernel, each in a process of its own, and writes their report: one sealed JSON line per
// test, then {"end":true}. No code of the project runs in this process, and nobody else has its standard output.
// Arguments: NAME=VALUE... -- OPTION... -- FILE-OR-DIRECTORY...; variables and options are for the test files' processes.
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { readdirSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import { join, resolve } from "node:path"

const { print, readInput, sealer, unseal } = createRequire(import.meta.url)("./seal.cjs")

const maxReport = 16 * 1024 * 1024
const maxOutput = 128 * 1024
const maxMessage = 4_000
const graceMs = 300

const write = sealer(readInput().trim(), 1)
const words = process.argv.slice(2)
const variables = words.splice(0, words.indexOf("--"))
const given = words.splice(0, words.indexOf("--", 1)).slice(1)
const named = words.slice(1)

const environment = { ...process.env, ...Object.fromEntries(variables.map((pair) => pair.split(/=(.*)/s))) }
const nodeOptions = environment.NODE_OPTIONS ?? null
delete environment.NODE_OPTIONS

/** The project's options for node. What it requires is loaded by guard.mjs: node itself would load it before anything else. */
const requires = []
const options = []
const all = [...nodeOptions?.split(/\s+/).filter((word) => word !== "") ?? [], ...given]
for (let at = 0; at < all.length; at++) {
  const [, value] = /^(?:--require|-r)=(.*)$/s.exec(all[at]) ?? []
  if (value !== undefined) requires.push(value)
  else if (all[at] === "--require" || all[at] === "-r") requires.push(all[++at] ?? "")
  else options.push(all[at])
}

const here = (name) => join(import.meta.dirname, "node", name)
const testName = /((^test(-.+)?)|(.+[.\-_](test|spec)))\.[cm]?[jt]s$/

/** Test files below a directory: by their name, or all of a directory called `test`. */
const walk = (directory, everything) =>
  readdirSync(directory, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) {
      return entry.name === "node_modules" || entry.name.startsWith(".")
        ? []
        : walk(path, everything || entry.name === "test")
    }
    return entry.isFile() && /\.[cm]?[jt]s$/.test(entry.name) && (everything || testName.test(entry.name)) ? [path] : []
  })

const filesOf = (word) => statSync(word, { throwIfNoEntry: false })?.isDirectory() ? walk(resolve(word), false) : [word]

const collect = (stream, limit) => {
  const parts = []
  let size = 0
  stream.on("error", () => {})
  stream.on("data", (chunk) => {
    size += chunk.length
    if (size <= limit) parts.push(chunk)
  })
  return () => ({ text: Buffer.concat(parts).toString("utf8"), whole: size <= limit })
}

const execute = (file) =>
  new Promise((settle) => {
    const key = randomBytes(32).toString("hex")
    const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"]
    const own = [`--test-reporter=${here("lines.mjs")}`, "--test-reporter-destination=stderr"]
    const child = spawn(process.execPath, [`--import=${here("guard.mjs")}`, ...options, ...reporters, ...own, file], {
      env: environment,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true
    })
    const report = collect(child.stdio[3], maxReport)
    const output = collect(child.stdout, maxOutput)
    const errors = collect(child.stderr, maxOutput)
    child.stdin.on("error", () => {})
    child.stdin.end(JSON.stringify({ key, requires, nodeOptions, execArgv: options }))
    let left = false
    const leave = (code, signal) => {
      if (left) return
      left = true
      for (const stream of child.stdio) stream.destroy()
      const { text, whole } = report()
      const read = unseal(key, text)
      settle({
        code,
        signal,
        values: read.values,
        intact: read.intact && whole,
        out: output().text,
        err: errors().text
      })
    }
    child.on("error", () => leave(1, null))
    child.on("exit", (code, signal) => {
      try {
        process.kill(-child.pid, "SIGKILL")
      } catch {
        // It left no process behind.
      }
      // A process that got away may hold the pipes open for ever.
      const timer = setTimeout(() => leave(code, signal), graceMs)
      child.on("close", () => {
        clearTimeout(timer)
        leave(code, signal)
      })
    })
  })

/** The tests of one file as its process told them, and what its end says of the whole. */
const judge = ({ code, err, intact, signal, values }) => {
  const open = new Map()
  for (const { done, queued } of values) {
    if (queued !== undefined) open.set(queued, (open.get(queued) ?? 0) + 1)
    if (done !== undefined) open.set(done, (open.get(done) ?? 0) - 1)
  }
  const cases = values.filter(({ status }) => status !== undefined).map(({ message, name, status }) => ({
    name,
    status,
    ...(message === undefined ? {} : { message })
  }))
  const unfinished = [...open].filter(([, count]) => count > 0).map(([queued]) => ({
    name: queued.slice(queued.indexOf(" ") + 1),
    status: "failed",
    message: "it never finished: its process ended first"
  }))
  const ended = values.at(-1)?.end === true
  const failed = cases.some(({ status }) => status === "failed")
  const note = values.find(({ note }) => note !== undefined)?.note
  const whole = (status, message) => [{ name: "(file)", status, message: message.slice(-maxMessage) }]
  if (!intact) return { cases, problem: "its report was tampered with" }
  if (ended) {
    if (failed && code === 0) return { cases, problem: "tests failed in it but its process ended with 0" }
    if (!failed && code !== 0) return { cases: [...cases, ...whole("error", note ?? err)] }
    return cases.length > 0 ? { cases } : { cases: whole("skipped", "no test of node:test ran in this file") }
  }
  if (signal !== null) return { cases: [...cases, ...unfinished], problem: `its process was killed (${signal})` }
  if (open.size === 0) {
    return code === 0
      ? { cases: whole("skipped", "no test of node:test ran in this file") }
      : { cases: whole("error", err) }
  }
  if (code === 0) return { cases: [...cases, ...unfinished], problem: "its process ended before its tests did" }
  return { cases: [...cases, ...unfinished.length > 0 ? unfinished : whole("error", err)] }
}

const files = named.length > 0 ? named.flatMap(filesOf) : walk(process.cwd(), false)
const queue = [...new Set(files.map((file) => resolve(file)))]
let bad = false
const work = async () => {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const ended = await execute(file)
    const { cases, problem } = judge(ended)
    for (const test of cases) {
      bad ||= test.status === "failed" || test.status === "error"
      write({ file, ...test })
    }
    if (problem !== undefined) write({ problem: `${file}: ${problem}` })
    print(2, `${ended.out}${ended.err}`)
  }
}
await Promise.all(Array.from({ length: Math.max(1, availableParallelism() - 1) }, work))
write({ end: true })
process.exit(bad ? 1 : 0)
