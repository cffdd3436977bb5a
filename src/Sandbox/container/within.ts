/** An answer of an engine's, or a failure when it does not come in time; one that comes later is let go. */
export const within = async <A>(ms: number, what: string, answer: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) =>
    timer = setTimeout(() => reject(new Error(`the engine ${what} within ${ms} ms`)), ms)
  )
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
