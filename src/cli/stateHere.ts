import { Effect } from "effect"
import { lstatSync } from "node:fs"
import { join } from "node:path"
import type { ConfigInvalid, KernelOptions } from "../KernelConfig.ts"
import { prepareState } from "../KernelConfig/stateDirectory.ts"
import { configure } from "./configure.ts"

/** A database of this project's state. */
export interface StateFile {
  readonly options: KernelOptions
  readonly file: string
  readonly exists: boolean
}

/** Looks for a database without making it. State that someone else made, a project's own above all, is refused. */
export const stateHere = Effect.fnUntraced(
  function*(name: "audit.db" | "state.db"): Effect.fn.Return<StateFile, ConfigInvalid> {
    const { options } = yield* configure({})
    const file = join(options.state, name)
    const exists = lstatSync(file, { throwIfNoEntry: false }) !== undefined
    if (exists) yield* prepareState(options.state)
    return { options, file, exists }
  }
)
