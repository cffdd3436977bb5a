import { Either, Schema } from "effect"
import { DecisionEffect, type ExtensionFailure } from "../../domain/Decision.ts"
import { escapeLine } from "../../internal/escape.ts"

/** What an extension may answer; `reason` is one line for the model and for a person. */
export const ExtensionAnswer = Schema.Struct({
  effect: DecisionEffect,
  reason: Schema.String.pipe(Schema.pattern(/^[^\p{Cc}\p{Cs}]{1,1024}$/u))
})
export type ExtensionAnswer = typeof ExtensionAnswer.Type

/** What became of asking an extension. A failure counts as a deny. */
export type Verdict =
  | { readonly _tag: "Abstained" }
  | ({ readonly _tag: "Answered" } & ExtensionAnswer)
  | ({ readonly _tag: "Failed" } & Pick<ExtensionFailure, "failure" | "problem">)

const abstained: Verdict = { _tag: "Abstained" }

export const failed = (failure: ExtensionFailure["failure"], problem: string): Verdict => ({
  _tag: "Failed",
  failure,
  problem: escapeLine(problem, 300)
})

const maxAnswer = 8192

const decode = Schema.decodeUnknownEither(Schema.parseJson(ExtensionAnswer), { onExcessProperty: "error" })

const wanted =
  `an answer is undefined, or an object with an effect (allow, deny or require_review), a reason (one line, ` +
  `1 to 1024 characters) and nothing else; a promise is none`

/** Reads what the prelude's `ask` said: see there. */
export const read = (said: string): Verdict => {
  const rest = said.slice(1)
  switch (said[0]) {
    case "-":
      return abstained
    case "!":
      return failed(/^InternalError: (?:out of memory|stack overflow)/.test(rest) ? "crash" : "throw", rest)
    case "=": {
      if (rest.length > maxAnswer) return failed("answer", `it is longer than ${maxAnswer} characters`)
      const answer = decode(rest)
      return Either.isRight(answer) ? { _tag: "Answered", ...answer.right } : failed("answer", wanted)
    }
    default:
      return failed("answer", rest === "" ? wanted : `${escapeLine(rest, 100)}; ${wanted}`)
  }
}
