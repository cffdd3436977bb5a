import type { Shape } from "./Span.ts"

// A token starts where no longer word does, or after the escaped line break of a quoted text.
const border = String.raw`(?:^|[^A-Za-z0-9_-]|\\[nrt])`

const mixed = (token: string) => /\d/.test(token) && /[A-Za-z]/.test(token)

/** Whether a token in three or more segments is a JSON Web Token: its header is JSON that names an algorithm. */
const isJwt = (token: string): boolean => {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf(".")), "base64url").toString("utf8"))
    return typeof header === "object" && header !== null && "alg" in header
  } catch {
    return false
  }
}

/** The border is looked for behind the prefix: so an engine finds the few places where the prefix is before it looks back. */
const token = (kind: string, prefix: string, rest: string, valid: NonNullable<Shape["valid"]> = mixed): Shape => ({
  kind,
  pattern: `(?:${prefix})(?<=${border}(?:${prefix}))${rest}`,
  valid
})

/** Keys and tokens whose makers gave them a prefix to be known by. */
export const tokens: ReadonlyArray<Shape> = [
  // IAM user guide, "Understanding unique ID prefixes": of these only access keys and bearer tokens let one in.
  token("aws", "AKIA|ASIA|ABIA", "[A-Z0-9]{16}(?![A-Za-z0-9])", (key) => !key.endsWith("EXAMPLE")),
  token("github", "gh[pousr]_", "[A-Za-z0-9]{30,}"),
  token("github", "github_pat_", "[A-Za-z0-9_]{30,}"),
  token("gitlab", "gl(?:pat|dt|rt|ft|soat|cbt|ptt|agent|oas|imt)-", "[A-Za-z0-9_-]{20,}"),
  token("anthropic", "sk-ant-", "[A-Za-z0-9_-]{20,}"),
  token("openai", "sk-(?:proj|svcacct|admin|or-v1)-", "[A-Za-z0-9_-]{20,}"),
  token("openai", "sk-", "[A-Za-z0-9]{32,}"),
  token("slack", "xox[abeoprs]-|xapp-", "[A-Za-z0-9-]{16,}"),
  token("npm", "npm_", "[A-Za-z0-9]{36}"),
  token("stripe", "[sr]k_(?:live|test)_", "[A-Za-z0-9]{16,}"),
  token("stripe", "whsec_", "[A-Za-z0-9+/=]{24,}"),
  token("google", "AIza", "[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
  token("google", String.raw`GOCSPX-|ya29\.`, "[A-Za-z0-9_-]{20,}"),
  token("pypi", "pypi-AgE", "[A-Za-z0-9_-]{50,}"),
  token("rubygems", "rubygems_", "[0-9a-f]{48}(?![A-Za-z0-9])"),
  token("docker", "dckr_[po]at_", "[A-Za-z0-9_-]{20,}"),
  token("huggingface", "hf_", "[A-Za-z0-9]{34}(?![A-Za-z0-9_])"),
  token("groq", "gsk_", "[A-Za-z0-9]{52}(?![A-Za-z0-9_])"),
  token("xai", "xai-", "[A-Za-z0-9]{80}(?![A-Za-z0-9_-])"),
  token("vault", String.raw`hv[sbr]\.`, "[A-Za-z0-9_-]{24,}"),
  token("digitalocean", "do[opr]_v1_", "[0-9a-f]{64}(?![A-Za-z0-9])"),
  token("age", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}(?![A-Za-z0-9])"),
  token("jwt", "eyJ", String.raw`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,2}`, isJwt)
]
