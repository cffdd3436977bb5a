import type { TestCase } from "../../domain/Verdict.ts"
import { toProjectPath } from "./reportPath.ts"
import { maxMessage, type Places } from "./reportText.ts"

/** A path with a position: `a_test.go:5:9:`, `FooTests.cs(8,20):`, `FooTest.java:[8,5]`, `ATest.php on line 3`. */
const positioned = /(?:^|[\s"'(])((?:\.{0,2}\/)?[^\s"'():[\]]+\.\w+)(?:[:(]\[?\d| on line \d)/

const maxErrors = 100

/**
 * The files of the project that a build complains of, each as a test file that could not be loaded, with the lines that say so. Only
 * lines that match `says` are complaints.
 */
export const buildErrors = (output: string, places: Places, says: RegExp): ReadonlyArray<TestCase> => {
  const known = new Set<string>(places.files)
  const messages = new Map<NonNullable<TestCase["file"]>, string>()
  for (const line of output.split("\n")) {
    const file = says.test(line) ? toProjectPath(positioned.exec(line)?.[1], places) : null
    if (file === null || !known.has(file) || messages.size >= maxErrors) continue
    const message = messages.get(file)
    messages.set(file, (message === undefined ? line.trim() : `${message}\n${line.trim()}`).slice(0, maxMessage))
  }
  return [...messages].map(([file, message]) => ({ file, name: "(file)", status: "error", message }))
}
