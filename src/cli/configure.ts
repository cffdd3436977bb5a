import { Effect } from "effect"
import { accessSync, constants } from "node:fs"
import { tmpdir } from "node:os"
import { isAbsolute } from "node:path"
import { escape } from "../internal/escape.ts"
import { type ConfigInvalid, type KernelOptions, load, type Loaded } from "../KernelConfig.ts"
import { invalid } from "../KernelConfig/ConfigInvalid.ts"
import { prepareState } from "../KernelConfig/stateDirectory.ts"
import type { ValuesOf } from "./Flag.ts"
import { canAsk, errStyle, tell } from "./io.ts"
import type { Table } from "./table.ts"

/** Any flags that change the configuration. */
type Flags = Omit<ValuesOf<Table["run"]["flags"]>, "json">

const here = Effect.try({
  try: () => process.cwd(),
  catch: () => invalid("the current folder", "it was removed; change to one that is there")
})

/** Makes sure, before anything begins, that temporary files can be made. */
export const requireTemporary: Effect.Effect<void, ConfigInvalid> = Effect.try({
  try: () => accessSync(`${tmpdir()}/.`, constants.W_OK | constants.X_OK),
  catch: () =>
    invalid(tmpdir(), "temporary files cannot be made there; set TMPDIR to a folder that is there and writable")
}).pipe(
  Effect.filterOrFail(
    () => isAbsolute(tmpdir()),
    () => invalid("TMPDIR", `it must be an absolute path, not ${JSON.stringify(tmpdir())}`)
  )
)

/** The configuration in force here under these flags. What a project asked for and did not get is told on standard error. */
export const configure = Effect.fnUntraced(function*(flags: Flags): Effect.fn.Return<Loaded, ConfigInvalid> {
  const loaded = yield* load({
    cwd: yield* here,
    flags: {
      model: flags.model,
      baseUrl: flags["base-url"],
      mode: flags.mode,
      sandbox: flags.sandbox,
      image: flags.image,
      maxTurns: flags["max-turns"],
      maxTokens: flags["max-tokens"],
      commit: flags.commit
    },
    headless: flags["no-input"] === true || !canAsk()
  })
  for (const warning of loaded.warnings) tell(`${errStyle.yellow("warning:")} ${escape(warning)}\n`)
  return loaded
})

/** Makes what a session needs of the machine; after all that could be wrong with the command line, so that a mistake leaves nothing. */
export const prepareToRun = ({ state }: KernelOptions): Effect.Effect<void, ConfigInvalid> =>
  Effect.zipRight(requireTemporary, prepareState(state))

/** The configuration, with all that a session needs made. */
export const configureToRun = (flags: Flags): Effect.Effect<Loaded, ConfigInvalid> =>
  Effect.tap(configure(flags), ({ options }) => prepareToRun(options))
