/** A secret of the right shape that opens nothing, and a text that holds it. Put together here, so that no scanner finds one in this file. */
export interface FakeSecret {
  readonly kind: string
  readonly secret: string
  readonly text: (secret: string) => string
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/** Characters that look random and are always the same; the third is a digit. */
const letters = (length: number, among = alphabet) =>
  Array.from({ length }, (_, n) => n === 2 ? "7" : among[(n * n * 7 + n * 13 + 5) % among.length]!).join("")

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
const hex = "0123456789abcdef"
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
const jwt = [encoded({ alg: "HS256", typ: "JWT" }), encoded({ sub: "1", name: "A" }), letters(43)].join(".")

const plain = (secret: string) => secret
const fake = (kind: string, secret: string, text: (secret: string) => string = plain): FakeSecret => ({
  kind,
  secret,
  text
})

export const awsKey = `${"AKIA"}${letters(16, upper)}`

export const fakes: ReadonlyArray<FakeSecret> = [
  fake("aws", awsKey),
  fake("aws", `${"ASIA"}${letters(16, upper)}`, (key) => `{"AccessKeyId": "${key}"}`),
  fake("aws", letters(40), (key) => `aws_secret_access_key = ${key}`),
  fake("variable", letters(40), (key) => `AWS_SECRET_ACCESS_KEY=${key}`),
  fake("github", `${"ghp"}_${letters(36)}`, (token) => `remote: token ${token} is used`),
  fake("github", `${"ghs"}_${letters(36)}`, (token) => `{"log":"line\\n${token}"}`),
  fake("github", `${"github"}_pat_${letters(22)}_${letters(59)}`),
  fake("gitlab", `${"glpat"}-${letters(20)}`, (token) => `--token=${token}`),
  fake("anthropic", `${"sk"}-ant-api03-${letters(93)}AA`),
  fake("openai", `${"sk"}-proj-${letters(74)}${"T3Blbk"}FJ${letters(74)}`),
  fake("openai", `${"sk"}-${letters(20)}${"T3Blbk"}FJ${letters(20)}`, (key) => `key: "${key}"`),
  fake("slack", `${"xoxb"}-${"1234567890"}-${"1234567890123"}-${letters(24)}`),
  fake("slack", `https://hooks.slack.com/${"services"}/T${letters(8, upper)}/B${letters(8, upper)}/${letters(24)}`),
  fake("npm", `${"npm"}_${letters(36)}`),
  fake("npm", letters(36, hex), (token) => `//registry.example.org/:_${"authToken"}=${token}`),
  fake("stripe", `${"sk"}_live_${letters(24)}`),
  fake("stripe", `${"rk"}_test_${letters(24)}`),
  fake("google", `${"AIza"}${letters(35)}`, (key) => `https://maps.example.com/api?key=${key}&v=3`),
  fake("google", `${"GOCSPX"}-${letters(28)}`),
  fake("sendgrid", `${"SG"}.${letters(22)}.${letters(43)}`),
  fake("shopify", `${"shpat"}_${letters(32, hex)}`),
  fake("linear", `${"lin"}_api_${letters(40)}`),
  fake("jwt", jwt),
  fake("jwt", jwt, (token) => `Cookie: session=${token}; path=/`),
  fake("bearer", letters(32), (token) => `> Authorization: Bearer ${token}`),
  fake("bearer", letters(40, hex), (token) => `curl -H 'authorization: bearer ${token}' https://example.com`),
  fake(
    "basic-auth",
    Buffer.from("deploy:correct-horse").toString("base64"),
    (pair) => `"Authorization": "Basic ${pair}"`
  ),
  fake("url-password", "Tr0ub4dor", (password) => `postgres://app:${password}@db.internal:5432/app`),
  fake("url-password", "hunter22", (password) => `fetch("https://ci:${password}@git.company.org/x.git")`),
  fake("url-password", "9f8e7d6c", (password) => `redis://:${password}@cache:6379`),
  fake("pypi", `${"pypi"}-AgEIcHlwaS5vcmc${letters(60)}`, (token) => `TWINE: ${token}`),
  fake("rubygems", `${"rubygems"}_${letters(48, hex)}`),
  fake("docker", `${"dckr"}_pat_${letters(27)}`),
  fake("huggingface", `${"hf"}_${letters(34)}`),
  fake("groq", `${"gsk"}_${letters(52)}`),
  fake("xai", `${"xai"}-${letters(80)}`),
  fake("vault", `${"hvs"}.${letters(90)}`),
  fake("digitalocean", `${"dop"}_v1_${letters(64, hex)}`),
  fake("age", `${"AGE"}-SECRET-KEY-1${letters(58, upper)}`),
  fake("azure", `${letters(86)}==`, (key) => `AccountName=a;AccountKey=${key};EndpointSuffix=core.windows.net`),
  fake("api-key", letters(40), (key) => `> X-Api-Key: ${key}`),
  fake("api-key", letters(40, hex), (key) => `curl -H 'Authorization: token ${key}' https://example.com`),
  fake("api-key", letters(40), (key) => JSON.stringify({ "x-api-key": key })),
  fake(
    "basic-auth",
    Buffer.from("deploy:correct-horse").toString("base64"),
    (pair) => `{"auths":{"registry.example.org":{"auth": "${pair}"}}}`
  ),
  fake("netrc", "Tr0ub4dor", (password) => `machine git.company.org login me\n  password ${password}`),
  fake("variable", letters(20), (value) => `DB_PASS=${value}`),
  fake("variable", "hunter22x", (value) => `MYSQL_PWD="${value}"`),
  fake("variable", `0x${letters(64, hex)}`, (value) => `PRIVATE_KEY=${value}`),
  fake("variable", letters(128, hex), (value) => `SECRET_KEY_BASE=${value}`),
  fake("variable", `base64:${letters(43)}=`, (value) => `APP_KEY=${value}`),
  fake("variable", letters(24), (value) => `export GH_PAT='${value}'`),
  fake("variable", letters(24), (value) => `export DEPLOY_TOKEN=${value}`),
  fake("variable", letters(24), (value) => `.env.txt:3:STRIPE_SECRET="${value}"`),
  fake("variable", "correcthorse", (value) => `DB_PASSWORD=${value}`),
  fake("variable", "p(ss,w0rd9", (value) => `     4\tDB_PASSWORD: "${value}"`),
  fake("variable", letters(20), (value) => `  MAIL_API_KEY: ${value}`),
  fake("variable", letters(20), (value) => `const SESSION_SECRET = '${value}'`),
  fake("variable", letters(32, hex), (value) => JSON.stringify({ log: JSON.stringify({ API_TOKEN: value }) })),
  fake("variable", letters(20), (value) => `API_TOKEN=${value} node deploy.js`)
]
