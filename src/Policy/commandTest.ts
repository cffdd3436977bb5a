import { posix } from "node:path"
import { compile } from "../internal/Glob.ts"

/** The last name of a command: `git` of `/usr/bin/git`. */
export const baseName = (command: string): string => command.slice(command.lastIndexOf("/") + 1)

const isWild = (name: string) => /[*?[\\]/.test(name)

/**
 * Tests a command against names such as `git`, `python*` or `./run.sh`. Narrow: the command must be written like the name.
 * Wide, so that a refusal cannot be dodged by another spelling: a name without a slash also fits a command found elsewhere
 * (`/usr/bin/git`, `./git`), one with a slash every spelling of that path (`././run.sh`).
 */
export const commandTest = (names: ReadonlyArray<string>, wide: boolean): (command: string) => boolean => {
  const exact = new Set(names.filter((name) => name.includes("/") || !isWild(name)))
  const wild = compile(names.filter((name) => !exact.has(name)).map((name) => `/${name}`))
  const fits = (name: string) => exact.has(name) || (name !== "" && !name.includes("/") && wild(name))
  if (!wide) return fits
  const paths = new Set(names.filter((name) => name.includes("/")).map((name) => posix.normalize(name)))
  return (command) => fits(command) || fits(baseName(command)) || paths.has(posix.normalize(command))
}
