import { Either } from "effect"

/** A place on the network: a name in lower case, never an address, and a TCP port. In a list of what is allowed the name may be `*.name`. */
export interface NetworkHost {
  readonly host: string
  readonly port: number
}

const defaultPort = 443
const maxName = 253
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

// What inet_aton and URL parsers take for an IPv4 address: 127.1, 0x7f.1, 2130706433.
const numeric = /^(?:\d+|0x[0-9a-f]*)$/

/** A host name in lower case (RFC 1123, at least two labels), or why the text is none. Case is all that is forgiven. */
const parseName = (text: string): Either.Either<string, string> => {
  if (text === "" || text.length > maxName) return Either.left("a name has 1 to 253 characters")
  // Checked before the case is changed: some letters outside ASCII have an ASCII lower case.
  if (!/^[\x21-\x7e]+$/.test(text)) return Either.left("a name outside ASCII is written in its xn-- form")
  if (/[[\]:]/.test(text)) return Either.left("an address is not taken, only names")
  const name = text.toLowerCase()
  const labels = name.split(".")
  if (labels.at(-1) === "" && labels.length > 1) return Either.left("a name is written without a dot at its end")
  if (!labels.every((part) => label.test(part))) {
    return Either.left("a name is made of letters, digits, dashes and dots")
  }
  if (numeric.test(labels.at(-1)!)) return Either.left("an address is not taken, only names")
  return labels.length < 2 ? Either.left("a name has at least one dot") : Either.right(name)
}

const parsePort = (text: string): number | undefined =>
  /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined

const split = (text: string): readonly [name: string, port: string | undefined] => {
  const at = text.lastIndexOf(":")
  return at < 0 || text.endsWith("]") ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

const parseWith = (
  text: string,
  name: (text: string) => Either.Either<string, string>,
  usual: number | undefined
): Either.Either<NetworkHost, string> => {
  const [written, after] = split(text)
  const port = after === undefined ? usual : parsePort(after)
  if (port === undefined) return Either.left("a port is a number from 1 to 65535")
  return Either.map(name(written), (host) => ({ host, port }))
}

/** Reads `name:port`, both needed. */
export const parseHost = (text: string): Either.Either<NetworkHost, string> => parseWith(text, parseName, undefined)

const parsePattern = (text: string): Either.Either<string, string> => {
  if (!text.startsWith("*.")) return parseName(text)
  return Either.map(parseName(text.slice(2)), (name) => `*.${name}`)
}

/** Reads an entry of a list of what is allowed: `name`, `name:port` or `*.name`, which is every name below it; the usual port is 443. */
export const parseAllowed = (text: string): Either.Either<NetworkHost, string> =>
  parseWith(text, parsePattern, defaultPort)

/** `name:port`. */
export const show = ({ host, port }: NetworkHost): string => `${host}:${port}`

/** Whether all that `inner` names, `outer` names too. */
export const covers = (outer: NetworkHost, inner: NetworkHost): boolean =>
  outer.port === inner.port &&
  (outer.host === inner.host || (outer.host.startsWith("*.") && inner.host.endsWith(outer.host.slice(1))))
