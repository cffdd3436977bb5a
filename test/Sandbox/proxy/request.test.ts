import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { show } from "../../../src/domain/NetworkHost.ts"
import { parseRequest } from "../../../src/Sandbox/proxy/request.ts"

const read = (...lines: ReadonlyArray<string>) =>
  Either.match(parseRequest(lines.join("\r\n")), {
    onLeft: ({ reason, status }) => `${status} ${reason}`,
    onRight: show
  })

describe("parseRequest", () => {
  it.each([
    [["CONNECT example.org:443 HTTP/1.1"]],
    [["CONNECT example.org:443 HTTP/1.0", "User-Agent: curl/8.0"]],
    [["CONNECT EXAMPLE.org:443 HTTP/1.1", "Host: example.org:443", "Proxy-Connection: keep-alive", "X-Empty:"]],
    [["CONNECT example.org:443 HTTP/1.1", "Host: somewhere.else"]]
  ])("reads %j", (lines) => assert.strictEqual(read(...lines), "example.org:443"))

  it.each([
    ["400 the request line is malformed", [""]],
    ["400 the request line is malformed", ["", "CONNECT example.org:443 HTTP/1.1"]],
    ["400 the request line is malformed", ["connect example.org:443 HTTP/1.1"]],
    ["400 the request line is malformed", ["CONNECT  example.org:443 HTTP/1.1"]],
    ["400 the request line is malformed", ["CONNECT example.org:443"]],
    ["400 the request line is malformed", ["CONNECT example.org:443 HTTP/2"]],
    ["400 the request line is malformed", ["CONNECT example.org:443 HTTP/1.1 "]],
    ["400 the request line is malformed", ["CONNECT example.org:443\tHTTP/1.1"]],
    ["400 the request line is malformed", ["CONNECT example.org:443 evil.test:443 HTTP/1.1"]],
    ["400 the request line is malformed", [`CONNECT ${"a".repeat(3000)}.example:443 HTTP/1.1`]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", "no colon"]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", " Folded: yes"]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", "Host : x"]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", "X: a\rb"]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", "X: a\nCONNECT evil.test:443 HTTP/1.1"]],
    ["400 a header is malformed", ["CONNECT example.org:443 HTTP/1.1", "X: \0"]],
    ["400 a request with content-length is not taken", ["CONNECT example.org:443 HTTP/1.1", "Content-Length: 5"]],
    ["400 a request with transfer-encoding is not taken", ["CONNECT example.org:443 HTTP/1.1", "Transfer-Encoding: x"]],
    ["400 a request with upgrade is not taken", ["CONNECT example.org:443 HTTP/1.1", "UPGRADE: h2c"]],
    ["431 the request has more than 64 headers", ["CONNECT example.org:443 HTTP/1.1", ...Array(65).fill("X: y")]],
    ["405 plain HTTP is not let through, only CONNECT: use https", ["GET http://example.org/ HTTP/1.1"]],
    ["405 plain HTTP is not let through, only CONNECT: use https", ["GET https://example.org/ HTTP/1.1"]],
    ["405 plain HTTP is not let through, only CONNECT: use https", ["POST / HTTP/1.1", "Host: example.org"]],
    ["403 a port is a number from 1 to 65535", ["CONNECT example.org HTTP/1.1"]],
    ["403 a port is a number from 1 to 65535", ["CONNECT example.org:0 HTTP/1.1"]],
    ["403 an address is not taken, only names", ["CONNECT 169.254.169.254:80 HTTP/1.1"]],
    ["403 an address is not taken, only names", ["CONNECT [::1]:443 HTTP/1.1"]],
    ["403 a name is made of letters, digits, dashes and dots", ["CONNECT me@example.org:443 HTTP/1.1"]],
    ["403 a name is made of letters, digits, dashes and dots", ["CONNECT example.org%2f:443 HTTP/1.1"]],
    ["403 an address is not taken, only names", ["CONNECT http://example.org:443 HTTP/1.1"]]
  ])("answers %s", (answer, lines) => assert.strictEqual(read(...lines), answer))

  it("tells of what was asked no more than a line that is harmless on a terminal", () => {
    const refused = Either.getOrThrow(Either.flip(parseRequest(`GET \x1b[2J\u202e${"x".repeat(5000)} HTTP/1.1`)))
    assert.isAtMost(refused.asked.length, 200)
    assert.match(refused.asked, /^GET \\x1b\[2J\\u\{202e\}x+…$/)
  })
})
