/** Where text for a person goes; only the parts of a Node stream that are needed, so that a test can stand in for it. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

// Rather too wide than too narrow: a status line that wraps could not be taken back.
const isWide = (character: string): boolean => /[^\u0000-\u10ff\u2010-\u2027\u2800-\u28ff]/u.test(character)

/** The head of a text that fits into so many columns of a terminal. */
const fit = (text: string, columns: number): string => {
  let used = 0
  let end = 0
  for (const character of text) {
    used += isWide(character) ? 2 : 1
    if (used > columns) break
    end += character.length
  }
  return text.slice(0, end)
}

const erase = "\r\x1b[2K"

/** Writes text and keeps one status line below it, on a real terminal only; elsewhere the status is never shown. */
export const makeTerminal = (output: Output, dumb: boolean) => {
  const drawsStatus = output.isTTY === true && !dumb
  let shown = false

  const clear = () => {
    if (shown) output.write(erase)
    shown = false
  }

  return {
    drawsStatus,
    write: (text: string): void => {
      if (text === "") return
      clear()
      output.write(text)
    },
    /** Replaces the status line; only call it when what was written last ended its line. */
    status: (text: string): void => {
      if (!drawsStatus) return
      const most = Math.max(1, (output.columns ?? 80) - 1)
      output.write(`${erase}${fit(text, most)}`)
      shown = true
    },
    clear
  }
}
