const comments = /"(?:\\[^]?|[^"\\])*(?:"|$)|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)/g
const commas = /"(?:\\[^]?|[^"\\])*(?:"|$)|,(?=\s*[}\]])/g

/** Strings stay as they are; both patterns take what never ends as well, so that each byte is looked at once. */
const without = (text: string, what: RegExp): string =>
  text.replace(what, (found) => found.startsWith("\"") ? found : " ")

/** JSON with comments and trailing commas, as editors write it; undefined when it is none. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(without(without(text, comments), commas))
  } catch {
    return undefined
  }
}
