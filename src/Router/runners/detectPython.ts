import { Effect, Option } from "effect"
import { posix } from "node:path"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection } from "./Detection.ts"
import type { PackageFiles } from "./packages.ts"
import { pytest } from "./pytest.ts"
import type { RunnerProject } from "./RunnerProject.ts"
import { isTestFile } from "./testFiles.ts"
import { unittest } from "./unittest.ts"

/** What says that a project uses pytest, file by file. */
const signs: ReadonlyArray<readonly [file: string, sign: RegExp]> = [
  ["pytest.ini", /^/],
  ["conftest.py", /^/],
  ["pyproject.toml", /^\s*\[tool\.pytest|["']pytest\b(?![\w-])|^\s*pytest\s*=/m],
  ["setup.cfg", /^\s*\[tool:pytest\]|^\s*pytest\b(?![\w-])/m],
  ["tox.ini", /^\s*\[pytest\]|^\s*(deps\s*=\s*)?pytest\b(?![\w-])/m],
  ["setup.py", /["']pytest\b(?![\w-])/],
  ["requirements.txt", /^\s*pytest\b(?![\w-])/m],
  ["requirements-dev.txt", /^\s*pytest\b(?![\w-])/m],
  ["dev-requirements.txt", /^\s*pytest\b(?![\w-])/m],
  ["Pipfile", /^\s*pytest\s*=/m],
  ["poetry.lock", /^name = "pytest"$/m],
  ["uv.lock", /^name = "pytest"$/m]
]

const declaresPytest = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, directory: string) {
  for (const [file, sign] of signs) {
    const text = yield* project.read(posix.join(directory, file))
    if (Option.exists(text, (text) => sign.test(text))) return true
  }
  return false
})

const maxSniffed = 20

const importsPytest = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, tests: ReadonlyArray<ProjectPath>) {
  for (const file of tests.slice(0, maxSniffed)) {
    if (/^\s*(import|from)\s+pytest\b/m.test(Option.getOrElse(yield* project.read(file), () => ""))) return true
  }
  return false
})

/** How Python is started: the project's virtual environment where the sandbox has its interpreter, else its packages by path. */
const interpreter = Effect.fnUntraced(function*<E>(project: RunnerProject<E>, directory: string, projectRoot: string) {
  const plain = { program: { name: "python3" } as Detection["program"], env: {}, hasPytest: false }
  for (const name of [".venv", "venv"]) {
    const venv = posix.join(directory, name)
    const config = Option.getOrUndefined(yield* project.read(`${venv}/pyvenv.cfg`))
    if (config === undefined) continue
    const home = /^home\s*=\s*(.+?)\s*$/m.exec(config)?.[1]
    const version = /^version(?:_info)?\s*=\s*(\d+\.\d+)/m.exec(config)?.[1]
    const packages = `${venv}/lib/python${version}/site-packages`
    const hasPytest = version !== undefined && (yield* project.exists(`${packages}/pytest/__init__.py`))
    if (home === "/usr/bin" || home === "/usr/local/bin") {
      return { program: { path: `${venv}/bin/python` } as Detection["program"], env: {}, hasPytest }
    }
    return version === undefined
      ? plain
      : { ...plain, env: { PYTHONPATH: posix.join(projectRoot, packages) }, hasPytest }
  }
  return plain
})

/** The Python runner of one package: pytest where it is configured, declared, installed or imported, else unittest for its test files. */
export const detectPython = Effect.fnUntraced(function*<E>(
  project: RunnerProject<E>,
  directory: ProjectPath,
  { direct }: PackageFiles,
  projectRoot: string
) {
  const tests = direct.filter((file) => isTestFile(file, "python"))
  const { env, hasPytest, program } = yield* interpreter(project, directory, projectRoot)
  const declared = (yield* declaresPytest(project, directory)) || hasPytest
  const isPytest = declared || (yield* importsPytest(project, tests))
  if (!isPytest && tests.length === 0) return []
  const owns = (file: string) => isTestFile(file, "python")
  const detection: Detection = {
    runner: isPytest ? pytest : unittest,
    directory,
    program,
    args: isPytest ? ["-m", "pytest"] : [],
    env,
    declared,
    owns
  }
  return [detection]
})
