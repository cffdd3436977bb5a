import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import * as Glob from "../../internal/Glob.ts"
import type { Language } from "./Runner.ts"

const javascript = /\.[cm]?[jt]sx?$/
const javascriptName = /(^|[._-])(test|spec)\.[cm]?[jt]sx?$|^test-[^/]*\.[cm]?[jt]sx?$/
const testDirectory = /^(test|tests|__tests__|spec)$/
const pythonName = /^test[^/]*\.py$|_test\.py$/

/** The language a file's tests would be in. */
const languageOf = (path: string): Language | null =>
  javascript.test(path) ? "javascript" : path.endsWith(".py") ? "python" : null

/** Whether a runner of the language would look for tests in the file. */
export const isTestFile = (path: string, language: Language): boolean => {
  if (languageOf(path) !== language || /\.d\.[cm]?ts$/.test(path)) return false
  const name = posix.basename(path)
  if (language === "python") return pythonName.test(name)
  return javascriptName.test(name) || path.split("/").slice(0, -1).some((part) => testDirectory.test(part))
}

const maxAlternatives = 64

/** Writes out `{a,b}`; patterns with too many alternatives are taken as they stand. */
const expandBraces = (pattern: string): ReadonlyArray<string> => {
  const patterns = [pattern]
  for (let at = 0; at < patterns.length && patterns.length <= maxAlternatives;) {
    const [whole, inner] = /\{([^{}]*,[^{}]*)\}/.exec(patterns[at]!) ?? []
    if (whole === undefined || inner === undefined) at++
    else patterns.splice(at, 1, ...inner.split(",").map((part) => patterns[at]!.replace(whole, () => part)))
  }
  return patterns.length <= maxAlternatives ? patterns : [pattern]
}

export const isGlob = (text: string): boolean => /[*?[{]/.test(text)

/** The files below `directory` that a path or glob relative to it names; a directory names all files in it. */
export const filesNamed = (
  word: string,
  directory: string,
  files: ReadonlyArray<ProjectPath>
): ReadonlyArray<ProjectPath> => {
  const plain = posix.join(directory, word).replace(/\/$/, "")
  if (plain.startsWith("..")) return []
  if (!isGlob(word) || files.some((file) => file === plain)) {
    return files.filter((file) => plain === "." || file === plain || file.startsWith(`${plain}/`))
  }
  const matches = Glob.compile(expandBraces(plain).map((pattern) => `/${pattern}`))
  return files.filter((file) => matches(file))
}
