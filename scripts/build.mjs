// npm run build: dist/ with the bundled command (bin.js, cli-bundle/) and the library with its declarations. It is built beside
// the old one and then takes its place. `--bundle` builds the command alone.
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { root } from "./setup.mjs"

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const dist = join(root, "dist")
const next = join(root, `dist.${process.pid}.tmp`)

// Native code and programs cannot be bundled; the rest of what the command needs is.
const external = ["better-sqlite3", "dockerode", "koffi", "@vscode/ripgrep"]

const bundle = () =>
  build({
    entryPoints: [join(root, "src/bin.ts")],
    outdir: next,
    chunkNames: "cli-bundle/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    // Classes are named in messages and spans.
    keepNames: false,
    platform: "node",
    target: "node20",
    format: "esm",
    external,
    define: { FLUFFY_VERSION: JSON.stringify(version) },
    // What was CommonJS calls require, which a module has not.
    banner: {
      js: "import{createRequire as __createRequire}from\"node:module\";const require=__createRequire(import.meta.url);"
    },
    logLevel: "warning"
  })

const library = async () => {
  const compiler = join(root, "node_modules/typescript/bin/tsc")
  const child = spawn(process.execPath, [compiler, "--project", "tsconfig.build.json", "--outDir", next], {
    cwd: root,
    stdio: "inherit"
  })
  const [code] = await once(child, "exit")
  if (code !== 0) throw new Error(`the library does not compile (tsc ended with ${code})`)
}

/** Puts what was built in the place of what was there before. */
const replace = (whole) => {
  if (whole) {
    rmSync(dist, { recursive: true, force: true })
    renameSync(next, dist)
    return
  }
  rmSync(join(dist, "cli-bundle"), { recursive: true, force: true })
  cpSync(next, dist, { recursive: true })
}

const whole = !process.argv.includes("--bundle")
for (const name of readdirSync(root)) {
  if (/^dist\.\d+\.tmp$/.test(name) && !existsSync(`/proc/${name.split(".")[1]}`)) {
    rmSync(join(root, name), { recursive: true, force: true })
  }
}
mkdirSync(next)
try {
  await Promise.all(whole ? [bundle(), library()] : [bundle()])
  chmodSync(join(next, "bin.js"), 0o755)
  replace(whole)
} catch (error) {
  process.stderr.write(`The build failed: ${error.message}\n`)
  process.exitCode = 1
} finally {
  rmSync(next, { recursive: true, force: true })
}
