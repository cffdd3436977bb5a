/** One simple command of a script: its words, or none when it uses what only a shell can do. */
export type SimpleCommand = ReadonlyArray<string>

// Only a shell could say what these stand for. Braces are left to whoever expands the glob they stand in.
const needsShell = /[$`<>()]/

/**
 * Splits a script of package.json at `&&`, `||`, `;`, `|` and `&` into simple commands and these into words; quotes and backslashes mean
 * what they mean to sh. Commands that need a shell (variables, redirections) are left out.
 */
export const shellWords = (script: string): ReadonlyArray<SimpleCommand> => {
  const commands: Array<{ words: Array<string>; plain: boolean }> = [{ words: [], plain: true }]
  let word: string | undefined
  let quote: string | undefined
  const current = () => commands.at(-1)!
  const endWord = () => {
    if (word !== undefined) current().words.push(word)
    word = undefined
  }
  for (let at = 0; at < script.length; at++) {
    const character = script[at]!
    if (quote !== undefined) {
      if (character === quote) quote = undefined
      else {
        if (quote === "\"" && /[$`]/.test(character)) current().plain = false
        word = `${word ?? ""}${quote === "\"" && character === "\\" ? script[++at] ?? "" : character}`
      }
    } else if (character === "'" || character === "\"") {
      quote = character
      word ??= ""
    } else if (character === "\\") word = `${word ?? ""}${script[++at] ?? ""}`
    else if (/\s/.test(character) && character !== "\n") endWord()
    else if (/[&|;\n]/.test(character)) {
      endWord()
      commands.push({ words: [], plain: true })
    } else {
      if (needsShell.test(character)) current().plain = false
      word = `${word ?? ""}${character}`
    }
  }
  endWord()
  return commands.flatMap(({ plain, words }) => plain && words.length > 0 ? [words] : [])
}
