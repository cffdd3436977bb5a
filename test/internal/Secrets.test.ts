import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import fc from "fast-check"
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { isSuspicious, makeMasker, mask, masker } from "../../src/internal/Secrets.ts"
import { loadPreset } from "../../src/internal/secrets/preset.ts"
import { fakes } from "../support/fakeSecrets.ts"

const pem = (type: "rsa" | "ec") => {
  const { privateKey } = type === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 1024 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" })
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString().trim()
}

const begin = `-----BEGIN ${"PRIVATE"} KEY-----`
const end = begin.replace("BEGIN", "END")

describe("mask", () => {
  for (const { kind, secret, text } of fakes) {
    it.effect(`masks ${kind} in ${text(secret).replace(secret, "...").slice(0, 60).replaceAll("\n", " ")}`, () =>
      Effect.gen(function*() {
        const masked = yield* mask(`before\n${text(secret)}\nafter`)
        assert.strictEqual(masked.text.includes(secret), false, masked.text)
        assert.strictEqual(masked.text, `before\n${text(secret).replace(secret, `[secret: ${kind}]`)}\nafter`)
        assert.deepStrictEqual(masked.found, { [kind]: 1 })
        assert.deepStrictEqual(yield* mask(masked.text), { text: masked.text, found: {} })
      }))
  }

  it.effect("masks secrets that stand right behind one another", () =>
    Effect.gen(function*() {
      const [stripe, variable] = ["stripe", "variable"].map((kind) => fakes.find((fake) => fake.kind === kind)!)
      const masked = yield* mask(`${stripe!.secret}${variable!.text(variable!.secret)}`)
      assert.notInclude(masked.text, stripe!.secret)
      assert.notInclude(masked.text, variable!.secret)
      assert.strictEqual(Object.values(masked.found).reduce((sum, n) => sum + n, 0), 2, masked.text)
    }))

  it.effect("counts each kind", () =>
    Effect.gen(function*() {
      const named = (kind: string) => fakes.find((fake) => fake.kind === kind)!.secret
      const masked = yield* mask(`${named("aws")} ${named("github")}\n${named("aws")}`)
      assert.deepStrictEqual(masked.found, { aws: 2, github: 1 })
      assert.strictEqual(masked.text, "[secret: aws] [secret: github]\n[secret: aws]")
    }))

  const lines = (key: string) => key.split("\n").slice(1, -1)
  const keyTexts: ReadonlyArray<readonly [title: string, show: (key: string) => string]> = [
    ["as it is", (key) => key],
    [
      "with line numbers",
      (key) => key.split("\n").map((line, n) => `${String(n + 1).padStart(6)}\t${line}`).join("\n")
    ],
    [
      "as lines found by a search",
      (key) => key.split("\n").map((line, n) => `deploy/key.txt:${n + 1}:${line}`).join("\n")
    ],
    ["as a diff", (key) => key.split("\n").map((line) => `-${line}`).join("\n")],
    ["indented in YAML", (key) => `key: |\n${key.replaceAll(/^/gm, "    ")}`],
    ["in JSON", (key) => JSON.stringify({ private_key: `${key}\n` })],
    ["in code, line by line", (key) => key.split("\n").map((line) => `  "${line}\\n" +`).join("\n")],
    ["without its end", (key) => key.split("\n").slice(0, -2).join("\n")],
    ["without its beginning", (key) => key.split("\n").slice(2).join("\n")]
  ]
  for (const [title, show] of keyTexts) {
    it.effect(`masks a private key ${title}, line by line`, () =>
      Effect.gen(function*() {
        for (const key of [pem("rsa"), pem("ec")]) {
          const text = `const a = 1\n${show(key)}\nconst b = 2`
          const masked = yield* mask(text)
          const left = lines(key).filter((line) => line.length > 24 && masked.text.includes(line))
          assert.deepStrictEqual(left, [], masked.text)
          assert.deepStrictEqual(masked.found, { "private-key": 1 }, masked.text)
          assert.strictEqual(masked.text.split("\n").length, text.split("\n").length)
          assert.match(masked.text, /^const a = 1\n[^]*\nconst b = 2$/)
        }
      }))
  }

  it.effect("is not switched off by a comment in the text", () =>
    Effect.gen(function*() {
      for (const { secret, text } of fakes) {
        const masked = yield* mask(`// secretlint-disable\n/* secretlint-disable-next-line */\n${text(secret)}`)
        assert.strictEqual(masked.text.includes(secret), false, masked.text)
      }
    }))

  it.effect("finds in the preset nothing that the cheap test does not suspect", () =>
    Effect.gen(function*() {
      const preset = yield* Effect.promise(loadPreset)
      for (const { secret, text } of fakes) {
        if (preset(text(secret)).length > 0) assert.isTrue(isSuspicious(text(secret)), text(secret))
      }
    }))
})

const sha = (algorithm: string, encoding: "hex" | "base64") =>
  createHash(algorithm).update(randomBytes(32)).digest(encoding)

const innocent: ReadonlyArray<readonly [title: string, text: string]> = [
  ["git commits", `commit ${sha("sha1", "hex")}\ntree ${sha("sha256", "hex")}`],
  ["UUIDs", `id: ${randomUUID()}\nTRACE_ID=${randomUUID()}`],
  ["integrity hashes", `"integrity": "sha512-${sha("sha512", "base64")}"`],
  ["images in base64", `<img src="data:image/png;base64,${randomBytes(20_000).toString("base64")}">`],
  ["wrapped base64", randomBytes(4_000).toString("base64").replace(/.{64}/g, "$&\n")],
  ["certificates", `-----BEGIN CERTIFICATE-----\n${randomBytes(600).toString("base64").replace(/.{64}/g, "$&\n")}`],
  ["public keys", `-----BEGIN PUBLIC KEY-----\n${randomBytes(64).toString("base64")}\n-----END PUBLIC KEY-----`],
  ["a key that is only spoken of", `if (text.includes("${begin}")) throw new Error("a key")\nconst end = "${end}"`],
  ["a template of a key", `const pem = \`${begin}\\n\${body}\\n${end}\`\nconst hash = "${sha("sha512", "base64")}"`],
  ["long identifiers", `${"veryLongIdentifier".repeat(8)}2\n${"MAX_RETRY_COUNT_".repeat(8)}9 = 1`],
  ["minified code", "var a=e.token,b=t.API_TOKEN||n(12),c={TOKEN:r.b,SECRET:!0};d.X_TOKEN=f.getToken12345(a),g=h?j:k"],
  ["CSS classes", ".task-3f2a1b9c8d7e6f5a4b3c2d1e0f, .risk-sk-small { color: red }"],
  [
    "variables from the environment",
    "API_TOKEN=process.env.API_TOKEN\nDB_PASSWORD=$DB_PASSWORD\nX_SECRET=${X_SECRET:-a1b2c3}"
  ],
  [
    "placeholders",
    "API_TOKEN=changeme\nA_SECRET=xxxxxxxxxxxx\nB_PASSWORD=<your-password>\nC_API_KEY=your_api_key_here\nD_TOKEN=\nE_PASSWORD=password"
  ],
  [
    "names as values",
    `const SET_TOKEN = "SET_TOKEN"\nconst RESET_PASSWORD = 'user/reset-password'\nexport const TOKEN: string`
  ],
  [
    "calls",
    `const API_TOKEN = createToken(32)\nX_TOKEN=generate1token2now3(4)\nDB_PASSWORD: Config.redacted("DB_PASSWORD")`
  ],
  ["numbers", "MAX_TOKEN=1000000000\nINPUT_TOKEN: 123456789"],
  ["type declarations", "interface Env { DB_PASSWORD: string; API_TOKEN?: string }\nDB_PASSWORD: string | undefined"],
  [
    "addresses without a password",
    "http://localhost:8080/a@b https://example.com:443/x?y=a:b@c git@github.com:a/b.git ssh://git@h:22/x"
  ],
  [
    "addresses of examples",
    "postgres://postgres:postgres@localhost:5432/test https://user:pass@example.com https://${user}:${pass}@host.com"
  ],
  ["images by digest", `docker://alpine:3.20@sha256:${sha("sha256", "hex")}`],
  [
    "words after bearer",
    "the bearer authentication-scheme-of-http is described here\nAuthorization: Bearer <token>\nBearer ${token}"
  ],
  ["basic sentences", "Authorization: Basic authentication is used; basic understanding"],
  ["three segments that are no token", `eyJ${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(20)}`],
  ["the key of the AWS manuals", `${"AKIA"}IOSFODNN7EXAMPLE`],
  [
    "results of tests and folders",
    "PASS: src/foo1.test.ts\nTESTS_PASS: 12a\nTWO_PASS=enabled\nPWD=/home/me/a1\nOLD_PWD=/home/me/b2\nMAX_PASS=100000"
  ],
  [
    "files of keys",
    "SSH_PRIVATE_KEY=~/.ssh/id_ed25519\nPRIVATE_KEY=./keys/dev1.pem\nAPP_KEY=/run/secrets/app1\nAPP_CREDENTIALS=\"/etc/app/creds1.json\""
  ],
  [
    "names that look like prefixes",
    "hf_hub_download_the_file_of_a_repository1 gsk_learn1 xai-explains-models-of-2024-to-people hvs.example rubygems_version_3"
  ],
  [
    "keys of other kinds",
    "PRIMARY_KEY=user_id12\nCACHE_KEY=user:1:profile2\nPUBLIC_KEY=abc123def456\nCOMPAT=abc123def4567"
  ],
  [
    "headers without a key",
    "Authorization: token <token>\nX-Api-Key: your-api-key-goes-here\nheaders.Authorization = request.headers.authorization2()\n\"auth\": \"required\""
  ],
  [
    "a machine without a password",
    "machine example.com login anonymous password example\nmachine learning models login to a password manager"
  ],
  [
    "what was masked before",
    "DB_PASSWORD=[secret: variable]\nhttps://u:[secret: url-password]@h.com Bearer [secret: bearer]"
  ]
]

describe("mask leaves alone", () => {
  for (const [title, text] of innocent) {
    it.effect(title, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* mask(text), { text, found: {} })
        const now = yield* masker
        assert.deepStrictEqual(now(`${text}\n`), { text: `${text}\n`, found: {} })
      }))
  }

  it.effect("the sources of this project and of effect, and a lockfile", () =>
    Effect.gen(function*() {
      const now = yield* masker
      const folders = ["src", "scripts", "policies", "node_modules/effect/src"]
      const files = folders.flatMap((folder) =>
        readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
      ).filter((name) => /\.(ts|mjs|yaml)$/.test(name))
      assert.isAbove(files.length, 300)
      for (const file of [...files, "package-lock.json"]) {
        assert.deepStrictEqual([file, now(readFileSync(join(packageRoot, file), "utf8")).found], [file, {}])
      }
    }), 120_000)
})

describe("mask is safe against", () => {
  it.effect("any text: it never fails, is idempotent and keeps the lines", () =>
    Effect.gen(function*() {
      const now = yield* masker
      const bits = fc.constantFrom(
        ...fakes.map(({ secret, text }) => text(secret)),
        ...fakes.map(({ secret }) => secret.slice(0, 8)),
        begin,
        end,
        "API_TOKEN=",
        "https://",
        ":",
        "@",
        "\n",
        "\r\n",
        " ",
        "\"",
        "=",
        "\\n"
      )
      const texts = fc.array(fc.oneof(bits, fc.string(), fc.fullUnicodeString()), { maxLength: 12 })
      fc.assert(
        fc.property(texts, (parts) => {
          const text = parts.join("")
          const masked = now(text)
          assert.strictEqual(masked.text.split("\n").length, text.split("\n").length)
          assert.isFalse("withheld" in masked.found)
          assert.deepStrictEqual(now(masked.text), { text: masked.text, found: {} })
        }),
        { numRuns: 300 }
      )
    }), 120_000)

  const size = 1 << 20
  const hostile: ReadonlyArray<readonly [title: string, unit: string, tail?: string]> = [
    ["one character", "a"],
    ["headers of tokens", "eyJ"],
    ["headers of tokens with dashes", "eyJ-eyJabcdefgh"],
    ["dots of tokens", "eyJhbGciOiJI."],
    ["prefixes", "sk-"],
    ["other prefixes", "glpat-xoxb-npm_ghp_"],
    ["names of variables", "A_TOKEN="],
    ["names of variables with dots", "A_TOKEN=.", "("],
    ["quoted names", "A_TOKEN=\"A_TOKEN='"],
    ["capitals", "A_"],
    ["addresses", "://a:"],
    ["addresses without an end", "https://a:b"],
    ["database addresses", "mongodb://a:"],
    ["beginnings of keys", begin],
    ["beginnings and lines", `${begin}\n`],
    ["ends of keys", `${end}\n`],
    ["a key without an end", "A".repeat(64) + "\n", begin],
    ["plus signs after a beginning", "+", "!"],
    ["blanks", " ", "!"],
    ["blanks after a name", "SECRET_ACCESS_KEY   "],
    ["quotes", "\"'`"],
    ["sendgrid", "SG.a."],
    ["words", "bearer "],
    ["headers", "Authorization: a"],
    ["a header without an end", "a", "authorization:"],
    ["logins", "machine a login b "],
    ["machines", "machine "],
    ["connection strings", "AccountKey=a"],
    ["names of passwords", "A_PASS="],
    ["escaped line breaks", "\\n"]
  ]
  for (const [title, unit, tail = ""] of hostile) {
    it.effect(`a megabyte of ${title}`, () =>
      Effect.gen(function*() {
        const now = yield* masker
        const lead = `${begin}\n`
        for (const text of [unit.repeat(size / unit.length) + tail, lead + unit.repeat(size / unit.length) + tail]) {
          const masked = now(text)
          assert.isFalse("withheld" in masked.found, masked.text.slice(0, 200))
        }
      }), 120_000)
  }
})

describe("a masker that cannot do its work", () => {
  const secret = fakes[0]!.text(fakes[0]!.secret)

  it("holds the text back when the scanner fails", () => {
    const masked = makeMasker(() => {
      throw new Error(secret)
    })(secret)
    assert.deepStrictEqual(masked.found, { withheld: 1 })
    assert.match(masked.text, /^\[withheld: .*the scanner failed/)
    assert.isFalse(masked.text.includes(secret))
  })

  it("stops a scanner that takes too long, even inside a regular expression", () => {
    const masked = makeMasker(() => /^(a+)+b$/.test("a".repeat(64)) ? [] : [], 50)(secret)
    assert.deepStrictEqual(masked.found, { withheld: 1 })
    assert.match(masked.text, /^\[withheld: .*took too long/)
  })

  it("holds back what it finds secrets in again and again", () => {
    const masked = makeMasker(() => [{ kind: "aws", start: 0, end: 1, counted: true }])(`${secret} ${secret}`)
    assert.deepStrictEqual(masked.found, { withheld: 1 })
  })

  it("holds back what is too long to be scanned", () => {
    const masked = makeMasker(() => [])(`${secret} ${"a".repeat(5 << 20)}`)
    assert.deepStrictEqual(masked.found, { withheld: 1 })
  })
})
