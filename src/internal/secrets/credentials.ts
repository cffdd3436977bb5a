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
