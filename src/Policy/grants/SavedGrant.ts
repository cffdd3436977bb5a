import { type Effect, Schema } from "effect"
import { Person } from "../../domain/Person.ts"
import type { PolicyLoadFailed } from "../PolicyError.ts"
import { actions } from "../Rule.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const line = Schema.String.pipe(Schema.maxLength(4096))
const lines = Schema.Array(line).pipe(Schema.minItems(1), Schema.maxItems(1000))

/** What a person's "always in this project" covers: a grant without its end. */
const GrantScope = Schema.Struct({
  action: Schema.Literal(...actions),
  path: optional(lines),
  command: optional(lines),
  host: optional(line),
  tool: optional(line),
  exact: optional(Schema.Boolean)
})

/** The question that was answered: only when the same rule asks for the same reasons is the answer used again. */
const GrantedQuestion = Schema.Struct({ rule: line, layer: line, reason: Schema.String })

/** A yes for always in one project. `at` is ISO 8601 UTC. */
export const SavedGrant = Schema.Struct({
  id: Schema.String.pipe(Schema.pattern(/^g-[0-9a-f]{12}$/)),
  at: Schema.String,
  by: Schema.NullOr(Person),
  asked: GrantedQuestion,
  grant: GrantScope
})
export type SavedGrant = typeof SavedGrant.Type

/** Where such answers are kept: out of reach of the project they are about. A `list` leaves out what does not hold, and says why. */
export interface SavedGrants {
  readonly list: Effect.Effect<{
    readonly grants: ReadonlyArray<SavedGrant>
    readonly problems: ReadonlyArray<PolicyLoadFailed>
  }>
  readonly save: (grant: Omit<SavedGrant, "id" | "at">) => Effect.Effect<SavedGrant, PolicyLoadFailed>
  /** Whether there was one of this id. */
  readonly revoke: (id: string) => Effect.Effect<boolean, PolicyLoadFailed>
}

/** The most that are kept for one project. */
export const maxGrants = 500
