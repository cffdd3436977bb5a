import { Schema } from "effect"

/** Who answered, as the operating system knows them: login name, user id, and the terminal it was typed at where there is one. */
export const Person = Schema.Struct({
  user: Schema.String,
  uid: Schema.Number,
  terminal: Schema.NullOr(Schema.String)
})
export type Person = typeof Person.Type
