import { Effect, Either, Schema } from "effect"
import { posix } from "node:path"
import type { Ecosystem, Inputs, Locked, ReadInput } from "./Ecosystem.ts"
import { isInside, maxLockfile, maxManifest, maxMembers } from "./limits.ts"

const Package = Schema.Struct({
  name: Schema.optional(Schema.String),
  link: Schema.optional(Schema.Boolean),
  inBundle: Schema.optional(Schema.Boolean),
  integrity: Schema.optional(Schema.String),
  version: Schema.optional(Schema.String),
  resolved: Schema.optional(Schema.Union(Schema.String, Schema.Boolean))
})
const decodeLock = Schema.decodeUnknownEither(Schema.parseJson(Schema.Struct({
  lockfileVersion: Schema.Number,
  packages: Schema.Record({ key: Schema.String, value: Package })
})))
const decodeManifest = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)

/** What `npm ci` compares with the lockfile and links by: scripts, and whatever else a manifest says, stay where they are. */
const kept = [
  ...["name", "version", "workspaces", "bin", "engines", "os", "cpu", "libc", "overrides"],
  ...["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"],
  ...["bundleDependencies", "bundledDependencies"]
]

const manifestOf = Effect.fnUntraced(function*(read: ReadInput, path: string) {
  const bytes = yield* read(path, maxManifest)
  if (bytes === undefined) return `there is no ${path}`
  if (typeof bytes === "string") return bytes
  const whole = decodeManifest(Buffer.from(bytes).toString("utf8"))
  if (Either.isLeft(whole)) return `${path} is no JSON object`
  const some = Object.fromEntries(kept.flatMap((key) => key in whole.right ? [[key, whole.right[key]]] : []))
  return { path, bytes: Buffer.from(`${JSON.stringify(some, null, 2)}\n`) }
})

const isWeb = /^https?:\/\//i

type Packages = Readonly<Record<string, typeof Package.Type>>

const isInstalled = (path: string) => path.split("/").includes("node_modules")

/** The folders of the project that the lockfile names as its own, or why it cannot be installed from. */
const membersOf = (lockfile: string, packages: Packages): ReadonlyArray<string> | string => {
  const members = Object.keys(packages).filter((path) => path !== "" && !isInstalled(path))
  if (members.length > maxMembers) return `${lockfile} has more than ${maxMembers} workspaces`
  const outside = members.find((path) => !isInside(path))
  if (outside !== undefined) return `${lockfile} names ${JSON.stringify(outside)}, which is not in its folder`
  for (const [path, { link, resolved, version = "" }] of Object.entries(packages)) {
    const from = typeof resolved === "string" ? resolved : ""
    if (!isInside(path) && path !== "") return `${lockfile} names ${JSON.stringify(path)}, which is not in its folder`
    if (link === true && !members.includes(from)) {
      return `${lockfile} links ${path} to ${JSON.stringify(from)}, which is no workspace of it`
    }
    // Where there is no address npm goes by the version, which may be one, or a path.
    const strange = link !== true && from !== "" && !isWeb.test(from)
      ? from
      : !members.includes(path) && /[:/]/.test(version)
      ? version
      : undefined
    if (strange !== undefined) {
      return `${lockfile} takes ${path} from ${JSON.stringify(strange.slice(0, 300))}, not from a registry`
    }
  }
  return members
}

/** What npm takes for a hash (W3C Subresource Integrity); by anything else it checks nothing. */
const hash = /(?:^|\s)sha(?:1|256|384|512)-[A-Za-z0-9+/]{27,}={0,2}(?:\s|$)/

const lockedAs = (path: string, one: typeof Package.Type): Locked => {
  const { inBundle, integrity = "", name, resolved, version = "" } = one
  const shown = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)
  const host = typeof resolved === "string" && URL.canParse(resolved) ? new URL(resolved).host : undefined
  const title = `${shown}${name === undefined || name === shown ? "" : ` (which is ${name})`} ${version}`
  return { title, host, hashed: hash.test(integrity) || inBundle === true, all: JSON.stringify(one) }
}

const packages = (bytes: Uint8Array): ReadonlyMap<string, Locked> | undefined =>
  Either.match(decodeLock(Buffer.from(bytes).toString("utf8")), {
    onLeft: () => undefined,
    onRight: (lock) =>
      new Map(
        Object.entries(lock.packages).flatMap(([path, one]) =>
          isInstalled(path) && one.link !== true ? [[path, lockedAs(path, one)] as const] : []
        )
      )
  })

const read = Effect.fnUntraced(function*(
  input: ReadInput,
  lockfile: string
): Effect.fn.Return<Inputs | string> {
  const bytes = yield* input(lockfile, maxLockfile)
  if (bytes === undefined || typeof bytes === "string") return bytes ?? `there is no ${lockfile}`
  const lock = decodeLock(Buffer.from(bytes).toString("utf8"))
  if (Either.isLeft(lock) || lock.right.lockfileVersion < 2) {
    return `${lockfile} is none of npm 7 or later; a person makes one with: npm install --package-lock-only`
  }
  const members = membersOf(lockfile, lock.right.packages)
  if (typeof members === "string") return members
  const manifests: Array<Inputs["files"][number]> = []
  for (const path of ["", ...members]) {
    const manifest = yield* manifestOf(input, posix.join(path, "package.json"))
    if (typeof manifest === "string") return manifest
    manifests.push(manifest)
  }
  return {
    lockfile,
    files: [...manifests, { path: lockfile, bytes }],
    trees: ["node_modules", ...members.map((path) => `${path}/node_modules`)],
    members
  }
})

/** `npm ci`, without the scripts of packages; a project's `.npmrc` is not read, since it may hold a token. */
export const npm: Ecosystem = {
  name: "npm",
  version: 1,
  lockfiles: ["npm-shrinkwrap.json", "package-lock.json"],
  registry: { url: "https://registry.npmjs.org/", hosts: [] },
  probe: `node -p 'process.report.excludeNetwork = true
JSON.stringify([process.version, process.platform, process.arch, process.report.getReport().header.glibcVersionRuntime])' && npm --version`,
  script: `exec npm ci --ignore-scripts --no-audit --no-fund --registry "$1" --cache "$2"`,
  env: {
    npm_config_globalconfig: "/dev/null",
    npm_config_ignore_scripts: "true",
    npm_config_update_notifier: "false",
    npm_config_progress: "false",
    npm_config_loglevel: "error",
    npm_config_logs_max: "0",
    npm_config_fetch_retries: "1",
    npm_config_fetch_timeout: "60000"
  },
  read,
  packages
}
