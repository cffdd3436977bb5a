import { createRequire } from "node:module"
import { join } from "node:path"
import { escapeLine } from "../../internal/escape.ts"
import { within } from "../../internal/within.ts"
import type { Refusal } from "./Program.ts"

type Swc = typeof import("@swc/wasm-typescript")

const load = createRequire(join(import.meta.dirname, "strip.ts"))

const stripMs = 1000

/** What SWC says of a text it does not take; anything else that it throws is its own end. */
const isDiagnosis = (
  error: unknown
): error is { readonly message: string; readonly startLine?: number; readonly startColumn?: number } =>
  typeof error === "object" && error !== null && "code" in error && "message" in error && !(error instanceof Error) &&
  (error.code === "InvalidSyntax" || error.code === "UnsupportedSyntax")

/** Blanks the types out of a TypeScript text: every line and column stays where it is. */
export const strip = (file: string, text: string): string | Refusal => {
  try {
    const { transformSync } = load("@swc/wasm-typescript") as Swc
    return within(stripMs, () => transformSync(text, { filename: file, mode: "strip-only", module: true })).code
  } catch (error) {
    if (isDiagnosis(error)) {
      const { message, startColumn, startLine } = error
      return {
        line: startLine ?? 0,
        column: startColumn === undefined ? 0 : startColumn + 1,
        problem: escapeLine(message)
      }
    }
    // A stripper that broke off in the middle is of no more use to the next file.
    delete load.cache[load.resolve("@swc/wasm-typescript")]
    return { line: 0, column: 0, problem: "its types cannot be removed: it is too deeply nested, or too large" }
  }
}
