import type { LanguageModel } from "@effect/ai/LanguageModel"
import type { Layer } from "effect"
import type { Endpoint } from "./Dialect.ts"
import { reader } from "./OpenAi/reader.ts"
import { body } from "./OpenAi/request.ts"
import * as wire from "./wire.ts"

// Models that do not reason refuse to be asked for sealed reasoning.
const plain = /^(?:gpt-3|gpt-4|chatgpt-)|-chat(?:-|$)/

/** OpenAI's Responses API. */
export const layer = (endpoint: Endpoint): Layer.Layer<LanguageModel> =>
  wire.layer({
    module: "OpenAi",
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    body: (options) => body(endpoint, options, !plain.test(endpoint.model)),
    reader
  }, endpoint)
