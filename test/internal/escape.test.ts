import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { escape, escapeJson, escapeLine, makeEscaper } from "../../src/internal/escape.ts"

/** What a terminal may act on, written down apart from the code: by code point. */
const acts = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code <= 0x9f) ||
  (code >= 0x200e && code <= 0x200f) || code === 0x061c || (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069) || code === 0x200b || code === 0xfeff || (code >= 0xe0000 && code <= 0xe007f) ||
  (code >= 0xd800 && code <= 0xdfff)

const dangers = [
  "\x1b[31m",
  "\x1b]8;;http://x\x07",
  "\x9b2J",
  "\r",
  "\r\n",
  "\b",
  "\u202e",
  "\u2066",
  "\u200b",
  "\ud83d",
  "\ude00",
  "😀",
  "\u{e0041}",
  "é",
  "a",
  "\n",
  "\t",
  "\0"
]
const hostile = fc.array(fc.oneof(fc.constantFrom(...dangers), fc.string({ unit: "binary" })), { maxLength: 40 }).map((
  parts
) => parts.join(""))

const codes = (text: string) => Array.from(text, (character) => character.codePointAt(0)!)

describe("escape", () => {
  it("lets nothing through that a terminal acts on, whatever the text", () => {
    fc.assert(fc.property(hostile, (text) => assert.deepStrictEqual(codes(escape(text)).filter(acts), [])), {
      numRuns: 2_000
    })
  })

  it("leaves ordinary text of any script as it is", () => {
    for (const text of ["plain", "größer 😀 👩‍💻 日本語 עברית", "two\nlines\tand a tab", "C:\\x1b is not an escape"]) {
      assert.strictEqual(escape(text), text)
    }
  })

  it.each([
    ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
    ["\x9b2J", "\\x9b2J"],
    ["safe\rEVIL", "safe\\rEVIL"],
    ["a\r\nb", "a\nb"],
    ["user\u202egpj.exe", "user\\u{202e}gpj.exe"],
    ["half \ud83d", "half \\u{d83d}"],
    ["tag\u{e0041}", "tag\\u{e0041}"]
  ])("spells out %j", (text, shown) => {
    assert.strictEqual(escape(text), shown)
  })
})

describe("makeEscaper", () => {
  it("gives the same text in pieces as at once, wherever the pieces are cut", () => {
    fc.assert(
      fc.property(hostile, fc.array(fc.nat(20), { maxLength: 30 }), (text, cuts) => {
        const escaper = makeEscaper()
        let shown = ""
        let from = 0
        for (const cut of cuts) {
          shown += escaper.write(text.slice(from, from + cut))
          from += cut
        }
        shown += escaper.write(text.slice(from)) + escaper.end()
        assert.strictEqual(shown, escape(text))
      }),
      { numRuns: 2_000 }
    )
  })

  it("shows at once what needs no waiting", () => {
    const escaper = makeEscaper()
    assert.strictEqual(escaper.write("a\x1b"), "a\\x1b")
    assert.strictEqual(escaper.write("\ud83d"), "")
    assert.strictEqual(escaper.write("\ude00"), "😀")
  })
})

describe("escapeLine", () => {
  it("keeps to one line and a length, and stays harmless", () => {
    fc.assert(fc.property(hostile, (text) => {
      const line = escapeLine(text, 50)
      assert.isAtMost(line.length, 50)
      assert.notMatch(line, /[\n\t]/)
    }))
  })
})

describe("escapeJson", () => {
  it("is the same value, and harmless on a terminal", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const json = escapeJson({ text })
        assert.strictEqual(JSON.parse(json).text, text)
        assert.deepStrictEqual(codes(json).filter((code) => acts(code) || code === 0x0a), [])
      }),
      { numRuns: 2_000 }
    )
  })
})
