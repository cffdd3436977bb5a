// Makes a fresh clone ready to run: dependencies, build, sandbox. Node's standard library only, since nothing is installed yet.
import { spawnSync } from "node:child_process"
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"

/** The repository's folder. */
export const root = dirname(import.meta.dirname ?? dirname(fileURLToPath(import.meta.url)))

const minimum = [20, 19]
const isRoot = process.getuid?.() === 0
const say = (text) => process.stderr.write(`set-up: ${text}\n`)

const stop = (code, text) => {
  process.stderr.write(`set-up: ${text}\n`)
  process.exit(code)
}

const run = (command, args, env = {}) =>
  spawnSync(command, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 1 << 26 })

const works = (command, args) => run(command, args).status === 0

const tail = (result) =>
  `${result.stdout ?? ""}${result.stderr ?? ""}${result.error ? String(result.error) : ""}`.trimEnd().split("\n").slice(
    -40
  )
    .join("\n")

const requireNode = () => {
  const [major, minor] = process.versions.node.split(".").map(Number)
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return
  stop(
    2,
    `Fluffy needs Node ${minimum.join(".")} or later and this is ${process.versions.node}; install a current Node`
  )
}

/** Whether every package of the lockfile lies in node_modules in the version it names; optional ones depend on the platform. */
const installed = () => {
  const record = join(root, "node_modules", ".package-lock.json")
  if (!existsSync(record)) return false
  try {
    const have = JSON.parse(readFileSync(record, "utf8")).packages
    const want = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages
    return Object.entries(want).every(([path, { optional, version }]) =>
      path === "" || optional === true || have[path]?.version === version
    )
  } catch {
    return false
  }
}

/** node-gyp takes its headers from here instead of downloading them, where this Node came with its own. */
const headers = () => {
  const prefix = dirname(dirname(process.execPath))
  const file = join(prefix, "include", "node", "node_version.h")
  if (!existsSync(file)) return {}
  const text = readFileSync(file, "utf8")
  const part = (name) => text.match(new RegExp(`#define NODE_${name}_VERSION (\\d+)`))?.[1]
  const version = ["MAJOR", "MINOR", "PATCH"].map(part).join(".")
  return version === process.versions.node ? { npm_config_nodedir: prefix } : {}
}

const installDependencies = () => {
  if (installed()) return
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    stop(1, "node_modules is a link, and npm ci would empty what it leads to: install there, or remove the link")
  }
  say("installing dependencies with npm ci (a minute or two where better-sqlite3 must be compiled)")
  const args = ["ci", "--include=dev", "--no-audit", "--no-fund"]
  const cli = process.env.npm_execpath ?? ""
  const result = cli.endsWith("npm-cli.js")
    ? run(process.execPath, [cli, ...args], headers())
    : run("npm", args, headers())
  if (result.status === 0) return
  process.stderr.write(`${tail(result)}\n`)
  const missing = ["python3", "make", "g++"].filter((tool) => !works(tool, ["--version"]))
  stop(
    1,
    missing.length === 0
      ? "npm ci failed, see above; run it again when the cause is mended"
      : `npm ci failed, see above. better-sqlite3 is compiled where no prebuilt binary can be had, and that needs ${
        missing.join(", ")
      }; ${advice(["python3", "make", "g++"])}`
  )
}

const newest = (path) => {
  if (!existsSync(path)) return 0
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))))
}

const build = () => {
  const inputs = [
    "src",
    "policies",
    "scripts/build.mjs",
    "scripts/code-cache.mjs",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json"
  ]
  const built = ["dist/bin.js", "dist/index.js", "dist/index.d.ts"].map((file) => newest(join(root, file)))
  if (Math.min(...built) >= Math.max(...inputs.map((path) => newest(join(root, path))))) return
  say("building dist")
  const result = run(process.execPath, ["scripts/build.mjs"])
  if (result.status === 0) return
  process.stderr.write(`${tail(result)}\n`)
  stop(1, "the build failed, see above")
}

const managers = [
  ["apt-get", ["install", "-y", "--no-install-recommends"]],
  ["dnf", ["install", "-y"]],
  ["pacman", ["-S", "--noconfirm"]],
  ["apk", ["add"]],
  ["zypper", ["--non-interactive", "install"]]
]

const manager = () => managers.find(([name]) => works(name, ["--version"]))

const names = { dnf: { "g++": "gcc-c++" }, pacman: { "g++": "gcc", python3: "python" }, zypper: { "g++": "gcc-c++" } }

const inManager = (
  found,
  packages
) => [found[0], ...found[1], ...packages.map((name) => names[found[0]]?.[name] ?? name)]

/** The command a person types to install these packages here. */
const advice = (packages) => {
  const found = manager()
  if (found === undefined) return `install ${packages.join(", ")} with your package manager`
  return `type: ${isRoot ? "" : "sudo "}${inManager(found, packages).join(" ")}`
}

/** Installs bubblewrap as root or by a sudo that asks no password. True when that went well. */
const installBubblewrap = () => {
  const found = manager()
  if (found === undefined || (!isRoot && !works("sudo", ["-n", "true"]))) return false
  const command = inManager(found, ["bubblewrap"])
  say(`installing the sandbox: ${command.join(" ")}`)
  const privileged = ([name, ...args]) =>
    isRoot
      ? run(name, args, { DEBIAN_FRONTEND: "noninteractive" })
      : run("sudo", ["-n", "env", "DEBIAN_FRONTEND=noninteractive", name, ...args])
  let result = privileged(command)
  if (result.status !== 0 && found[0] === "apt-get") {
    // A fresh image has no package lists yet.
    privileged(["apt-get", "update"])
    result = privileged(command)
  }
  if (result.status !== 0) process.stderr.write(`${tail(result)}\n`)
  return result.status === 0
}

const sandbox = (needed) => {
  if (works("bwrap", ["--version"])) return
  if (process.platform === "linux" && installBubblewrap() && works("bwrap", ["--version"])) return
  const remedy = process.platform === "linux"
    ? advice(["bubblewrap"])
    : "bubblewrap needs Linux; run Fluffy in a Linux machine or virtual machine"
  if (needed) stop(7, `Fluffy runs nothing without a sandbox, and bubblewrap is not installed; ${remedy}`)
  say(`bubblewrap is not installed, so tests that need it are skipped; ${remedy}`)
}

/**
 * Does what is still to be done, with a line for each step: dependencies always, bubblewrap unless `sandbox` is "none",
 * dist unless `build` is false. Where no sandbox can be had, "needed" exits 7 and "wanted" says what it means.
 */
export const setup = ({ build: wanted = true, sandbox: need }) => {
  requireNode()
  installDependencies()
  // The build warms its code cache by a run in the sandbox.
  if (need !== "none") sandbox(need === "needed")
  if (wanted) build()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup({ sandbox: "wanted" })
