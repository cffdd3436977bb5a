import { Config, Effect, Option } from "effect"
import * as Model from "../../Agent/Model.ts"
import type { Loaded } from "../../KernelConfig.ts"
import type { Finding } from "./Finding.ts"

const isSet = (name: string): Effect.Effect<boolean> =>
  Config.option(Config.redacted(name)).pipe(Effect.map(Option.isSome), Effect.orElseSucceed(() => false))

const keys = [["openai/…", "OPENAI_API_KEY"], ["anthropic/…", "ANTHROPIC_API_KEY"]] as const

/** Which keys there are, never what they are, and whether the model that is chosen can be used as it is named. */
export const models = ({ baseUrl, model }: Pick<Loaded, "baseUrl" | "model">): Effect.Effect<ReadonlyArray<Finding>> =>
  Effect.gen(function*() {
    const found = yield* Effect.forEach(keys, ([name, key]) =>
      Effect.map(isSet(key), (set): Finding => ({
        name: "key",
        ok: set,
        required: false,
        detail: `${key} is ${set ? "set" : "not set"}, for ${name}`,
        ...(set ? {} : { remedy: `export ${key}=…` })
      })))
    if (model === undefined) {
      const remedy = "export FLUFFY_MODEL=provider/model"
      return [...found, { name: "model", ok: false, required: false, detail: "no default model is chosen", remedy }]
    }
    const tried = yield* Effect.either(
      Effect.scoped(Effect.asVoid(Effect.provide(Effect.void, Model.layerConfig(model, baseUrl))))
    )
    return [
      ...found,
      tried._tag === "Right"
        ? { name: "model", ok: true, required: false, detail: `${model} is chosen` }
        : {
          name: "model",
          ok: false,
          required: false,
          detail: "message" in tried.left ? tried.left.message : String(tried.left)
        }
    ]
  })
