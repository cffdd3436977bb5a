import type { Runner } from "./Runner.ts"

const nameOf = (word: string) => word.split("=", 1)[0] ?? word

/** The words of a test script without the options a runner drops. `--outputFile.json` is dropped with `--outputFile`. */
export const withoutDropped = (words: ReadonlyArray<string>, dropped: ReadonlyArray<string>): ReadonlyArray<string> => {
  const kept: Array<string> = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    const rule = dropped.find((rule) => {
      const option = rule.replace(/=$/, "")
      return nameOf(word) === option || nameOf(word).startsWith(`${option}.`)
    })
    if (rule === undefined) kept.push(word)
    else if (rule.endsWith("=") && !word.includes("=")) at++
  }
  return kept
}

/** Tells options (with their values) from positional words. */
export const separate = (
  words: ReadonlyArray<string>,
  valued: Runner["valued"]
): { readonly options: ReadonlyArray<string>; readonly positionals: ReadonlyArray<string> } => {
  const options: Array<string> = []
  const positionals: Array<string> = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === "--") continue
    if (!word.startsWith("-")) positionals.push(word)
    else {
      options.push(word)
      const value = words[at + 1]
      if (valued.includes(word) && value !== undefined) {
        options.push(value)
        at++
      }
    }
  }
  return { options, positionals }
}
