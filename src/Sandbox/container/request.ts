import type { SandboxCommand } from "../SandboxCommand.ts"

/** Variables of the parked shell; a command whose environment has one of them is not for it. */
export const request = "_fluffy_request"
export const newline = "_fluffy_newline"

/** What a parked shell prints on standard output, as printf(1) reads it, before anything of a command can run. */
export const begun = "\\006"
export const begunByte = 0x06

/** The shell reads its request byte by byte, so that standard input after it is untouched; longer ones are not worth it. */
const maxBytes = 16_384

const plain = /^[\t\n\x20-\x7e]*$/

const octal = (byte: number) => {
  const character = String.fromCharCode(byte)
  return /[\w ./:=,+-]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`
}

/** A word of the shell that stands for exactly this text, all of it on one line and in printable ASCII. */
const quote = (text: string): string => {
  const end = /\n*$/.exec(text)![0]
  const lines = `"$${newline}"`
  if (plain.test(text)) return `'${text.replaceAll("'", "'\\''").replaceAll("\n", `'${lines}'`)}'`
  const bytes = [...Buffer.from(text.slice(0, text.length - end.length))].map(octal).join("")
  // A substitution takes the newlines at its end away.
  return `"$(printf %b '${bytes}')"${lines.repeat(end.length)}`
}

/** The line that makes a parked shell run a command, or undefined when it cannot be told of it. */
export const requestLine = ({ args, command, cwd, env, stdin }: SandboxCommand): string | undefined => {
  if ([request, newline].some((name) => env?.[name] !== undefined)) return undefined
  const steps = [
    `cd -P ${quote(cwd)} 2>/dev/null`,
    "unset OLDPWD",
    `set -- ${[command, ...args].map(quote).join(" ")}`,
    ...stdin === undefined ? ["exec </dev/null"] : []
  ]
  const line = `${steps.join(" && ")}\n`
  return line.length > maxBytes ? undefined : line
}
