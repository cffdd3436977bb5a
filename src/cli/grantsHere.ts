import { Effect } from "effect"
import type { ConfigInvalid } from "../KernelConfig.ts"
import type { SavedGrants } from "../Policy.ts"
import { onDisk } from "../Policy/grants/onDisk.ts"
import { type CliFailed, misused } from "./CliFailed.ts"
import { configure } from "./configure.ts"

/** What was allowed for always in this project. */
export const grantsHere = Effect.fnUntraced(function*(): Effect.fn.Return<SavedGrants, CliFailed | ConfigInvalid> {
  const { options: { grants, project } } = yield* configure({})
  return grants === undefined
    ? yield* misused("There is no place where a yes for always is kept: set HOME or XDG_CONFIG_HOME")
    : onDisk({ directory: grants, project })
})
