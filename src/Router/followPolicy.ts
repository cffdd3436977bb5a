import { Effect } from "effect"
import type { Audit } from "../Audit.ts"
import { isoNow } from "../internal/time.ts"
import type { InForce, Policy } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import type { Stage } from "../Workspace.ts"
import { subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"

const maxNamed = 50

interface Told {
  readonly inForce: InForce
  readonly problems: string
}

const told = new WeakMap<Stage, Told>()

const problemsOf = ({ invalid = [] }: InForce) => invalid.slice(0, maxNamed).map(({ message }) => message)

/** What became of each file between two sets. */
const changesOf = (before: InForce, after: InForce) => {
  const was = new Map(before.files.map((file) => [`${file.layer} ${file.file}`, file]))
  const is = new Map(after.files.map((file) => [`${file.layer} ${file.file}`, file]))
  return [...new Set([...was.keys(), ...is.keys()])].toSorted().flatMap((key) => {
    const [old, now] = [was.get(key), is.get(key)]
    if (old?.sha256 === now?.sha256) return []
    const { file, layer, modifiedMs, uid } = (now ?? old)!
    return [{
      file,
      layer,
      change: old === undefined ? "added" as const : now === undefined ? "removed" as const : "changed" as const,
      before: old?.sha256 ?? null,
      after: now?.sha256 ?? null,
      ...(now === undefined ? {} : { owner: uid, modified: new Date(modifiedMs).toISOString() })
    }]
  })
}

/**
 * Has the policy take up what was changed in its files, before a session's next decision. What came of it goes on record and to the
 * watcher, once for each session; the first call of a session only notes where it begins.
 */
export const followPolicy = Effect.fnUntraced(function*(
  leaves: { readonly audit: Audit["Type"]; readonly policy: Policy["Type"] },
  session: Pick<RouterSession, "id" | "emit" | "stage">,
  state: SessionState
): Effect.fn.Return<InForce, RouterFailed> {
  const inForce = yield* leaves.policy.refresh
  const before = told.get(session.stage)
  if (before?.inForce === inForce) return inForce
  const named = problemsOf(inForce)
  const problems = named.join("\n")
  told.set(session.stage, { inForce, problems })
  const record = { ...subject(session.id, state), category: "policy" as const, actor: "kernel" as const }
  const fail = fromLeaf("policy")
  if (before !== undefined && before.inForce.digest !== inForce.digest) {
    const files = changesOf(before.inForce, inForce)
    const warnings = inForce.warnings.slice(0, maxNamed).map(({ file, line, rule, warning }) =>
      `${file}:${line} (rule ${rule}): ${warning}`
    )
    const [from, to] = [before.inForce.digest, inForce.digest]
    const event = {
      ...record,
      action: "policy.changed",
      detail: { from, to, rules: inForce.rules, files: files.slice(0, maxNamed), warnings: inForce.warnings.length }
    }
    yield* Effect.mapError(leaves.audit.commit(event), fail)
    yield* session.emit({
      type: "policy.changed",
      at: yield* isoNow,
      session: session.id,
      from,
      to,
      rules: inForce.rules,
      files: files.map(({ change, file }) => ({ file, change })),
      warnings
    })
  }
  if (problems !== "" && problems !== before?.problems) {
    const event = {
      ...record,
      action: "policy.rejected",
      detail: { inForce: inForce.digest, problems: named.map((problem) => problem.slice(0, 500)) }
    }
    yield* Effect.mapError(leaves.audit.commit(event), fail)
    yield* session.emit({
      type: "policy.rejected",
      at: yield* isoNow,
      session: session.id,
      inForce: inForce.digest,
      problems: named
    })
  }
  if (problems === "" && before !== undefined && before.problems !== "" && before.inForce.digest === inForce.digest) {
    yield* session.emit({
      type: "notice",
      at: yield* isoNow,
      session: session.id,
      level: "info",
      text: "The policy files are what is in force again"
    })
  }
  return inForce
})
