import { Effect } from "effect"
import { lstatSync, mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { shellWord } from "../internal/shellWord.ts"
import { ConfigInvalid, invalid } from "./ConfigInvalid.ts"

const codeOf = (cause: unknown) => (cause as NodeJS.ErrnoException).code ?? "unknown error"

const remedyOf = (code: string) =>
  code === "ENOSPC" || code === "EDQUOT"
    ? "make room on its disk"
    : code === "EROFS"
    ? "its disk is read-only: work on a copy of the project elsewhere"
    : "make the project's folder writable for you"

/** Makes a directory where there is none; anything else in its place, a link above all, is refused. */
const directory = (path: string, mode: number) => {
  try {
    mkdirSync(path, { mode })
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  const found = lstatSync(path)
  if (!found.isDirectory()) throw invalid(path, "it is not a directory; look at what it is, then remove it")
  return found
}

const prepare = (state: string) => {
  directory(dirname(state), 0o755)
  const { mode, uid } = directory(state, 0o700)
  // What a clone or an archive brings along is never private: a project cannot ship records or journals of its own making.
  if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) {
    throw invalid(
      state,
      `it is open to others or belongs to someone else, so this Fluffy did not make it; look at it, then type: rm -r ${
        shellWord(state)
      }`
    )
  }
  // The directory keeps itself out of git, so that running a command leaves nothing to commit.
  try {
    writeFileSync(join(state, ".gitignore"), "*\n", { flag: "wx", mode: 0o600 })
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
}

/** Makes a project's `.fluffy/state` (0700, ignored by git), or says why what lies in its place cannot be used. */
export const prepareState = (state: string): Effect.Effect<void, ConfigInvalid> =>
  Effect.try({
    try: () => prepare(state),
    catch: (cause) =>
      cause instanceof ConfigInvalid
        ? cause
        : invalid(state, `it cannot be made (${codeOf(cause)}); ${remedyOf(codeOf(cause))}`)
  })
