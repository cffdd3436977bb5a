import Database from "better-sqlite3"
import { Duration, Effect } from "effect"
import { hash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Audit, type AuditEvent } from "../src/Audit.ts"
import { layer } from "../src/Audit/Sql.ts"
import { schema } from "../src/Audit/store.ts"
import { type BenchRow, isMain, print } from "./report.ts"

const warmUps = 3
const rounds = 9
const perRound = 4000
const batch = 100

const event: AuditEvent = {
  session: null,
  category: "tool",
  action: "fs.write",
  actor: "model",
  phase: "coding",
  mode: "strict",
  decision: "allow",
  rule: "write-source",
  detail: {
    path: "src/checkout/total.ts",
    result: "Written: src/checkout/total.ts (48 lines)",
    sha256: "0".repeat(64)
  },
  durationMs: 12.5
}

interface Stored {
  readonly seq: number
  readonly payload: string
  readonly hash: string
}

/** The same file, entries and hashes with better-sqlite3 alone: a transaction of prepared single-row inserts for each batch. */
const makeReference = (file: string) => {
  const database = new Database(file)
  database.pragma("journal_mode = WAL")
  database.pragma("synchronous = FULL")
  for (const statement of schema) database.exec(statement)
  const insert = database.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)")
  const setHead = database.prepare("INSERT OR REPLACE INTO head VALUES (1, 1, ?, ?)")
  const head = { seq: 0, hash: "0".repeat(64) }
  const append = database.transaction((count: number) => {
    for (let n = 0; n < count; n++) {
      const { action, actor, category, decision, detail, durationMs, mode, phase, rule, session } = event
      const at = new Date().toISOString()
      const [seq, prev, segment] = [head.seq + 1, head.hash, 1]
      const known = { action, actor, at, category, decision, detail, durationMs, mode, phase, prev, rule }
      const payload = JSON.stringify({ ...known, segment, seq, session })
      head.hash = hash("sha256", payload, "hex")
      head.seq = seq
      insert.run(seq, segment, session, category, payload, head.hash)
    }
    setHead.run(head.seq, head.hash)
  })
  const all = database.prepare("SELECT seq, payload, hash FROM entries ORDER BY seq")
  return {
    append: () => {
      for (let done = 0; done < perRound; done += batch) append(batch)
    },
    verify: () => {
      let prev = "0".repeat(64)
      for (const row of all.iterate() as Iterable<Stored>) {
        const fields = JSON.parse(row.payload) as { readonly seq: number; readonly prev: string }
        const sound = fields.seq === row.seq && fields.prev === prev && hash("sha256", row.payload, "hex") === row.hash
        if (!sound) throw new Error(`Entry ${row.seq} of the reference does not verify`)
        prev = row.hash
      }
    },
    close: () => database.close()
  }
}

const clocked = (effect: Effect.Effect<unknown, unknown>) =>
  Effect.map(
    Effect.timed(effect),
    ([elapsed]) => Duration.toSeconds(elapsed)
  )

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Measures ours and the reference in turn, so that both see the same machine, after some rounds to warm up. */
const compare = Effect.fnUntraced(function*(
  what: string,
  ours: Effect.Effect<unknown, unknown>,
  reference: () => void,
  count: number
) {
  const rates = { ours: new Array<number>(), reference: new Array<number>() }
  for (let round = 0; round < warmUps + rounds; round++) {
    const seconds = [yield* clocked(Effect.sync(reference)), yield* clocked(ours)] as const
    if (round < warmUps) continue
    rates.reference.push(count / seconds[0])
    rates.ours.push(count / seconds[1])
  }
  const ratio = median(rates.ours.map((rate, index) => rate / (rates.reference[index] ?? Number.NaN)))
  return {
    what,
    reference: median(rates.reference),
    figure: median(rates.ours),
    ratio,
    bar: ">= 0.6x",
    unit: "entries/s",
    ok: ratio >= 0.6
  }
})

const measure = Effect.fnUntraced(function*(directory: string) {
  const audit = yield* Audit
  const reference = makeReference(join(directory, "reference.db"))
  const append = Effect.gen(function*() {
    for (let n = 0; n < perRound; n++) yield* audit.append(event)
  })
  const written = (warmUps + rounds) * perRound
  const rows: ReadonlyArray<BenchRow> = [
    yield* compare("audit append, batches of 100", append, reference.append, perRound),
    yield* compare("audit verify, whole log", audit.verify(), reference.verify, written)
  ]
  const { broken, checked } = yield* audit.verify()
  if (broken.length > 0 || checked !== written) return yield* Effect.dieMessage("The measured log does not verify")
  reference.close()
  return rows
})

/** Batched append and verification, each against better-sqlite3 doing the same SHA-256 work on the same entries. */
export const run = async (): Promise<ReadonlyArray<BenchRow>> => {
  const directory = mkdtempSync(join(tmpdir(), "fluffy-bench-"))
  try {
    return await Effect.runPromise(
      Effect.provide(measure(directory), layer({ file: join(directory, "state", "audit.db") }))
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (isMain(import.meta.url) && !print(await run())) process.exitCode = 1
