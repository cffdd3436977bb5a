import * as AiError from "@effect/ai/AiError"
import * as LanguageModel from "@effect/ai/LanguageModel"
import type * as Prompt from "@effect/ai/Prompt"
import { Effect, Layer, Stream } from "effect"
import { readFile, stat } from "node:fs/promises"
import { resolve } from "node:path"
import { wireName } from "../../Router.ts"
import { ModelUnknown } from "../ModelError.ts"
import { collect } from "./collect.ts"
import { callIds, resultText } from "./history.ts"
import { type Part, PartWriter } from "./parts.ts"
import { parse, type RecordedPart } from "./Recording.ts"

const largest = 8 * 1024 * 1024
const module = "Recorded"

/** Plays a recorded conversation (the format is `Recording.ts`): turn by turn, whatever it is asked. */
export const layer = (
  options: { readonly file: string; readonly cwd: string }
): Layer.Layer<LanguageModel.LanguageModel, ModelUnknown> =>
  Layer.effect(LanguageModel.LanguageModel, Effect.flatMap(load(options), play))

const load = Effect.fnUntraced(function*({ cwd, file }: { readonly file: string; readonly cwd: string }) {
  const path = resolve(cwd, file)
  const fail = (detail: string) =>
    new ModelUnknown({
      model: `recorded/${file}`,
      reason: "recording",
      detail,
      remedy: "give a JSON or JSONL file of turns"
    })
  const source = yield* Effect.tryPromise({
    try: async () => {
      const { size, isFile } = await stat(path).then((stats) => ({ size: stats.size, isFile: stats.isFile() }))
      return isFile && size <= largest ? await readFile(path, "utf8") : undefined
    },
    catch: () => fail("its file cannot be read")
  })
  if (source === undefined) return yield* fail("its file is no regular file of at most 8 MiB")
  return yield* Effect.mapError(parse(source), (reason) => fail(`its file is no recording: ${reason}`))
})

const play = (turns: ReadonlyArray<ReadonlyArray<RecordedPart>>): Effect.Effect<LanguageModel.Service> => {
  // A turn counts when it was played to its end, so that a retry hears it again.
  let played = 0
  const streamText = (options: LanguageModel.ProviderOptions): Stream.Stream<Part, AiError.AiError> =>
    Stream.suspend(() => {
      const reject = (description: string) => new AiError.MalformedInput({ module, method: "streamText", description })
      const turn = turns[played]
      if (turn === undefined) return Stream.fail(reject(`the recording has no turn ${played + 1}`))
      const results = lastResults(options.prompt)
      const missing = turn.find((part) => "expect" in part && !results.includes(part.expect))
      if (missing !== undefined && "expect" in missing) {
        return Stream.fail(
          reject(
            `turn ${played + 1} of the recording expects ${JSON.stringify(missing.expect)} in the last tool results`
          )
        )
      }
      const writer = new PartWriter(new Set(options.tools.map((tool) => tool.name)), callIds(options.prompt))
      const steps = turn.flatMap((part, index) => stepsOf(writer, part, `${index}`))
      const finish: Step = {
        delayMs: 0,
        write: () => {
          writer.finish("stop", { inputTokens: undefined, outputTokens: undefined, totalTokens: undefined })
          played++
        }
      }
      return Stream.fromIterable([...steps, finish]).pipe(
        Stream.rechunk(1),
        Stream.tap(({ delayMs }) => delayMs === 0 ? Effect.void : Effect.sleep(delayMs)),
        Stream.mapConcat(({ write }) => {
          write()
          return writer.take()
        })
      )
    })
  return LanguageModel.make({
    streamText,
    generateText: (options) => Effect.flatMap(Stream.runCollect(streamText(options)), collect(module))
  })
}

interface Step {
  readonly delayMs: number
  readonly write: () => void
}

const stepsOf = (writer: PartWriter, part: RecordedPart, key: string): ReadonlyArray<Step> => {
  if ("expect" in part) return []
  const delayMs = part.delayMs ?? 0
  if ("call" in part) {
    const { args, name } = part.call
    return [{
      delayMs,
      write: () => {
        writer.call(key, undefined, wireName(name))
        writer.args(key, typeof args === "string" ? args : JSON.stringify(args ?? {}))
      }
    }]
  }
  const [kind, text] = "text" in part ? ["text" as const, part.text] : ["reasoning" as const, part.reasoning]
  const deltas = text.match(/\s*\S{1,24}|\s+/gu) ?? []
  return [
    ...deltas.map((delta) => ({ delayMs, write: () => writer.delta(kind, key, delta) })),
    { delayMs: 0, write: () => writer.end(key) }
  ]
}

/** The text of the tool results the model would see new. */
const lastResults = (prompt: Prompt.Prompt): string => {
  const from = prompt.content.findLastIndex((message) => message.role === "assistant") + 1
  return prompt.content.slice(from)
    .flatMap((message) => message.role === "tool" ? message.content.map(resultText) : [])
    .join("\n")
}
