/**
 * What may not reach a terminal as it is: control characters but tab and newline (C0, DEL, C1, so every escape sequence), marks that
 * reorder or hide text (bidi, zero width, tags, fillers), line separators, and halves of characters.
 */
const unsafe = new RegExp(
  "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b\\u200c\\u200e\\u200f" +
    "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}" +
    "\\ud800-\\udfff]",
  "gu"
)

const shown = (character: string): string => {
  const code = character.codePointAt(0)!
  if (code === 0x0d) return "\\r"
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`
}

/** Untrusted text as a terminal may show it: several lines stay several lines, everything unsafe is spelled out (`\x1b`, `\u{202e}`). */
export const escape = (text: string): string => text.replaceAll("\r\n", "\n").replace(unsafe, shown)

/** The same on one line: newlines and tabs become blanks, and what is longer than `most` is cut. */
export const escapeLine = (text: string, most = 200): string => {
  const line = escape(text.length > most * 4 ? text.slice(0, most * 4) : text).replace(/\s+/g, " ").trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}

/** JSON whose text is harmless on a terminal too; its value is the same. */
export const escapeJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    unsafe,
    (character) =>
      Array.from({ length: character.length }, (_, index) =>
        `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join("")
  )

/** Escapes text that comes in pieces: what one piece leaves open (half a character, a carriage return) waits for the next. */
export const makeEscaper = () => {
  let open = ""
  return {
    write: (piece: string): string => {
      const text = open + piece
      open = /[\ud800-\udbff\r]$/.exec(text)?.[0] ?? ""
      return escape(text.slice(0, text.length - open.length))
    },
    end: (): string => {
      const rest = escape(open)
      open = ""
      return rest
    }
  }
}
