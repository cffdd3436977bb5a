import type { LanguageModel } from "@effect/ai/LanguageModel"
import type { Layer } from "effect"
import { reader } from "./Anthropic/reader.ts"
import { body } from "./Anthropic/request.ts"
import type { Endpoint } from "./Dialect.ts"
import * as wire from "./wire.ts"

/** Anthropic's Messages API. */
export const layer = (endpoint: Endpoint): Layer.Layer<LanguageModel> =>
  wire.layer({
    module: "Anthropic",
    headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    body: (options) => body(endpoint, options),
    reader
  }, endpoint)
