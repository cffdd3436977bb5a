import { Effect } from "effect"
import { escape } from "../internal/escape.ts"
import { type ConfigInvalid, load, type Loaded } from "../KernelConfig.ts"
import { prepareState } from "../KernelConfig/stateDirectory.ts"
import type { ValuesOf } from "./Flag.ts"
import { canAsk, errStyle, tell } from "./io.ts"
import type { Table } from "./table.ts"

/** Any flags that change the configuration. */
type Flags = Omit<ValuesOf<Table["run"]["flags"]>, "json">

/** The configuration in force here under these flags. What a project asked for and did not get is told on standard error. */
export const configure = Effect.fnUntraced(function*(flags: Flags): Effect.fn.Return<Loaded, ConfigInvalid> {
  const loaded = yield* load({
    cwd: process.cwd(),
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

/** The same, with the state directory made. */
export const configureToRun = (flags: Flags): Effect.Effect<Loaded, ConfigInvalid> =>
  Effect.tap(configure(flags), ({ options }) => prepareState(options.state))
