import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Script } from "node:vm"

// Set by scripts/build.mjs in the bundle.
declare const FLUFFY_VERSION: string | undefined

type Main = typeof import("./main.ts")

const read = (file: string): Buffer | undefined => {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/**
 * The built command is one function in one file. V8's compiled form of it lies beside it, under the same protection as the code
 * itself; V8 refuses one of another version or of other code, and compiles anew.
 */
const built = (): Main => {
  const file = join(import.meta.dirname, "cli-bundle/main.cjs")
  const cachedData = read(join(import.meta.dirname, `cli-bundle/main.${process.versions.v8}.${process.arch}.cache`))
  const script = new Script(readFileSync(file, "latin1"), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData })
  })
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file))
  return module.exports as Main
}

/** Loads everything else: from the bundle where there is one, from the sources in development. */
export const load = async (): Promise<Main> => typeof FLUFFY_VERSION === "string" ? built() : await import("./main.ts")
