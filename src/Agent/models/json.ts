/** Readers of JSON from a stranger: whatever has not the asked form is `undefined`, and unknown fields are not looked at. */
export type Json = Readonly<Record<string, unknown>>

export const record = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Json : undefined

export const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

export const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** A count: tokens, an index. */
export const number = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined

/** Follows names into nested objects. */
export const at = (value: unknown, ...names: ReadonlyArray<string>): unknown => {
  let here = value
  for (const name of names) here = record(here)?.[name]
  return here
}

/** Parses JSON; `undefined` when it is none. */
export const parse = (source: string): unknown => {
  try {
    return JSON.parse(source) as unknown
  } catch {
    return undefined
  }
}
