import { Effect, Option, Schema } from "effect"
import { createHash } from "node:crypto"
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { Baseline } from "../domain/Baseline.ts"

/** Keeps what tests did, for the next session over the same content. What it cannot read or keep it does without; it never fails. */
export interface Baselines {
  /** False where nothing is kept, so that nobody has to look for a key. */
  readonly keeps: boolean
  readonly read: (key: string) => Effect.Effect<Option.Option<Baseline>>
  readonly write: (key: string, baseline: Baseline) => Effect.Effect<void>
}

const maxBytes = 8 << 20
const maxEntries = 50

const Entry = Schema.parseJson(Schema.Struct({ key: Schema.String, sum: Schema.String, baseline: Baseline }))
const decode = Schema.decodeUnknownOption(Entry)

const sumOf = (key: string, baseline: Baseline) =>
  createHash("sha256").update(JSON.stringify([key, baseline.tests, baseline.problem])).digest("hex")

// A project can hold anything under this name.
const owned = (directory: string): string => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const stat = lstatSync(directory)
  if (!stat.isDirectory() || stat.uid !== process.geteuid?.()) throw new Error(`${directory} is not the kernel's`)
  return directory
}

const readEntry = (file: string): string => {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > maxBytes) throw new Error(`${file} is no entry`)
    return readFileSync(fd, "utf8")
  } finally {
    closeSync(fd)
  }
}

const prune = (directory: string) => {
  const entries = readdirSync(directory).map((name) => join(directory, name))
  const dated = entries.map((file) => ({ file, at: statSync(file).mtimeMs })).toSorted((a, b) => b.at - a.at)
  for (const { file } of dated.slice(maxEntries)) rmSync(file, { recursive: true, force: true })
}

/** Kept as files of a directory that is the kernel's alone; a damaged one counts as none. */
export const onDisk = (directory: string): Baselines => ({
  keeps: true,
  read: (key) =>
    Effect.sync(() =>
      decode(readEntry(join(owned(directory), `${key}.json`))).pipe(
        Option.filter((entry) => entry.key === key && entry.sum === sumOf(key, entry.baseline)),
        Option.map(({ baseline }) => baseline)
      )
    ).pipe(Effect.catchAllDefect(() => Effect.succeedNone)),
  write: (key, baseline) =>
    Effect.sync(() => {
      const text = JSON.stringify({ key, sum: sumOf(key, baseline), baseline })
      if (Buffer.byteLength(text) > maxBytes) return
      const file = join(owned(directory), `${key}.json`)
      const temporary = `${file}.${process.pid}.tmp`
      rmSync(temporary, { recursive: true, force: true })
      writeFileSync(temporary, text, { mode: 0o600, flag: "wx" })
      renameSync(temporary, file)
      prune(directory)
    }).pipe(Effect.catchAllDefect((defect) => Effect.logWarning("a baseline was not kept", defect)))
})

/** Keeps nothing: for a kernel in memory. */
export const nowhere: Baselines = { keeps: false, read: () => Effect.succeedNone, write: () => Effect.void }
