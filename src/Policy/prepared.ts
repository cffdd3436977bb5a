import type { Rule } from "./Rule.ts"

/** Set by the build of the command: the rules of shipped files by the SHA-256 (hex) of the file's text, decoded once. */
declare const FLUFFY_POLICIES: Readonly<Record<string, ReadonlyArray<Rule>>> | undefined

/** The rules of a text by its SHA-256 (hex), that the build has read and whose examples the tests have run; undefined for any other. */
export const prepared = (hash: string): ReadonlyArray<Rule> | undefined => {
  if (typeof FLUFFY_POLICIES === "undefined") return undefined
  return Object.hasOwn(FLUFFY_POLICIES, hash) ? FLUFFY_POLICIES[hash] : undefined
}
