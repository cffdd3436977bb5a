import { Either } from "effect"
import { isIP } from "node:net"

export type Protocol = "openai" | "anthropic" | "compat"

const homes = { openai: "https://api.openai.com/v1", anthropic: "https://api.anthropic.com" } as const

const endings = { openai: "/responses", anthropic: "/v1/messages", compat: "/chat/completions" } as const

/**
 * The endpoint under a base URL as people write it: OpenAI-like with or without `/v1`, Anthropic's without, a slash at the end or
 * not, or the whole endpoint. Left: what is wrong with it.
 */
export const endpointOf = (
  protocol: Protocol,
  base: string | undefined,
  hasKey: boolean
): Either.Either<URL, string> => {
  const given = base?.trim() || (protocol === "compat" ? "" : homes[protocol])
  if (given === "") return Either.left("no address is given")
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return Either.left("its base URL is not an http or https address")
  }
  if (url.username !== "" || url.password !== "") return Either.left("its base URL holds a password")
  if (hasKey && url.protocol === "http:" && nearness(url.hostname) === "public") {
    return Either.left("its base URL would send the API key over plain http to a public host")
  }
  url.hash = ""
  let path = url.pathname.replace(/\/+$/, "")
  if (path.endsWith(endings[protocol])) path = path.slice(0, -endings[protocol].length)
  if (protocol === "anthropic") path = path.replace(/\/v1$/, "")
  else if (path === "") path = "/v1"
  url.pathname = path + endings[protocol]
  return Either.right(url)
}

/** Where a host is: this machine, a private network, or anywhere. */
export const nearness = (host: string): "loopback" | "private" | "public" => {
  const name = host.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase()
  const version = isIP(name)
  if (version === 0) {
    if (name === "localhost" || name.endsWith(".localhost")) return "loopback"
    return !name.includes(".") || /\.(?:local|internal|lan|home\.arpa)$/.test(name) ? "private" : "public"
  }
  if ((version === 4 && name.startsWith("127.")) || name === "::1") return "loopback"
  const near = version === 4
    ? /^(?:10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/
    : /^(?:f[cd]|fe[89ab])/
  return near.test(name) ? "private" : "public"
}
