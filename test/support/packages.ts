import { Effect, type Scope } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { git } from "./diskProject.ts"

/** A server over TLS with a page, an npm package, a wheel and a git repository; `ca` is a directory that holds its certificate. */
export interface PackageServer {
  readonly port: number
  readonly host: string
  readonly ca: string
  readonly requests: ReadonlyArray<string>
}

const host = "packages.example"

const certificate = (directory: string) => {
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", `/CN=${host}`, "-addext", `subjectAltName=DNS:${host}`],
    ...["-keyout", join(directory, "key.pem"), "-out", join(directory, "ca", "ca.pem")]
  ], { encoding: "utf8" })
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`)
}

const npmPackage = (directory: string): Buffer => {
  const root = join(directory, "package")
  mkdirSync(root)
  writeFileSync(join(root, "package.json"), JSON.stringify({ name: "tiny", version: "1.0.0", main: "index.js" }))
  writeFileSync(join(root, "index.js"), "module.exports = 'tiny from npm'\n")
  return execFileSync("tar", ["-cz", "-C", directory, "package"])
}

const wheel = (directory: string): Buffer => {
  const file = join(directory, "tiny-1.0.0-py3-none-any.whl")
  const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny.py", "said = 'tiny from pip'\\n")
    wheel.writestr("tiny-1.0.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0.0\\n")
    wheel.writestr("tiny-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("tiny-1.0.0.dist-info/RECORD", "tiny.py,,\\n")
`
  execFileSync("python3", ["-c", script, file])
  return readFileSync(file)
}

const repository = (directory: string): string => {
  const work = join(directory, "work")
  mkdirSync(work)
  writeFileSync(join(work, "said"), "tiny from git\n")
  git(work, "init", "-q", "--template=")
  git(work, "add", "-A")
  git(work, "commit", "-q", "-m", "Start")
  git(work, "clone", "-q", "--bare", "--template=", work, join(directory, "tiny.git"))
  git(join(directory, "tiny.git"), "update-server-info")
  return join(directory, "tiny.git")
}

const contentOf = (directory: string, port: () => number) => {
  const tarball = npmPackage(directory)
  const python = wheel(directory)
  const bare = repository(directory)
  const packument = () => ({
    name: "tiny",
    "dist-tags": { latest: "1.0.0" },
    versions: {
      "1.0.0": { name: "tiny", version: "1.0.0", dist: { tarball: `https://${host}:${port()}/tiny/-/tiny-1.0.0.tgz` } }
    }
  })
  return (path: string): string | Buffer | undefined => {
    if (path === "/hello") return "hello over TLS\n"
    if (path === "/tiny") return JSON.stringify(packument())
    if (path === "/tiny/-/tiny-1.0.0.tgz") return tarball
    if (path === "/simple/tiny/") return `<a href="/files/tiny-1.0.0-py3-none-any.whl">tiny-1.0.0-py3-none-any.whl</a>`
    if (path === "/files/tiny-1.0.0-py3-none-any.whl") return python
    if (!/^\/tiny\.git\/[\w./-]+$/.test(path) || path.includes("..")) return undefined
    try {
      return readFileSync(join(bare, path.slice("/tiny.git/".length)))
    } catch {
      return undefined
    }
  }
}

/** What else a server answers to a path; null: never anything. */
export type Further = (path: string) => Buffer | null | undefined

/** The server with further answers of a test's own; gone with the scope. */
export const packageServerWith = (further: Further): Effect.Effect<PackageServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "fluffy-packages-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
    const ca = join(directory, "ca")
    mkdirSync(ca)
    certificate(directory)
    for (const path of [directory, ca]) chmodSync(path, 0o755)
    const requests: Array<string> = []
    let port = 0
    const content = contentOf(directory, () => port)
    const options = { key: readFileSync(join(directory, "key.pem")), cert: readFileSync(join(ca, "ca.pem")) }
    const server = createServer(options, (request, response) => {
      const path = (request.url ?? "").split("?")[0]!
      requests.push(path)
      const own = further(path)
      if (own === null) return
      const body = own ?? content(path)
      response.writeHead(
        body === undefined ? 404 : 200,
        path.startsWith("/simple/") ? { "content-type": "text/html" } : {}
      )
      response.end(body)
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    )
    port = (server.address() as { readonly port: number }).port
    return { port, host, ca, requests }
  })

/** Starts the server on this machine's loopback; gone with the scope. */
export const packageServer: Effect.Effect<PackageServer, never, Scope.Scope> = packageServerWith(() => undefined)
