import { canonical } from "./canonical.ts"

/** The most bytes the canonical form of one entry's detail may take. */
export const maxDetailBytes = 64 * 1024

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

interface Limits {
  readonly text: number
  readonly items: number
  readonly depth: number
}

// A detail that is too large is copied again with the next limits, so that a long text costs the text and not its neighbours.
const ladder: ReadonlyArray<Limits> = [
  { text: 32_768, items: 4096, depth: 32 },
  { text: 4096, items: 512, depth: 16 },
  { text: 512, items: 64, depth: 8 },
  { text: 64, items: 8, depth: 3 }
]

// Lone surrogates have no UTF-8 and RFC 8785 refuses them.
const loneSurrogate = /\p{Surrogate}/gu

/** A text of at most `limit` UTF-16 units plus a mark that says how much was cut, without lone surrogates. */
export const clip = (text: string, limit: number): string => {
  const kept = text.length <= limit ? text : `${text.slice(0, limit)}… [cut, ${text.length} characters]`
  return kept.replace(loneSurrogate, "\ufffd")
}

/** Copies what is readable of `value`; `left` shrinks by about a character each and ends the walk when it is used up. */
class Copier {
  left = maxDetailBytes
  private readonly limits: Limits
  private readonly parents: Array<object> = []

  constructor(limits: Limits) {
    this.limits = limits
  }

  copy(value: unknown): Json {
    this.left -= 8
    if (this.left < 0) return null
    switch (typeof value) {
      case "string":
        this.left -= Math.min(value.length, this.limits.text)
        return clip(value, this.limits.text)
      case "number":
        return Number.isFinite(value) ? value : String(value)
      case "bigint":
        return String(value)
      case "boolean":
        return value
      case "undefined":
        return null
      case "object":
        return value === null ? null : this.nested(value)
      default:
        return `[${typeof value}]`
    }
  }

  private nested(value: object): Json {
    if (this.parents.includes(value)) return "[circular]"
    if (this.parents.length >= this.limits.depth) return "[cut, nested too deep]"
    this.parents.push(value)
    try {
      return this.members(value)
    } catch {
      return "[unreadable]"
    } finally {
      this.parents.pop()
    }
  }

  private members(value: object): Json {
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
    if (Array.isArray(value)) return this.list(value)
    if (value instanceof Set || value instanceof Map) return this.list([...value])
    if ("toJSON" in value && typeof value.toJSON === "function") return this.copy(value.toJSON())
    if (value instanceof Error) return this.copy(`${value.name}: ${value.message}`)
    return this.record(value)
  }

  private list(values: ReadonlyArray<unknown>): Json {
    const kept = Array.from(values.slice(0, this.limits.items), (value) => this.copy(value))
    return kept.length < values.length ? [...kept, `[cut, ${values.length} items]`] : kept
  }

  private record(value: object): Json {
    const names = Object.keys(value)
    const kept: Array<[string, Json]> = []
    for (const name of names.slice(0, this.limits.items)) {
      if (this.left < 0) break
      const member: unknown = (value as Record<string, unknown>)[name]
      if (member === undefined) continue
      this.left -= Math.min(name.length, this.limits.text)
      kept.push([clip(name, this.limits.text), this.copy(member)])
    }
    if (names.length > this.limits.items) kept.push(["…", `[cut, ${names.length} members]`])
    // fromEntries defines: assigning would lose a member named __proto__.
    return Object.fromEntries(kept)
  }
}

const isRecord = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * The canonical form of a detail, of at most `maxDetailBytes`: long parts are cut with a mark, what JSON cannot hold is named,
 * and a detail that is no record becomes the `value` of one.
 */
export const canonicalDetail = (detail: Readonly<Record<string, unknown>>): string => {
  for (const limits of ladder) {
    const copier = new Copier(limits)
    const plain = copier.copy(detail)
    if (copier.left < 0) continue
    const text = canonical(isRecord(plain) ? plain : { value: plain })
    // A UTF-16 unit takes at most three bytes, so most texts need not be measured.
    if (text.length * 3 <= maxDetailBytes || Buffer.byteLength(text) <= maxDetailBytes) return text
  }
  return canonical({ "…": `[cut, more than ${maxDetailBytes} bytes]` })
}
