import { readFileSync } from "node:fs"
import { join } from "node:path"

// Set by scripts/build.mjs in the bundle.
declare const FLUFFY_VERSION: string | undefined

const fromManifest = (): string =>
  String(JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")).version)

/** This package's version, without reading a file where it was built in. */
export const version = (): string => typeof FLUFFY_VERSION === "string" ? FLUFFY_VERSION : fromManifest()
