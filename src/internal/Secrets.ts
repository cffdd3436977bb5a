import { Effect } from "effect"
import { credentials } from "./secrets/credentials.ts"
import { loadPreset } from "./secrets/preset.ts"
import { privateKeys } from "./secrets/privateKeys.ts"
import { addCounts, type Masked, redact } from "./secrets/redact.ts"
import { type Finder, finderOf, type Span } from "./secrets/Span.ts"
import { tokens } from "./secrets/tokens.ts"
import { isSuspicious } from "./secrets/trigger.ts"
import { variables } from "./secrets/variables.ts"
import { isTimeout, within } from "./within.ts"

export { addCounts, type Masked } from "./secrets/redact.ts"
export { isSuspicious }

const budgetMs = 5_000
const maxPasses = 8
const maxLength = 2 << 20

/** The kind under which a text counts that was held back whole. */
const withheld = "withheld"

const withhold = (why: string): Masked => ({
  text: `[withheld: this text may hold secrets, and ${why}]`,
  found: { [withheld]: 1 }
})

/** Whether the preset found as one piece a private key that was found line by line. */
const isSame = ({ end, kind, start }: Span, keys: ReadonlyArray<Span>) =>
  kind === "privatekey" && keys.some((key) => start <= key.start && key.end <= end)

/** Masks until nothing is found: a mask may be the border that a secret right behind it lacked. */
const redactAll = (text: string, find: Finder): Masked | undefined => {
  let masked: Masked = { text, found: {} }
  for (let pass = 0; pass < maxPasses; pass++) {
    if (!isSuspicious(masked.text)) return masked
    const spans = find(masked.text)
    if (spans.length === 0) return masked
    const next = redact(masked.text, spans)
    masked = { text: next.text, found: addCounts(masked.found, next.found) }
  }
  return undefined
}

/** The masker over a finder. What cannot be scanned, or not within the time (ms), is held back: nothing passes unseen. */
export const makeMasker = (find: Finder, ms = budgetMs) => (text: string): Masked => {
  if (!isSuspicious(text)) return { text, found: {} }
  if (text.length > maxLength) return withhold(`it is too long to be scanned (${text.length} characters)`)
  try {
    return within(ms, () => redactAll(text, find)) ?? withhold("they cannot be told apart from each other")
  } catch (error) {
    return withhold(isTimeout(error) ? "scanning it took too long" : "the scanner failed on it")
  }
}

const load = async () => {
  const preset = await loadPreset()
  const shapes = finderOf([...tokens, ...credentials, ...variables])
  return makeMasker((text) => {
    const keys = privateKeys(text)
    return [...keys, ...shapes(text), ...preset(text).filter((found) => !isSame(found, keys))]
  })
}

let loaded: Promise<(text: string) => Masked> | undefined

/** Masks secrets; loaded when the first suspicious text comes. A detector that cannot be loaded holds every such text back. */
export const masker: Effect.Effect<(text: string) => Masked> = Effect.promise(() =>
  loaded ??= load().catch(() => (text: string) =>
    isSuspicious(text) ? withhold("the scanner cannot be loaded") : { text, found: {} }
  )
)

/** Puts `[secret: kind]` in the place of each secret of a text and counts them by kind. Not everything long and random is one. */
export const mask = (text: string): Effect.Effect<Masked> =>
  isSuspicious(text) ? Effect.map(masker, (now) => now(text)) : Effect.succeed({ text, found: {} })
