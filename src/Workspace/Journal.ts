import { Either } from "effect"
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync
} from "node:fs"
import { basename, dirname } from "node:path"
import { exists, isDead, self } from "../internal/owner.ts"
import { WorkspaceFailed } from "../Workspace.ts"
import { removeTree, writeAll } from "./files.ts"
import { decode, type MergePlan } from "./MergePlan.ts"
import { ancestors } from "./names.ts"

const broken = (detail: string) => new WorkspaceFailed({ method: "merge", reason: "journal", detail })

const sync = (path: string) => {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes a directory of the kernel's own, refusing one that is a link or somebody else's: a project can hold anything under this name. */
export const ownDirectory = (path: string): string => {
  const above = dirname(path)
  if (lstatSync(above, { throwIfNoEntry: false }) === undefined) ownDirectory(above)
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 })
  const stat = lstatSync(path)
  if (!stat.isDirectory()) throw broken(`${path} is not a directory`)
  if (stat.uid !== process.geteuid?.()) throw broken(`${path} belongs to another user`)
  chmodSync(path, 0o700)
  return path
}

/** Refuses a state directory that a project leads elsewhere by a link. */
export const refuseLinks = (state: string, project: string): void => {
  if (!state.startsWith(`${project}/`)) return
  const below = state.slice(project.length + 1)
  for (const path of [...ancestors(below), below]) {
    const stat = lstatSync(`${project}/${path}`, { throwIfNoEntry: false })
    if (stat !== undefined && !stat.isDirectory()) throw broken(`${project}/${path} is not a directory`)
  }
}

/** Writes a file so that it is there whole or not at all, also after a power cut; a link of its name is replaced, not followed. */
export const writeDurably = (path: string, bytes: Uint8Array): void => {
  const temporary = `${path}.${self}.tmp`
  removeTree(temporary, dirname(path))
  const fd = openSync(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600
  )
  try {
    writeAll(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  sync(dirname(path))
}

/** A journal on the disk: what a merge does, and the bytes of both sides. */
export interface Journal {
  readonly directory: string
  readonly plan: MergePlan
}

const planFile = "plan.json"

/** Where a journal keeps the bytes of its plan. */
export const contentFile = (journal: Journal): string => `${journal.directory}/content`

const directoryOf = (merges: string, session: string): string => `${merges}/${session}@${self}`

/** Removes what was written of a journal that never became valid. */
export const discard = (state: string, session: string): void => {
  const merges = ownDirectory(`${ownDirectory(state)}/merge`)
  const directory = directoryOf(merges, session)
  if (lstatSync(`${directory}/${planFile}`, { throwIfNoEntry: false }) !== undefined) {
    throw broken(`${directory} holds a merge that could be neither finished nor undone`)
  }
  removeTree(directory, merges)
}

/** Places the bytes of every side through `fill` and makes the journal valid: from here on the merge will be finished or undone. */
export const write = (state: string, plan: MergePlan, fill: (fd: number) => MergePlan): Journal => {
  const merges = ownDirectory(`${ownDirectory(state)}/merge`)
  const directory = directoryOf(merges, plan.session)
  discard(state, plan.session)
  mkdirSync(directory, { mode: 0o700 })
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
  const fd = openSync(`${directory}/content`, flags, 0o600)
  let placed: MergePlan
  try {
    placed = fill(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  sync(merges)
  writeDurably(`${directory}/${planFile}`, Buffer.from(JSON.stringify(placed)))
  return { directory, plan: placed }
}

/** Ends a journal: without its plan it is nothing. */
export const remove = (directory: string): void => {
  const plan = `${directory}/${planFile}`
  if (lstatSync(plan, { throwIfNoEntry: false }) !== undefined) unlinkSync(plan)
  sync(directory)
  removeTree(directory, dirname(directory))
}

/** A journal a dead kernel left: its plan, or null when it was killed before anything was written to the project. */
export interface Left {
  readonly directory: string
  readonly session: string
  readonly plan: MergePlan | null
}

// A project may be reached by more than one path.
const isSame = (one: string, other: string): boolean =>
  one === other ||
  (lstatSync(one, { throwIfNoEntry: false }) !== undefined && realpathSync(one) === realpathSync(other))

/** The journals of dead kernels; one that does not read is an error, since what it did to the project is not known. */
export const left = (state: string, project: string): ReadonlyArray<Left> => {
  if (lstatSync(state, { throwIfNoEntry: false }) === undefined) return []
  const merges = ownDirectory(`${ownDirectory(state)}/merge`)
  return readdirSync(merges, { withFileTypes: true }).flatMap((entry): ReadonlyArray<Left> => {
    const [session = "", mark = ""] = entry.name.split("@")
    if (!entry.isDirectory() || !isDead(mark)) return []
    const directory = ownDirectory(`${merges}/${entry.name}`)
    const file = `${directory}/${planFile}`
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return [{ directory, session, plan: null }]
    const plan = decode(readFileSync(file, "utf8"))
    if (Either.isLeft(plan) || !isSame(plan.right.project, project) || plan.right.session !== session) {
      throw broken(`the journal ${directory} does not read; look at the project, then remove it`)
    }
    return [{ directory, session, plan: { ...plan.right, project } }]
  })
}

/** Removes what a dead kernel was about to remove: `removeTree` had put it aside under its process number. */
export const sweep = (state: string): void => {
  const merges = `${state}/merge`
  if (lstatSync(merges, { throwIfNoEntry: false })?.isDirectory() !== true) return
  for (const name of readdirSync(merges)) {
    const [, pid] = /^(\d+)-[0-9a-z]+-\d+$/.exec(name) ?? []
    if (pid !== undefined && !exists(Number(pid))) removeTree(`${merges}/${name}`, merges)
  }
}

const lockName = "lock"

/** Takes the right to merge into a project; undefined while a living kernel holds it. Returns how to give it back. */
export const lock = (state: string): (() => void) | undefined => {
  const merges = ownDirectory(`${ownDirectory(state)}/merge`)
  const file = `${merges}/${lockName}`
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
      writeAll(fd, Buffer.from(self))
      closeSync(fd)
      return () => unlinkSync(file)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
      if (!isStale(file)) return undefined
      removeTree(file, merges)
    }
  }
  return undefined
}

// Written right after it was made: an empty one is a kernel killed in between, unless it is of this moment.
const isStale = (file: string): boolean => {
  const stat = lstatSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return true
  if (!stat.isFile()) throw broken(`${basename(file)} is not a file`)
  const mark = readFileSync(file, "utf8")
  return mark === "" ? Date.now() - stat.ctimeMs > 1_000 : isDead(mark)
}
