import { Redacted } from "effect"

const cap = 500

// C0 and C1 controls, and what turns or hides text on a terminal: bidirectional marks, zero-width characters.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

// What a key looks like when it is not ours to know: provider prefixes, and whatever stands after a header's name.
const keyLike = [
  /\b(?:sk|rk|pk|xai|gsk|hf|pplx|AIza)[-_][A-Za-z0-9_*-]{6,}/g,
  /\bAIza[A-Za-z0-9_-]{10,}/g,
  /\b(bearer|authorization|x-api-key|api[-_ ]?key(?: provided)?)(["']?\s*[:=]\s*["']?|\s+)(?:bearer\s+)?[^\s"',;]{6,}/gi
]

/** Text of a stranger made fit for an error: keys out, controls escaped, at most 500 characters. */
export const safeDetail = (text: string, secrets: ReadonlyArray<string> = []): string => {
  let out = text.slice(0, 16_384)
  for (const secret of secrets) if (secret.length >= 4) out = out.replaceAll(secret, "<key>")
  for (const pattern of keyLike) {
    out = out.replace(
      pattern,
      (_, name?: unknown, gap?: unknown) =>
        typeof name === "string" && typeof gap === "string" ? `${name}${gap}<key>` : "<key>"
    )
  }
  out = out.replace(
    unprintable,
    (c) => c === "\n" || c === "\t" || c === "\r" ? " " : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`
  )
  return out.length <= cap ? out : `${out.slice(0, cap - 1)}…`
}

/** The forms in which a key could come back: as it is, and escaped for JSON and for a URL. */
export const secretsOf = (key: Redacted.Redacted | undefined): ReadonlyArray<string> => {
  if (key === undefined) return []
  const value = Redacted.value(key)
  return [...new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)])]
}
