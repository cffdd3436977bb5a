import { coloured, plain, type Style, wantsColour } from "./render/style.ts"
import { makeTerminal } from "./render/Terminal.ts"

const dumb = process.env["TERM"] === "dumb"

/** Standard output as a person sees it: text, and a status line below it. Everything for stdout goes through here. */
export const screen = makeTerminal(process.stdout, dumb)

/** The colours standard output is to have, and those of standard error. */
export const outStyle: Style = wantsColour(process.env, process.stdout.isTTY) ? coloured : plain
export const errStyle: Style = wantsColour(process.env, process.stderr.isTTY) ? coloured : plain

/** Prints text that is harmless already. */
export const print = (text: string): void => screen.write(text)

/** Tells something on standard error, below which the status line is drawn anew. */
export const tell = (text: string): void => {
  screen.clear()
  process.stderr.write(text)
}

/** Whether a person can see a question here and answer it. */
export const canAsk = (): boolean => process.stdin.isTTY && (process.stdout.isTTY || process.stderr.isTTY)
