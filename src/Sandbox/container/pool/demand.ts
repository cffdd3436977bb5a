/** How a pool follows its use. Times in ms. */
export interface DemandOptions {
  /** Never more than this many are ready. */
  readonly most: number
  /** Uses within this time count as one burst. */
  readonly burstMs: number
  /** Without a use for this long nothing is kept. */
  readonly idleMs: number
}

export const usual: DemandOptions = { most: 3, burstMs: 2000, idleMs: 120_000 }

/** How many should be ready: as many as the greatest burst of late used, none when there was no use. `uses` are times, oldest first. */
export const wanted = (
  uses: ReadonlyArray<number>,
  now: number,
  { burstMs, idleMs, most }: DemandOptions = usual
): number => {
  const recent = uses.filter((at) => now - at < idleMs)
  const bursts = recent.map((end) => recent.filter((at) => at <= end && end - at < burstMs).length)
  return Math.min(most, Math.max(0, ...bursts))
}
