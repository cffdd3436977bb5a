import type { LanguageModel } from "@effect/ai/LanguageModel"
import { Config, type ConfigError, Effect, Either, Layer, Option, Redacted } from "effect"
import { ModelUnknown } from "./ModelError.ts"
import { endpointOf, nearness, type Protocol } from "./models/address.ts"

export { ModelUnknown }

/** A model's name taken apart. `name` is the provider's, or the file of a recording. */
export interface ModelName {
  readonly provider: Protocol | "recorded"
  readonly name: string
}

/** Which model, where it is and what opens it. `cwd` is where a recording's path starts; `maxOutput` caps the tokens of an answer. */
export interface ModelOptions {
  readonly model: string
  readonly baseUrl?: string | undefined
  readonly apiKey?: Redacted.Redacted | undefined
  readonly cwd: string
  readonly maxOutput?: number | undefined
}

/** Splits `provider/model`; a model's own name may hold slashes. */
export const parse = (model: string): Either.Either<ModelName, ModelUnknown> => {
  const [, provider, name] = /^(openai|anthropic|compat|recorded)\/(\S.*)$/.exec(model.trim()) ?? []
  return provider === undefined || name === undefined
    ? Either.left(
      new ModelUnknown({
        model,
        reason: "name",
        detail: "a model is named provider/model",
        remedy: "use openai/…, anthropic/…, compat/… with a base URL, or recorded/<file>"
      })
    )
    : Either.right({ provider: provider as ModelName["provider"], name })
}

/** The model of a name. Only the code of its own provider is loaded. */
export const layer = (options: ModelOptions): Layer.Layer<LanguageModel, ModelUnknown> =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const { name, provider } = yield* parse(options.model)
    if (provider === "recorded") {
      const { layer } = yield* Effect.promise(() => import("./models/Recorded.ts"))
      return layer({ file: name, cwd: options.cwd })
    }
    const apiKey = yield* keyOf(provider, options)
    const url = yield* Either.mapLeft(
      endpointOf(provider, options.baseUrl, apiKey !== undefined),
      (detail) =>
        new ModelUnknown({
          model: options.model,
          reason: "address",
          detail,
          remedy: `give an https address${
            provider === "compat" ? " with --base-url" : ` in ${variables[provider].url}`
          }`
        })
    )
    if (apiKey !== undefined && url.protocol === "http:" && nearness(url.hostname) === "private") {
      yield* Effect.logWarning(`The API key for ${options.model} goes to ${url.host} over plain http`)
    }
    const dialect = yield* Effect.promise(() => load[provider]())
    return dialect.layer({ url, apiKey, model: name, maxOutput: options.maxOutput })
  }))

/** The same with keys and addresses from the usual variables. The OpenAI and Anthropic keys never go to a compat server. */
export const layerConfig = (
  model: string,
  baseUrl?: string,
  cwd: string = process.cwd()
): Layer.Layer<LanguageModel, ModelUnknown | ConfigError.ConfigError> =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const { provider } = yield* parse(model)
    if (provider === "recorded") return layer({ model, cwd })
    const { key, url } = variables[provider]
    const apiKey = yield* Config.option(Config.redacted(key))
    const address = url === undefined ? Option.none() : yield* Config.option(Config.string(url))
    return layer({
      model,
      cwd,
      apiKey: Option.getOrUndefined(apiKey),
      baseUrl: baseUrl ?? Option.getOrUndefined(address)
    })
  }))

const variables = {
  openai: { key: "OPENAI_API_KEY", url: "OPENAI_BASE_URL" },
  anthropic: { key: "ANTHROPIC_API_KEY", url: "ANTHROPIC_BASE_URL" },
  compat: { key: "FLUFFY_API_KEY", url: undefined }
} as const

const load = {
  openai: () => import("./models/OpenAi.ts"),
  anthropic: () => import("./models/Anthropic.ts"),
  compat: () => import("./models/Compat.ts")
} as const

/** A key fit for a header: an ill one would be quoted by the error of whoever sends it. */
const keyOf = (
  provider: Protocol,
  { apiKey, model }: ModelOptions
): Either.Either<Redacted.Redacted | undefined, ModelUnknown> => {
  const { key } = variables[provider]
  const value = apiKey === undefined ? "" : Redacted.value(apiKey).trim()
  const fail = (detail: string, remedy: string) =>
    Either.left(new ModelUnknown({ model, reason: "key", detail, remedy }))
  if (value === "") {
    return provider === "compat" ? Either.right(undefined) : fail("no API key is known for it", `set ${key}`)
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    return fail("its API key holds blanks or control characters", `set ${key} to the key alone`)
  }
  return Either.right(Redacted.make(value))
}
