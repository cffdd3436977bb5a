/** The three wire protocols a scripted server speaks. */
export type Dialect = "openai" | "anthropic" | "compat"

/** One thing the model says. `raw` sends `arguments` as they stand: malformed JSON, say. Names may be kernel names (`fs.write`). */
export type Say =
  | { readonly text: string }
  | { readonly reasoning: string }
  | { readonly call: { readonly name: string; readonly args: unknown; readonly id?: string } }
  | { readonly raw: { readonly name: string; readonly arguments: string; readonly id?: string } }

/** Where in the answer something happens: after n bytes, before the first event, or when all was said but "finished". */
export type At = number | "start" | "unfinished"

/** What goes wrong with an answer. */
export type Fault =
  | { readonly status: number; readonly retryAfter?: string; readonly code?: string; readonly message?: string }
  | { readonly cut: At }
  | { readonly endEarly: At }
  | { readonly stall: At }
  | { readonly errorEvent: { readonly code: string; readonly message: string }; readonly at?: At }
  | { readonly failed: { readonly code: string; readonly message: string } }
  | { readonly hugeEvent: number }
  | { readonly redirect: string }
  | { readonly body: string; readonly contentType: string }

/** Token counts of one answer; `input` excludes `cached` and `written`, whatever the dialect does with them. */
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly cached?: number
  readonly written?: number
}

/** The answer to one request. `finish: "length"` ends it as cut by the token limit. */
export interface Turn {
  readonly say?: ReadonlyArray<Say>
  readonly fault?: Fault
  readonly tokens?: Tokens
  readonly finish?: "length"
}

/** A tool result as the model was shown it. */
export interface SeenResult {
  readonly id: string
  readonly text: string
  readonly failed: boolean
}

/** One request as it came in, with what every dialect's body says brought to one form. */
export interface Seen {
  readonly index: number
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly raw: string
  readonly body: any
  readonly system: string
  readonly tools: ReadonlyArray<string>
  readonly user: ReadonlyArray<string>
  /** The results the model gets with this request: those after its last own message. */
  readonly results: ReadonlyArray<SeenResult>
}

/** A list answers one request per item (faults too); a function sees the request and may react to the results in it. */
export type Script = ReadonlyArray<Turn> | ((request: Seen) => Turn)

export const text = (text: string): Say => ({ text })
export const reasoning = (reasoning: string): Say => ({ reasoning })
export const call = (name: string, args: unknown, id?: string): Say => ({
  call: { name, args, ...(id === undefined ? {} : { id }) }
})
export const raw = (name: string, args: string): Say => ({ raw: { name, arguments: args } })
export const says = (...say: ReadonlyArray<Say>): Turn => ({ say })
export const fails = (fault: Fault, ...say: ReadonlyArray<Say>): Turn => ({ say, fault })

/** A call brought to one form: the wire name and the argument text. */
export const callOf = (say: Say): { name: string; arguments: string; id: string | undefined } | undefined => {
  if ("call" in say) {
    return { name: say.call.name.replaceAll(".", "_"), arguments: JSON.stringify(say.call.args), id: say.call.id }
  }
  return "raw" in say
    ? { name: say.raw.name.replaceAll(".", "_"), arguments: say.raw.arguments, id: say.raw.id }
    : undefined
}

/** Text in deltas of at most `size` characters. */
export const pieces = (text: string, size = 7): ReadonlyArray<string> => {
  const points = Array.from(text)
  const out: Array<string> = []
  for (let at = 0; at < points.length; at += size) out.push(points.slice(at, at + size).join(""))
  return out
}
