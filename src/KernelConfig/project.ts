import { Effect } from "effect"
import { lstatSync, realpathSync, type Stats } from "node:fs"
import { dirname, join } from "node:path"
import { type ConfigInvalid, invalid } from "./ConfigInvalid.ts"

/** What marks the root of a project. */
const markers = [
  ".git",
  ".fluffy",
  "package.json",
  "deno.json",
  "pyproject.toml",
  "setup.py",
  "requirements.txt",
  "go.mod",
  "Cargo.toml",
  "Gemfile",
  "composer.json",
  "pom.xml",
  "build.gradle",
  "build.gradle.kts"
]

const stat = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

const real = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const holds = (directory: string, path: string) =>
  path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`)

/**
 * The project that `cwd` lies in: the nearest folder, itself first, that holds a mark of one; else `cwd`. Folders above count only
 * while they belong to the same owner, so that nobody can make a project of a shared folder. The home directory and what holds it
 * are refused: a session would copy and show all of it.
 */
export const findProject = (cwd: string, home: string | undefined): Effect.Effect<string, ConfigInvalid> =>
  Effect.suspend(() => {
    const start = real(cwd)
    const owner = stat(start)?.uid
    if (owner === undefined) {
      return invalid(
        start,
        start.includes("\ufffd")
          ? "its path is not UTF-8; rename the folder, or work on a copy elsewhere"
          : "it is not there any more; change to a folder that is"
      )
    }
    const house = home === undefined ? "/" : real(home)
    const isHouse = (directory: string) => directory === "/" || holds(directory, house)
    if (isHouse(start)) {
      return invalid(
        start,
        start === house && start !== "/"
          ? "it is your home directory, not a project; change to the folder of one project"
          : "it holds far more than a project; change to the folder of one project"
      )
    }
    for (let directory = start; !isHouse(directory) && stat(directory)?.uid === owner; directory = dirname(directory)) {
      if (markers.some((name) => stat(join(directory, name)) !== undefined)) return Effect.succeed(directory)
    }
    return Effect.succeed(start)
  })
