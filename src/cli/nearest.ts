/** How many letters to insert, drop, change or swap to get from one word to another. */
const distance = (from: string, to: string): number => {
  let before: Array<number> = []
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, before[j - 2]! + 1)
      }
      next.push(best)
    }
    before = row
    row = next
  }
  return row[to.length]!
}

/** The word that was surely meant, if one of them is near enough. */
export const nearest = (word: string, words: Iterable<string>): string | undefined => {
  let best: { readonly word: string; readonly distance: number } | undefined
  if (word.length > 40) return undefined
  for (const candidate of words) {
    const apart = candidate.startsWith(word) && word.length >= 2 ? 1 : distance(word.toLowerCase(), candidate)
    if (apart <= Math.max(1, Math.floor(candidate.length / 3)) && (best === undefined || apart < best.distance)) {
      best = { word: candidate, distance: apart }
    }
  }
  return best?.word
}
