import { isPlaceholder, residue } from "./placeholder.ts"
import type { Shape } from "./Span.ts"

const ends =
  "TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|API_?KEY|ACCESS_KEY|SECRET_KEY|SECRET_KEY_BASE|AUTH_KEY|" +
  "ENCRYPTION_KEY|PRIVATE_KEY|SIGNING_KEY|MASTER_KEY|APP_KEY|CREDENTIALS|_PAT"

const name = String.raw`(?<![A-Za-z0-9_])[A-Z0-9_]{0,80}?(?:${ends})`

const unquoted = String.raw`[^\s"'${"`"},;(){}[\]<>$&|\\]`

/** Names of properties, one after the other: code and not a value. */
const isPath = (value: string) => /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/.test(value)

/** Names of what as often as not holds the path of a file; a token that only looks like one is still a token. */
const mayBeFile = /(?:_PASS|_PWD|PRIVATE_KEY|SIGNING_KEY|MASTER_KEY|APP_KEY|CREDENTIALS)\\?["']?\s*[=:]/

const isFile = (value: string) => /^(?:~|\.{1,2})?(?:\/[\w.@-]+){2,}$|^(?:~|\.{1,2})\//.test(value)

const isMade = (value: string, least: number) => {
  const left = residue(value)
  return left.length >= least && /\d/.test(left) && /[a-z]/.test(left)
}

/** People choose passwords, so a word will do where nothing but a shell or an `.env` file writes so; keys and tokens are made. */
const isSecret = (value: string, match: string): boolean => {
  if (isPath(value) || /[([{$]$/.test(match) || (mayBeFile.test(match) && isFile(value))) return false
  if (/_(?:PASS|PWD)\\?["']?\s*[=:]/.test(match)) return !isPlaceholder(value, 6) && isMade(value, 6)
  if (!/(?:PASSWORD|PASSWD|PASSPHRASE)\\?["']?\s*[=:]/.test(match)) return !isPlaceholder(value, 8) && isMade(value, 8)
  return /(?:PASSWORD|PASSWD|PASSPHRASE)=/.test(match)
    ? !isPlaceholder(value, 5)
    : !isPlaceholder(value, 6) && isMade(value, 6)
}

const shape = (pattern: string): Shape => ({ kind: "variable", pattern: name + pattern, valid: isSecret })

const gap = String.raw`[ \t]{0,4}[=:][ \t]{0,4}`

/**
 * Values of variables in capitals that are named for a secret. Without quotes only as shells, `.env` files and YAML write them; what
 * goes on like a call or a template is code.
 */
export const variables: ReadonlyArray<Shape> = [
  // The match takes in what follows, and never fails after a long value: so the time stays linear.
  shape(String.raw`=(?<secret>${unquoted}{5,})[([{$]?`),
  shape(String.raw`:[ \t]{1,4}(?<secret>${unquoted}{6,})(?=\s|$)`),
  shape(String.raw`["']?${gap}"(?<secret>[^"\s\\]{5,512})"`),
  shape(String.raw`["']?${gap}'(?<secret>[^'\s\\]{5,512})'`),
  shape(String.raw`\\"${gap}\\"(?<secret>[^"\s\\]{5,512})\\"`)
]

/** A cheap test of whether any of them can be there. */
export const variableTrigger = String.raw`(?:${ends})\\?["']?${gap}\\?["']?[^\s"'\\]{5}`
