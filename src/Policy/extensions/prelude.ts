/**
 * What runs in a realm before the extension does, and talks with it: text goes in, text comes out. It takes away what is not a function
 * of the request. An extension that breaks it breaks its own answers alone: they are read with suspicion outside.
 *
 * `describe(namespace)` gives JSON of what a module exports and keeps its rule. `ask(json)` gives "-" for no answer, "=" and JSON for
 * one, "?" and why one cannot be read, "!" and what was thrown. `tell(error)` gives JSON of an error.
 */
export const prelude = `(() => {
  "use strict"
  delete Math.random
  delete globalThis.SharedArrayBuffer
  const { parse, stringify } = JSON
  const keys = Object.keys
  const text = (value) => {
    try {
      return \`\${value}\`
    } catch {
      return "something that cannot be shown"
    }
  }
  let rule
  return {
    describe: (module) => {
      rule = module.default
      const examples = module.examples === undefined ? undefined : stringify(module.examples) ?? "null"
      return stringify({ exports: keys(module), rule: typeof rule, name: module.name, examples })
    },
    ask: (json) => {
      let answer
      try {
        answer = rule(parse(json))
      } catch (error) {
        return "!" + text(error)
      }
      if (answer === undefined) return "-"
      try {
        const answered = stringify(answer)
        return answered === undefined ? "?it is a " + typeof answer : "=" + answered
      } catch (error) {
        return "?" + text(error)
      }
    },
    tell: (error) => {
      const isError = typeof error === "object" && error !== null
      return stringify({ problem: text(error), stack: isError ? text(error.stack) : "" })
    }
  }
})()`
