/** Why standard output could not be written, for a person; undefined when its reader had seen enough (`| head`). No Effect: see `bin.ts`. */
export const unwritable = (error: NodeJS.ErrnoException): string | undefined =>
  error.code === "EPIPE"
    ? undefined
    : `Standard output cannot be written (${error.code ?? error.message}), so what it holds is not whole. ` +
      "Make room, or send it elsewhere"
