/** A word as a shell takes it, to the letter: for commands that a person may copy, where a folder's name could hold anything. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./][\w@%+=:,./-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
