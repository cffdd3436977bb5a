import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import * as Glob from "../../internal/Glob.ts"
import type { Language } from "./Runner.ts"

const testDirectory = /^(test|tests|__tests__|spec)$/

/** What a language's files are called, its test files by themselves, and whether lying in a folder for tests makes a file one. */
interface Names {
  readonly language: RegExp
  readonly test: RegExp
  readonly inFolder: boolean
}

const names: Record<Language, Names> = {
  javascript: {
    language: /\.[cm]?[jt]sx?$/,
    test: /(^|[._-])(test|spec)\.[cm]?[jt]sx?$|^test-[^/]*\.[cm]?[jt]sx?$/,
    inFolder: true
  },
  python: { language: /\.py$/, test: /^test[^/]*\.py$|_test\.py$/, inFolder: false },
  go: { language: /\.go$/, test: /_test\.go$/, inFolder: false },
  rust: { language: /\.rs$/, test: /(^|_)tests?\.rs$/, inFolder: true },
  ruby: { language: /\.rb$/, test: /^test_[^/]*\.rb$|_(test|spec)\.rb$/, inFolder: false },
  php: { language: /\.php$/, test: /Test\.php$/, inFolder: false },
  dotnet: { language: /\.(cs|fs|vb)$/, test: /(Test|Tests|Spec|Specs)\.(cs|fs|vb)$/, inFolder: false },
  any: { language: /./, test: /(^|[._-])(tests?|spec)[._-]|(Tests?|IT|Spec)\.\w+$|\.(t|bats)$/, inFolder: true }
}

/** Whether a runner of the language would look for tests in the file. */
export const isTestFile = (path: string, language: Language): boolean => {
  const { inFolder, language: extension, test } = names[language]
  const name = posix.basename(path)
  if (!extension.test(name) || /\.d\.[cm]?ts$/.test(path)) return false
  return test.test(name) || (inFolder && path.split("/").slice(0, -1).some((part) => testDirectory.test(part)))
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
