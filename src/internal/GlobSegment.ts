import { contains, type GlobClass } from "./GlobClass.ts"

/** A part of a segment: a literal character, `?`, `*`, or a class. */
export type Token = { readonly literal: string } | "one" | "many" | GlobClass

/** One name of a pattern, ready to be asked; `literal` is set when only one name fits, else every fit has `prefix` and `suffix`. */
export interface Segment {
  readonly test: (name: string) => boolean
  readonly literal?: string
  readonly prefix?: string
  readonly suffix?: string
}

/** `**` between slashes: any number of names, none included. */
export const globstar = "globstar"

const fits = (token: Token, character: string): boolean =>
  token === "one" ||
  (token !== "many" && ("literal" in token ? token.literal === character : contains(token, character)))

/** Goes back to the last `*` only, so the cost is at most name x pattern, whatever the pattern: no catastrophic case exists. */
const wildcard = (tokens: ReadonlyArray<Token>) => (name: string): boolean => {
  const characters = Array.from(name)
  let token = 0
  let star = -1
  let resume = 0
  for (let at = 0; at < characters.length;) {
    const current = tokens[token]
    if (current === "many") {
      star = token++
      resume = at
    } else if (current !== undefined && fits(current, characters[at]!)) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++resume
    } else return false
  }
  while (tokens[token] === "many") token++
  return token === tokens.length
}

const leading = (tokens: ReadonlyArray<Token>): string => {
  let text = ""
  for (const token of tokens) {
    if (typeof token === "string" || !("literal" in token)) return text
    text += token.literal
  }
  return text
}

const trailing = (tokens: ReadonlyArray<Token>): string => {
  const last = tokens.findLastIndex((token) => typeof token === "string" || !("literal" in token))
  return leading(tokens.slice(last + 1))
}

/** Compiles the tokens of one name; the common shapes (`name`, `*`, `*.ext`, `name*`, `a*b`) cost one or two string compares. */
export const segment = (tokens: ReadonlyArray<Token>): Segment => {
  const prefix = leading(tokens)
  if (tokens.every((token) => typeof token !== "string" && "literal" in token)) {
    return { literal: prefix, test: (name) => name === prefix }
  }
  const suffix = trailing(tokens)
  const least = prefix.length + suffix.length
  const simple = tokens.every((token) => token === "many" || (typeof token !== "string" && "literal" in token)) &&
    leading(tokens.filter((token) => token !== "many")).length === least
  return {
    prefix,
    suffix,
    test: simple
      ? (name) => name.length >= least && name.startsWith(prefix) && name.endsWith(suffix)
      : wildcard(tokens)
  }
}
