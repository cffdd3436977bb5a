// npm run build: dist/ with the bundled command (bin.js, cli-bundle/) and the library with its declarations. It is built beside
// the old one and then takes its place. `--bundle` builds the command alone.
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { parse } from "yaml"
import { root } from "./setup.mjs"

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const dist = join(root, "dist")
const next = join(root, `dist.${process.pid}.tmp`)

/** Effect's Schema can make test data, which the command never does: the generator is left out. */
const withoutGenerators = {
  name: "without-generators",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^fast-check$/ }, () => ({ path: "fast-check", namespace: "empty" }))
    onLoad({ filter: /^fast-check$/, namespace: "empty" }, () => ({ contents: "module.exports = {}", loader: "js" }))
  }
}

const deep = (names) =>
  names.split(",").map((name) => name.trim()).filter((name) => name !== "" && !name.startsWith("type ")).map((name) => {
    const [module, as = module] = name.split(" as ")
    return `import * as ${as} from "effect/${module}"`
  }).join("; ")

/** `import { Effect } from "effect"` would run all of Effect's modules at every start: each is imported by its own name instead. */
const deepImports = {
  name: "deep-imports",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/^import \{([^}]*)\} from "effect"$/gm, (_, names) => deep(names)),
      loader: "ts"
    }))
}

/** The shipped rules as data, by the SHA-256 of their file: reading YAML takes a good part of a start. */
function policies() {
  const texts = readdirSync(join(root, "policies")).filter((name) => name.endsWith(".yaml")).map((name) =>
    readFileSync(join(root, "policies", name), "utf8")
  )
  return Object.fromEntries(texts.map((text) => [createHash("sha256").update(text).digest("hex"), parse(text).rules]))
}

/** The seccomp profiles as code for each processor, by what src/Sandbox/bubblewrap/filter.ts asks for: compiling takes a while. */
async function filters() {
  const entry = join(root, "src/Sandbox/bubblewrap/compileFilter.ts")
  const { outputFiles: [{ text }] } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false })
  const { compileFilter } = await import(`data:text/javascript,${encodeURIComponent(text)}`)
  const read = (name) => readFileSync(join(root, "seccomp", `${name}.json`), "utf8")
  const syscalls = read("syscalls")
  return Object.fromEntries(
    ["strict", "standard", "standard-net"].map(read).flatMap((profile) => {
      const hash = createHash("sha256").update(profile).update(syscalls).digest("hex")
      return Object.keys(JSON.parse(syscalls)).map((architecture) => [
        `${architecture} ${hash}`,
        Buffer.from(compileFilter(profile, syscalls, architecture)).toString("base64")
      ])
    })
  )
}

const common = {
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20",
  // Native code and programs cannot be bundled, and secret patterns are large and seldom needed; the rest of what the command needs is.
  external: ["better-sqlite3", "dockerode", "koffi", "@vscode/ripgrep", "@secretlint/*"],
  define: { FLUFFY_VERSION: JSON.stringify(version) },
  logLevel: "warning"
}

/** What answers at once: arguments, help, version. */
const entry = () =>
  build({ ...common, entryPoints: [join(root, "src/bin.ts")], outfile: join(next, "bin.js"), format: "esm" })

/** JSON in plain ASCII. */
const literal = (value) =>
  JSON.stringify(value).replace(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Everything else as one function in one file of plain ASCII: see src/cli/load.ts. */
const command = async () => {
  const prepared = `const FLUFFY_POLICIES=${literal(policies())},FLUFFY_FILTERS=${literal(await filters())};`
  await build({
    ...common,
    entryPoints: [join(root, "src/cli/main.ts")],
    outfile: join(next, "cli-bundle/main.cjs"),
    format: "cjs",
    charset: "ascii",
    // A script that comes from a code cache can load no modules but by require.
    supported: { "dynamic-import": false },
    plugins: [withoutGenerators, deepImports],
    define: { ...common.define, "import.meta.dirname": "__dirname" },
    banner: { js: `(function(exports,require,module,__filename,__dirname){${prepared}` },
    footer: { js: "})" }
  })
}

const run = async (what, args, options) => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options })
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`${what} (it ended with ${code})`)
}

/** V8's compiled form of the command, for this Node. Without it the command starts later and works the same. */
const codeCache = () =>
  run("no code cache could be made", [join(root, "scripts/code-cache.mjs"), join(next, "cli-bundle")])

const library = () =>
  run("the library does not compile", [
    join(root, "node_modules/typescript/bin/tsc"),
    "--project",
    "tsconfig.build.json",
    "--outDir",
    next
  ])

/** Puts what was built in the place of what was there before. */
const replace = (whole) => {
  if (whole) rmSync(dist, { recursive: true, force: true })
  else rmSync(join(dist, "cli-bundle"), { recursive: true, force: true })
  if (whole) renameSync(next, dist)
  else cpSync(next, dist, { recursive: true })
}

const sweep = () => {
  for (const name of readdirSync(root)) {
    const [, pid] = /^dist\.(\d+)\.tmp$/.exec(name) ?? []
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(root, name), { recursive: true, force: true })
  }
}

const whole = !process.argv.includes("--bundle")
sweep()
mkdirSync(next)
try {
  const bundled = Promise.all([entry(), command()]).then(codeCache)
  await Promise.all(whole ? [bundled, library()] : [bundled])
  chmodSync(join(next, "bin.js"), 0o755)
  replace(whole)
} catch (error) {
  process.stderr.write(`The build failed: ${error.message}\n`)
  process.exitCode = 1
} finally {
  rmSync(next, { recursive: true, force: true })
}
