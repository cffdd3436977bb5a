import { execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type BenchRow, isMain, print } from "./report.ts"

const rounds = 11
const root = join(import.meta.dirname, "..")
const bin = join(root, "dist/bin.js")
const environment = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent" }

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** How long a Node program takes from start to end, in ms. */
const wall = (...args: ReadonlyArray<string>): number => {
  const start = performance.now()
  const { status } = spawnSync(process.execPath, [...args], { stdio: "ignore", env: environment })
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`)
  return performance.now() - start
}

/** A provider that turns every request down, and says when the first one came. */
const makeProvider = async () => {
  let arrived = 0
  const server = createServer((request, response) => {
    arrived ||= performance.now()
    request.resume()
    response.writeHead(401, { "content-type": "application/json" }).end("{\"error\": {\"message\": \"no\"}}")
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  return { server, url, take: () => [arrived, arrived = 0][0]! }
}

const makeProject = () => {
  const folder = mkdtempSync(join(tmpdir(), "fluffy-startup-"))
  cpSync(join(root, "demo/project"), folder, { recursive: true })
  execFileSync("git", ["init", "--quiet"], { cwd: folder })
  execFileSync("git", ["add", "--all"], { cwd: folder })
  return folder
}

/** How long it takes from the start of `fluffy "<task>"` to its first request to the model, in ms. */
const firstRequest = async (project: string, provider: Awaited<ReturnType<typeof makeProvider>>): Promise<number> => {
  const start = performance.now()
  const args = [bin, "--model", "compat/none", "--base-url", provider.url, "--no-input", "add a discount"]
  const child = spawn(process.execPath, args, { cwd: project, stdio: "ignore", env: environment })
  const [code] = await once(child, "exit")
  const arrived = provider.take()
  if (arrived === 0) throw new Error(`fluffy ended with ${code} and asked no model`)
  return arrived - start
}

const row = (what: string, reference: number, figure: number, most: number): BenchRow => ({
  what,
  reference,
  figure,
  ratio: figure / reference,
  bar: `<= ${most}x node -e 0`,
  unit: "ms",
  ok: figure <= most * reference
})

/** Start-up of the built command beside that of Node itself, each round one after the other. */
export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  if (!existsSync(bin)) throw new Error("dist/bin.js is missing: npm run build")
  const project = makeProject()
  const provider = await makeProvider()
  const bare: Array<number> = []
  const version: Array<number> = []
  const help: Array<number> = []
  const first: Array<number> = []
  try {
    await firstRequest(project, provider)
    for (let round = 0; round < rounds; round++) {
      bare.push(wall("-e", "0"))
      version.push(wall(bin, "--version"))
      help.push(wall(bin, "--help"))
      first.push(await firstRequest(project, provider))
    }
  } finally {
    provider.server.close()
    rmSync(project, { recursive: true, force: true })
  }
  const reference = median(bare)
  return [
    row("fluffy --version", reference, median(version), 2),
    row("fluffy --help", reference, median(help), 2),
    row("first model request after fluffy \"<task>\"", reference, median(first), 6)
  ]
}

if (isMain(import.meta.url)) process.exitCode = print(await run()) ? 0 : 1
