import { isPlaceholder } from "./placeholder.ts"
import type { Shape } from "./Span.ts"

const leastPassword = 4

/** Whether what stands for a password in an address is one. */
export const isPassword = (written: string): boolean => !isPlaceholder(decode(written), leastPassword)

/** Whether the Basic scheme's base64 really holds a name and a password. */
const isPair = (encoded: string) =>
  /^[\x20-\x7e]*:[\x20-\x7e]+$/.test(Buffer.from(encoded, "base64").toString("latin1"))

/** Secrets known by what stands round them: HTTP credentials, passwords in addresses, npm's configuration. */
export const credentials: ReadonlyArray<Shape> = [
  {
    kind: "bearer",
    pattern: String.raw`[Bb]earer(?<![A-Za-z][Bb]earer)[ \t]{1,4}(?<secret>[A-Za-z0-9._~+/-]{16,}={0,2})`,
    valid: (token) => /\d/.test(token) && !isPlaceholder(token, 8)
  },
  {
    kind: "basic-auth",
    pattern: String
      .raw`[Bb]asic(?<=[Aa]uthorization["']?[:=]?[ \t]?["']?[Bb]asic)[ \t]{1,4}(?<secret>[A-Za-z0-9+/]{8,}={0,2})`,
    valid: isPair
  },
  {
    kind: "url-password",
    // An image's digest after the @ means that a tag stands before it.
    pattern: String.raw`:\/\/[^\s:/?#@"'${"`"}<>]{0,100}:(?<secret>[^\s/?#@"'${"`"}<>]{1,256})@(?!sha\d)`,
    valid: isPassword
  },
  {
    kind: "api-key",
    // Not of the schemes that are looked for above.
    pattern: String
      .raw`(?:[Xx]-[Aa][Pp][Ii]-[Kk][Ee][Yy]|[Aa]uthorization)["']?[:=][ \t]{0,4}["']?(?:[Tt]oken[ \t]|ApiKey[ \t])?(?<secret>[A-Za-z0-9._~+/-]{20,512}={0,2})(?![A-Za-z0-9._~+/=(-])`,
    valid: (key) => /\d/.test(key) && /[A-Za-z]/.test(key) && !isPlaceholder(key, 8)
  },
  {
    kind: "azure",
    pattern: "(?:Account|SharedAccess)Key=(?<secret>[A-Za-z0-9+/]{43,86}={1,2})"
  },
  {
    kind: "basic-auth",
    // Docker's config.json.
    pattern: String.raw`"auth"[ \t]{0,4}:[ \t]{0,4}"(?<secret>[A-Za-z0-9+/]{8,1024}={0,2})"`,
    valid: isPair
  },
  {
    kind: "netrc",
    pattern: String.raw`machine\s{1,9}\S{1,253}\s{1,9}login\s{1,9}\S{1,253}\s{1,9}password\s{1,9}(?<secret>\S{4,256})`,
    valid: isPassword
  },
  {
    kind: "npm",
    pattern: String.raw`:_(?:authToken|auth|password)[ \t]?=[ \t]?["']?(?<secret>[^\s"'$[\]]{8,})`,
    valid: (token) => !isPlaceholder(token, 6)
  }
]

const decode = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
