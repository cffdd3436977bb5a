const pageBytes = 4096
const empty = Buffer.alloc(pageBytes)

/** A WebAssembly memory; growing puts another buffer in it. */
export interface Memory {
  readonly buffer: ArrayBuffer
}

/** What a memory held at one moment: all of it up to `end`, in bytes, is zero but these pieces. */
export interface Image {
  readonly end: number
  readonly pieces: ReadonlyArray<{ readonly at: number; readonly bytes: Uint8Array }>
}

/** Takes a picture of a memory. */
export const take = ({ buffer }: Memory): Image => {
  const bytes = Buffer.from(buffer)
  const pieces: Array<{ at: number; bytes: Uint8Array }> = []
  let start: number | undefined
  for (let at = 0; at <= bytes.length; at += pageBytes) {
    const isEmpty = at === bytes.length || bytes.subarray(at, at + pageBytes).equals(empty)
    if (!isEmpty) start ??= at
    else if (start !== undefined) {
      pieces.push({ at: start, bytes: Uint8Array.prototype.slice.call(bytes, start, at) })
      start = undefined
    }
  }
  const last = pieces.at(-1)
  return { end: last === undefined ? 0 : last.at + last.bytes.length, pieces }
}

/** Makes a memory what it was: whatever was computed since is gone. What lies behind the end was never handed out to a program. */
export const restore = ({ buffer }: Memory, { end, pieces }: Image): void => {
  const bytes = new Uint8Array(buffer)
  bytes.fill(0, 0, end)
  for (const { at, bytes: piece } of pieces) bytes.set(piece, at)
}
