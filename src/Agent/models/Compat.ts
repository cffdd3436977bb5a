import type { LanguageModel } from "@effect/ai/LanguageModel"
import type { Layer } from "effect"
import { reader } from "./Compat/reader.ts"
import { body } from "./Compat/request.ts"
import type { Endpoint } from "./Dialect.ts"
import * as wire from "./wire.ts"

/** Chat completions as Ollama, llama.cpp, vLLM, LM Studio and gateways serve them. */
export const layer = (endpoint: Endpoint): Layer.Layer<LanguageModel> =>
  wire.layer({
    module: "Compat",
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    body: (options) => body(endpoint, options),
    reader
  }, endpoint)
