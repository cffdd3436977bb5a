const shortNames: ReadonlyArray<readonly [RegExp, string]> = [[/^git~\d+$/, ".git"], [/^fluffy~\d+$/, ".fluffy"]]

/**
 * The name some file system would take this one for: case, compatibility forms and invisible characters gone (HFS+, APFS), and NTFS's
 * trailing dots and blanks, alternate streams and short names read. Names that fold to `.git` are the ones git itself refuses.
 */
export const foldName = (name: string): string => {
  const plain = name.normalize("NFKC").replace(/\p{Default_Ignorable_Code_Point}/gu, "").toLowerCase()
    .replace(/:.*$/su, "").replace(/[. ]+$/u, "")
  return shortNames.find(([short]) => short.test(plain))?.[1] ?? plain
}

const suspicious = /git|fluffy|[^\x20-\x7e]/i

const none: ReadonlyArray<string> = []

/** The folded names of a path, a backslash taken for a slash; none, at no cost, when no name can mean `.git` or `.fluffy`. */
export const foldPath = (path: string): ReadonlyArray<string> =>
  suspicious.test(path) ? path.split(/[/\\]/).map(foldName) : none
