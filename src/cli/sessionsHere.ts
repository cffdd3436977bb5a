import { Effect } from "effect"
import { makeClassify } from "../StateMachine.ts"
import * as StateMachineSql from "../StateMachine/Sql.ts"
import { stateHere } from "./stateHere.ts"

/** The sessions of this project, undefined where none ever ran. */
export const sessionsHere = Effect.map(
  stateHere("state.db"),
  ({ exists, file, options }) => exists ? StateMachineSql.layer({ file, classify: makeClassify(options) }) : undefined
)
