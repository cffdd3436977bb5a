/** Where text for a person goes; only the parts of a Node stream that are needed, so that a test can stand in for it. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
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
      const most = Math.max(10, (output.columns ?? 80) - 1)
      output.write(`${erase}${text.slice(0, most)}`)
      shown = true
    },
    clear
  }
}
