import { isPassword } from "./credentials.ts"
import type { Finder, Span } from "./Span.ts"

/** What is used of a rule of @secretlint: the documented interface between its core and its rules. */
interface Rule {
  readonly meta: { readonly id: string; readonly type: string }
  readonly messages: object
  readonly create: (context: RuleContext, options: object) => { readonly file?: (source: object) => unknown }
}

interface RuleContext {
  readonly sharedOptions: object
  readonly createTranslator: () => (messageId: string, data?: object) => { readonly data: object }
  readonly report: (
    finding: { readonly message: { readonly data: object }; readonly range: readonly [number, number] }
  ) => void
  readonly ignore: () => void
}

const kindOf = (rule: Rule) => rule.meta.id.replace(/^.*secretlint-rule-/, "").slice(0, 40)

/** Some rules report a range that begins before the secret and is as long as the secret; the longest text of the message is it. */
const locate = (text: string, data: object, [from, to]: readonly [number, number]): readonly [number, number] => {
  const values = Object.values(data).filter((value): value is string => typeof value === "string")
  const secret = values.reduce((longest, value) => value.length > longest.length ? value : longest, "")
  const at = secret.length < 8 ? -1 : text.indexOf(secret, from)
  return at < 0 ? [from, to] : [at, at + secret.length]
}

const password = /:\/\/[^\s:/@]*:([^\s/@]+)@/d

/** Of an address only the password is secret; undefined where that is only a placeholder. */
const narrow = (text: string, kind: string, [start, end]: readonly [number, number]): Span | undefined => {
  const found = password.exec(text.slice(start, end))
  if (found === null) return { kind, start, end, counted: true }
  const [from, to] = found.indices![1]!
  return isPassword(found[1]!)
    ? { kind: "url-password", start: start + from, end: start + to, counted: true }
    : undefined
}

/**
 * The finder of @secretlint's recommended rules. Its core is not used: it keeps a record of every run for ever, and a comment in the
 * text would switch rules off (that is a rule of the same set, left out here).
 */
export const loadPreset = async (): Promise<Finder> => {
  const { rules } = await import("@secretlint/secretlint-rule-preset-recommend") as unknown as {
    readonly rules: ReadonlyArray<Rule>
  }
  const scanners = rules.filter(({ meta }) => meta.type === "scanner" && !meta.id.endsWith("filter-comments"))
  if (scanners.length < 10) throw new Error("the rules of @secretlint are not there")
  return (text) => {
    const spans: Array<Span> = []
    for (const rule of scanners) {
      const context: RuleContext = {
        sharedOptions: {},
        createTranslator: () => (_, data = {}) => ({ data }),
        report: ({ message, range }) => {
          const span = narrow(text, kindOf(rule), locate(text, message.data, range))
          if (span !== undefined) spans.push(span)
        },
        ignore: () => undefined
      }
      // Without a path and an extension no rule reads a file, and all of them are done when they return.
      rule.create(context, {}).file?.({ content: text, contentType: "text", ext: "", filePath: undefined })
    }
    return spans
  }
}
