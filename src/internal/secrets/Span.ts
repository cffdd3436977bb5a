/** A piece of a text that is secret: `[start, end)` in UTF-16 units. Of a secret in several pieces only one is `counted`. */
export interface Span {
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly counted: boolean
}

/** What finds secrets in a text. It takes time linear in the text, whatever the text is. */
export type Finder = (text: string) => ReadonlyArray<Span>

/** A secret by its shape: the whole match of `pattern`, or its group `secret`; `valid` says whether it is one at all. */
export interface Shape {
  readonly kind: string
  readonly pattern: string
  readonly valid?: (secret: string, match: string) => boolean
}

/** The finder of some shapes. The patterns are compiled once. */
export const finderOf = (shapes: ReadonlyArray<Shape>): Finder => {
  const compiled = shapes.map((shape) => ({ ...shape, regex: new RegExp(shape.pattern, "dg") }))
  return (text) => {
    const spans: Array<Span> = []
    for (const { kind, regex, valid } of compiled) {
      for (const match of text.matchAll(regex)) {
        const [start, end] = match.indices?.groups?.["secret"] ?? [match.index, match.index + match[0].length]
        if (valid?.(text.slice(start, end), match[0]) !== false) spans.push({ kind, start, end, counted: true })
      }
    }
    return spans
  }
}
