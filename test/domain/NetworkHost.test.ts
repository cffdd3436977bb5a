import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { covers, parseAllowed, parseHost, show } from "../../src/domain/NetworkHost.ts"

const read = (text: string) => Either.getOrElse(Either.map(parseHost(text), show), () => "refused")
const long = "a".repeat(63)

describe("parseHost", () => {
  it.each([
    ["registry.example.org:443", "registry.example.org:443"],
    ["REGISTRY.Example.ORG:8443", "registry.example.org:8443"],
    ["xn--bcher-kva.example:443", "xn--bcher-kva.example:443"],
    ["1.2.example:1", "1.2.example:1"],
    [`${long}.example:65535`, `${long}.example:65535`]
  ])("reads %s", (text, expected) => assert.strictEqual(read(text), expected))

  it.each([
    "",
    ":443",
    "example.org",
    "example.org:",
    "example.org:0",
    "example.org:65536",
    "example.org:0443",
    "example.org:+443",
    "example.org:443 ",
    "example.org:4e2",
    "example.org:443:443",
    "example.org.:443",
    "example..org:443",
    ".example.org:443",
    "-a.example.org:443",
    "a-.example.org:443",
    "a_b.example.org:443",
    `${long}a.example:443`,
    `${"a.".repeat(126)}bc:443`,
    "localhost:443",
    "127.0.0.1:443",
    "127.1:443",
    "2130706433:443",
    "0x7f000001:443",
    "0x7f.1:443",
    "017700000001:443",
    "example.0x7f:443",
    "example.1:443",
    "[::1]:443",
    "::1:443",
    "[::ffff:10.0.0.1]:443",
    "user@example.org:443",
    "user:secret@example.org:443",
    "example.org%2eevil.test:443",
    "example.org%00:443",
    "example.org/:443",
    "example.org#:443",
    "example.org\\:443",
    "exa mple.org:443",
    "example.org\t:443",
    "*.example.org:443",
    "https://example.org:443",
    // An e in Cyrillic, a Kelvin sign (its lower case is k), a full-width dot, an accent, an invisible joiner.
    "\u0435xample.org:443",
    "\u212aernel.example:443",
    "example\uff0eorg:443",
    "ex\u00e4mple.org:443",
    "exam\u200dple.org:443"
  ])("refuses %j", (text) => assert.strictEqual(read(text), "refused"))
})

describe("parseAllowed", () => {
  const allowed = (text: string) => Either.getOrElse(Either.map(parseAllowed(text), show), () => "refused")

  it.each([
    ["example.org", "example.org:443"],
    ["Example.org:80", "example.org:80"],
    ["*.example.org", "*.example.org:443"],
    ["*.example.org:8443", "*.example.org:8443"]
  ])("reads %s", (text, expected) => assert.strictEqual(allowed(text), expected))

  it.each([
    "*",
    "*.",
    "*.org",
    "*:443",
    "a.*.org",
    "*example.org",
    "*.*.example.org",
    "*.10.0.0.1",
    "[::1]",
    "10.0.0.1"
  ])(
    "refuses %s",
    (text) => assert.strictEqual(allowed(text), "refused")
  )
})

describe("covers", () => {
  it.each<[string, string, boolean]>([
    ["example.org", "example.org:443", true],
    ["example.org", "example.org:80", false],
    ["example.org", "a.example.org:443", false],
    ["*.example.org", "a.example.org:443", true],
    ["*.example.org", "a.b.example.org:443", true],
    ["*.example.org", "example.org:443", false],
    ["*.example.org", "badexample.org:443", false],
    ["*.example.org", "a.example.org.evil.test:443", false],
    ["*.example.org:8443", "a.example.org:443", false],
    ["*.example.org", "*.a.example.org", true],
    ["a.example.org", "*.example.org", false]
  ])("lets %s stand for %s: %s", (outer, inner, expected) =>
    assert.strictEqual(
      covers(Either.getOrThrow(parseAllowed(outer)), Either.getOrThrow(parseAllowed(inner))),
      expected
    ))
})
