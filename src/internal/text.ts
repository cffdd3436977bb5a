/** Cuts text to at most `bytes` of UTF-8 at a character border, keeping its head and saying how much is missing. */
export const capHead = (text: string, bytes: number): string => {
  const buffer = Buffer.from(text, "utf8")
  if (buffer.length <= bytes) return text
  return `${headOf(buffer, bytes)}\n[cut: ${buffer.length - bytes} more bytes]`
}

/** Cuts text to at most `bytes`, keeping its head and its tail: where errors of a command usually stand. */
export const capMiddle = (text: string, bytes: number): string => {
  const buffer = Buffer.from(text, "utf8")
  if (buffer.length <= bytes) return text
  const half = Math.floor(bytes / 2)
  let start = buffer.length - half
  while (start < buffer.length && (buffer[start]! & 0xc0) === 0x80) start++
  return `${headOf(buffer, half)}\n[cut: ${start - half} bytes]\n${buffer.subarray(start).toString("utf8")}`
}

const headOf = (buffer: Buffer, bytes: number): string => {
  let end = bytes
  while (end > 0 && (buffer[end]! & 0xc0) === 0x80) end--
  return buffer.subarray(0, end).toString("utf8")
}

/** A count with its noun: `1 file`, `2 files`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

/** What another program said, without the full stops it ends in: a sentence of ours goes on after it. */
export const withoutStop = (said: string): string => said.trimEnd().replace(/\.+$/, "")

/** A word as it can stand among others: in quotes, on one line, where it could be taken for more than one. */
export const quoteWord = (word: string): string => /^[\w@%+=:,./~-]+$/.test(word) ? word : JSON.stringify(word)
