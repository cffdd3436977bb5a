/** Colours as functions of text; without colour they leave it as it is. */
export interface Style {
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

const codes = { red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39], dim: [2, 22], bold: [1, 22] } as const

const colour = (name: keyof typeof codes) => (text: string): string => {
  const [on, off] = codes[name]
  return text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`
}

/** Colours as ANSI sequences. */
export const coloured: Style = {
  red: colour("red"),
  green: colour("green"),
  yellow: colour("yellow"),
  cyan: colour("cyan"),
  dim: colour("dim"),
  bold: colour("bold")
}

const same = (text: string) => text

/** No colours. */
export const plain: Style = { red: same, green: same, yellow: same, cyan: same, dim: same, bold: same }

/** Whether to colour: FORCE_COLOR and NO_COLOR (https://no-color.org) decide, else whether it is a terminal that is not dumb. */
export const wantsColour = (env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean => {
  const forced = env["FORCE_COLOR"]
  if (forced !== undefined) return forced !== "0" && forced !== "false"
  return (env["NO_COLOR"] ?? "") === "" && isTerminal && env["TERM"] !== "dumb"
}
