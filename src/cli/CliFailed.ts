import { Schema } from "effect"

/** A command cannot do what was asked; `exitCode` is what it ends with, the message what happened and what to do. */
export class CliFailed extends Schema.TaggedError<CliFailed>()("CliFailed", {
  exitCode: Schema.Number,
  problem: Schema.String
}) {
  override get message() {
    return this.problem
  }
}

/** A mistake of the person at the command line. */
export const misused = (problem: string): CliFailed => new CliFailed({ exitCode: 2, problem })
