// No Effect here: the command line reads its flags before anything else is loaded.

const sizes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

const parse = (text: string, units: Readonly<Record<string, number>>): number | undefined => {
  const [, digits, unit] = /^(\d{1,12}(?:\.\d{1,6})?) ?([A-Za-z]+)$/.exec(text.trim()) ?? []
  const factor = unit === undefined || !Object.hasOwn(units, unit) ? undefined : units[unit]
  if (digits === undefined || factor === undefined) return undefined
  const value = Number(digits) * factor
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** A size as people write it, in bytes: `512MiB` (IEC), `1.5GB` (SI), `100 B`. A unit is needed; undefined for anything else. */
export const parseSize = (text: string): number | undefined => parse(text, sizes)

/** A time as people write it, in ms: `500ms`, `90s`, `10m`, `1.5h`. A unit is needed; undefined for anything else. */
export const parseTime = (text: string): number | undefined => parse(text, times)

/** How to write a size or a time, for messages. */
export const sizeForm = "a size with a unit, such as 512MiB or 2GB"
export const timeForm = "a time with a unit, such as 90s or 10m"
