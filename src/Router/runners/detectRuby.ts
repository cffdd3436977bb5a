import { Effect, Option } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import { minitest } from "./minitest.ts"
import type { PackageFiles } from "./packages.ts"
import { rspec } from "./rspec.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { shellWords } from "./shellWords.ts"
import { isTestFile } from "./testFiles.ts"

const isSpec = (file: string) => isTestFile(file, "ruby") && file.endsWith("_spec.rb")
const isTest = (file: string) => isTestFile(file, "ruby") && !file.endsWith("_spec.rb")

const maxSniffed = 20

// RSpec loads what .rspec requires before what its command line does, and the reporter has to be there first.
const rspecOptions = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, directory: string) {
  const text = Option.getOrElse(yield* project.read(posix.join(directory, ".rspec")), () => "")
  return ["--options=/dev/null", ...shellWords(text.replaceAll(/^[ \t]*#.*$/gm, "")).flat()]
})

const some = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  files: ReadonlyArray<ProjectPath>,
  sign: RegExp
) {
  for (const file of files.slice(0, maxSniffed)) {
    if (sign.test(Option.getOrElse(yield* project.read(file), () => ""))) return true
  }
  return false
})

/** The Ruby runners of one package: RSpec for `*_spec.rb`, minitest for `*_test.rb` and `test_*.rb`, and for specs that require it. */
export const detectRuby = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { direct }: PackageFiles
) {
  const specs = direct.filter(isSpec)
  const tests = direct.filter(isTest)
  const has = (name: string) => direct.includes(posix.join(directory, name) as ProjectPath)
  const manifests = direct.filter((file) =>
    posix.dirname(file) === directory && /^Gemfile(\.lock)?$|\.gemspec$/.test(posix.basename(file))
  )
  const declaresRspec = has(".rspec") || (yield* some(project, manifests, /\brspec(-core|-rails)?\b/))
  const declaresMinitest = yield* some(project, manifests, /\bminitest\b/)
  const minitestSpecs = !declaresRspec && (declaresMinitest || (yield* some(project, specs, /["']minitest\b/)))
  const bundled = has("Gemfile.lock")
  const options = yield* rspecOptions(project, directory)
  const of = (runner: typeof rspec, program: string, owns: Detection["owns"], declared: boolean): Detection => ({
    runner,
    directory,
    program: { name: bundled ? "bundle" : program },
    args: [...(bundled ? ["exec", program] : []), ...(runner === rspec ? options : [])],
    env: {},
    declared,
    alone: true,
    owns
  })
  const rspecs = !minitestSpecs && (declaresRspec || specs.length > 0)
  const minitests = minitestSpecs || tests.length > 0 || (declaresMinitest && !declaresRspec)
  return [
    ...(rspecs ? [of(rspec, "rspec", isSpec, declaresRspec)] : []),
    ...(minitests
      ? [of(minitest, "ruby", minitestSpecs ? (file) => isTestFile(file, "ruby") : isTest, false)]
      : [])
  ]
})
