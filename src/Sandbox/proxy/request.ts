import { Either } from "effect"
import { type NetworkHost, parseHost } from "../../domain/NetworkHost.ts"
import { escapeLine } from "../../internal/escape.ts"

/** Why a connection is refused: the HTTP status it is answered with, the reason, and what was asked for, made harmless. */
export interface Refusal {
  readonly status: 400 | 403 | 405 | 408 | 431 | 500 | 502 | 503
  readonly reason: string
  readonly asked: string
  /** The policy's rule, when it was one. */
  readonly rule?: string
}

const maxAsked = 200
const maxHeaders = 64
const requestLine = /^([A-Z]{1,20}) (\S{1,2048}) HTTP\/1\.[01]$/
const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t\x20-\x7e]*$/

/** With one of these a request would have a body, and what follows could be read in two ways. */
const framing = new Set(["content-length", "transfer-encoding", "upgrade", "trailer"])

/**
 * Reads the head of a request (RFC 9110, 9.3.6), its lines parted by CRLF and without the empty one at its end: the one form taken is
 * `CONNECT name:port HTTP/1.1` with plain headers.
 */
export const parseRequest = (head: string): Either.Either<NetworkHost, Refusal> => {
  const [first = "", ...headers] = head.split("\r\n")
  const asked = escapeLine(first, maxAsked)
  const refuse = (status: Refusal["status"], reason: string) => Either.left<Refusal>({ status, reason, asked })
  const [, method, target = ""] = requestLine.exec(first) ?? []
  if (method === undefined) return refuse(400, "the request line is malformed")
  if (method !== "CONNECT") return refuse(405, "plain HTTP is not let through, only CONNECT: use https")
  if (headers.length > maxHeaders) return refuse(431, `the request has more than ${maxHeaders} headers`)
  for (const line of headers) {
    const name = header.exec(line)?.[1]?.toLowerCase()
    if (name === undefined) return refuse(400, "a header is malformed")
    if (framing.has(name)) return refuse(400, `a request with ${name} is not taken`)
  }
  return Either.mapLeft(parseHost(target), (reason): Refusal => ({ status: 403, reason, asked }))
}
