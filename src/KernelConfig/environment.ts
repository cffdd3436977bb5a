import { Config, Effect, Option } from "effect"
import { isAbsolute, join } from "node:path"
import { type ConfigInvalid, invalid } from "./ConfigInvalid.ts"
import { SandboxChoice } from "./KernelOptions.ts"
import type { Given } from "./Settings.ts"

const variable = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.string(name)).pipe(
    Effect.orDie,
    Effect.map(Option.getOrUndefined),
    Effect.map((value) => value === "" ? undefined : value)
  )

const read = <A>(name: string, parse: (text: string) => A | undefined, form: string) =>
  Effect.flatMap(variable(name), (text): Effect.Effect<A | undefined, ConfigInvalid> => {
    const value = text === undefined ? undefined : parse(text.trim())
    return text !== undefined && value === undefined
      ? Effect.fail(invalid(name, `it must be ${form}, not ${JSON.stringify(text.slice(0, 80))}`))
      : Effect.succeed(value)
  })

const oneOf = <const A extends string>(name: string, values: ReadonlyArray<A>) =>
  read(name, (text) => values.find((value) => value === text), `one of ${values.join(", ")}`)

const count = (name: string) =>
  read(name, (text) => /^[1-9]\d{0,11}$/.test(text) ? Number(text) : undefined, "a whole number from 1")

/** What the `FLUFFY_*` variables set; an empty one sets nothing. */
export const fromEnvironment: Effect.Effect<Given, ConfigInvalid> = Effect.all({
  model: variable("FLUFFY_MODEL"),
  baseUrl: variable("FLUFFY_BASE_URL"),
  mode: oneOf("FLUFFY_MODE", ["strict", "explore", "debug"]),
  sandbox: oneOf("FLUFFY_SANDBOX", SandboxChoice),
  image: variable("FLUFFY_IMAGE"),
  maxTurns: count("FLUFFY_MAX_TURNS"),
  maxTokens: count("FLUFFY_MAX_TOKENS"),
  maxChangedLines: count("FLUFFY_MAX_CHANGED_LINES")
})

/** Whether the environment says that nobody is there to answer. */
export const headless: Effect.Effect<boolean, ConfigInvalid> = Effect.map(
  oneOf("FLUFFY_NO_INPUT", ["1", "true", "0", "false"]),
  (value) => value === "1" || value === "true"
)

/** The person's folder of installed dependencies; root's may be passed through by others. */
export const layersPlace: Effect.Effect<string | undefined> = Effect.map(
  Effect.all([variable("HOME"), variable("XDG_CACHE_HOME")]),
  ([home, xdg]) => {
    if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "fluffy/layers")
    if (process.geteuid?.() === 0) return "/var/cache/fluffy/layers"
    return home !== undefined && isAbsolute(home) ? join(home, ".cache/fluffy/layers") : undefined
  }
)

/** The user's home, and where their Fluffy configuration lies; undefined where no home is known. */
export const userPlaces: Effect.Effect<{ readonly home: string | undefined; readonly config: string | undefined }> =
  Effect
    .map(Effect.all([variable("HOME"), variable("XDG_CONFIG_HOME")]), ([home, xdg]) => {
      const absolute = home !== undefined && isAbsolute(home) ? home : undefined
      const base = xdg !== undefined && isAbsolute(xdg)
        ? xdg
        : absolute === undefined
        ? undefined
        : join(absolute, ".config")
      return { home: absolute, config: base === undefined ? undefined : join(base, "fluffy") }
    })
