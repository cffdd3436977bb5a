import { escapeLine } from "../../internal/escape.ts"

/** A count with thousands set apart. (`Intl` would cost 12 ms at the start.) */
export const number = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")

/** A time in ms as a person reads it: `3 ms`, `1.2 s`, `2 min 5 s`. */
export const time = (ms: number): string => {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** Stands before each line of the model's, which could else pass for one of the kernel's. */
export const gutter = "│ "

/** Names in one line, the first ones and how many more; they are untrusted. */
export const list = (names: ReadonlyArray<string>, most = 12): string => {
  const shown = names.slice(0, most).map((name) => escapeLine(name)).join(", ")
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}
