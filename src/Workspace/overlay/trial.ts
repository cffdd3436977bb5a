import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { chmodSync, lstatSync, mkdtempSync, readdirSync } from "node:fs"
import type { StageOptions, WorkspaceFailed } from "../../Workspace.ts"
import { attempt } from "../attempt.ts"
import { removeTree } from "../files.ts"
import type { Owner } from "../fill.ts"
import { makeOwned } from "./Layer.ts"
import { makeSheet, makeWork } from "./OverlayState.ts"

/** Where a trial may lie, and whose commands it is for. */
export interface TrialOptions {
  readonly stage: Pick<StageOptions, "project" | "trial">
  readonly directory: string
  readonly owner: Owner
  readonly user: { readonly uid: number; readonly gid: number }
  readonly isOpaque: (host: string) => boolean
}

const prepare = ({ directory, owner }: TrialOptions) => {
  const home = mkdtempSync(`${directory}/trial-`)
  if (owner !== null) chmodSync(home, 0o711)
  const name = `fluffy-trial-${randomBytes(8).toString("hex")}`
  const lower = makeOwned(`${home}/lower`, owner)
  makeOwned(`${lower}/${name}`, owner)
  makeOwned(`${lower}/${name}/old`, owner)
  return { home, lower, name, sheet: makeSheet(home, owner, 0) }
}

type Prepared = ReturnType<typeof prepare>

/** Why what the trial's command left is not what an overlay leaves here. */
const judge = ({ name, sheet }: Prepared, { isOpaque, user }: TrialOptions): string | undefined => {
  const made = lstatSync(`${sheet.upper}/${name}/new`, { throwIfNoEntry: false })
  if (made === undefined || !made.isFile()) return "what a command writes does not come to be in the upper directory"
  if (made.uid !== user.uid) return `what a command writes belongs to uid ${made.uid}`
  if (readdirSync(`${sheet.upper}/${name}`).length !== 1 || !isOpaque(`${sheet.upper}/${name}`)) {
    return "a directory that was removed and made again leaves no mark that can be read"
  }
  return undefined
}

/** Why no overlay of the project can be shown to commands here; undefined when it can. Runs one. */
export const tryOverlay = (options: TrialOptions): Effect.Effect<string | undefined, WorkspaceFailed> => {
  const { owner, stage, user } = options
  const { trial } = stage
  if (trial === undefined) return Effect.succeed("nothing to try it with")
  return Effect.acquireUseRelease(
    attempt("try an overlay", "write", () => prepare(options)),
    (prepared) => {
      const { lower, name, sheet } = prepared
      const overlay = {
        mode: "overlay",
        target: stage.project,
        lower: [lower, stage.project],
        upper: sheet.upper,
        work: makeWork({ owner, sheet })
      } as const
      const script = `rm -r ${name} && mkdir ${name} && : > ${name}/new`
      return Effect.flatMap(
        trial(script, [overlay], user),
        (why) =>
          why === undefined ? attempt("try an overlay", "read", () => judge(prepared, options)) : Effect.succeed(why)
      )
    },
    ({ home }) =>
      Effect.ignoreLogged(attempt("remove a trial", "write", () => {
        removeTree(home, options.directory)
      }))
  )
}
