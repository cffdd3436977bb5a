/** A set of characters as `[...]` writes it: inclusive ranges of code points, and whether it is turned round. */
export interface GlobClass {
  readonly negated: boolean
  readonly ranges: ReadonlyArray<readonly [low: number, high: number]>
}

const named: Readonly<Record<string, GlobClass["ranges"]>> = {
  alnum: [[48, 57], [65, 90], [97, 122]],
  alpha: [[65, 90], [97, 122]],
  blank: [[9, 9], [32, 32]],
  cntrl: [[0, 31], [127, 127]],
  digit: [[48, 57]],
  graph: [[33, 126]],
  lower: [[97, 122]],
  print: [[32, 126]],
  punct: [[33, 47], [58, 64], [91, 96], [123, 126]],
  space: [[9, 10], [13, 13], [32, 32]],
  upper: [[65, 90]],
  xdigit: [[48, 57], [65, 70], [97, 102]]
}

const code = (character: string | undefined) => character === undefined ? -1 : character.codePointAt(0)!

/**
 * Reads a class whose `[` stands at `start`, the way git's wildmatch does; `end` is the index after its `]`. Undefined when it is not
 * closed or names an unknown `[:class:]`.
 */
export const readClass = (
  characters: ReadonlyArray<string>,
  start: number
): { readonly set: GlobClass; readonly end: number } | undefined => {
  let at = start + 1
  const negated = characters[at] === "!" || characters[at] === "^"
  if (negated) at++
  const ranges: Array<readonly [number, number]> = []
  let previous = -1
  for (const first = at; at === first || characters[at] !== "]"; at++) {
    const character = characters[at]
    if (character === undefined) return undefined
    if (character === "[" && characters[at + 1] === ":") {
      const close = characters.indexOf("]", at + 2)
      if (close < 0) return undefined
      if (close > at + 2 && characters[close - 1] === ":") {
        const known = named[characters.slice(at + 2, close - 1).join("")]
        if (known === undefined) return undefined
        ranges.push(...known)
        previous = -1
        at = close
        continue
      }
    }
    if (character === "-" && previous >= 0 && characters[at + 1] !== undefined && characters[at + 1] !== "]") {
      if (characters[++at] === "\\") at++
      if (characters[at] === undefined) return undefined
      ranges.push([previous, code(characters[at])])
      previous = -1
      continue
    }
    if (character === "\\") at++
    if (characters[at] === undefined) return undefined
    previous = code(characters[at])
    ranges.push([previous, previous])
  }
  return { set: { negated, ranges }, end: at + 1 }
}

/** Whether a character is in the set. */
export const contains = (set: GlobClass, character: string): boolean => {
  const point = code(character)
  return set.ranges.some(([low, high]) => low <= point && point <= high) !== set.negated
}
