import { Either } from "effect"
import { type Document, isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml"

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A problem and where it is. */
export interface YamlProblem extends Place {
  readonly problem: string
}

/** A document as plain data. `locate` finds the value a path leads to, or its key. */
export interface Located {
  readonly value: unknown
  readonly locate: (path: ReadonlyArray<PropertyKey>, which: "key" | "value") => Place
}

const nowhere: Place = { line: 0, column: 0 }

const startOf = (node: unknown): number | undefined => isNode(node) ? node.range?.[0] : undefined

const offsetOf = (document: Document, path: ReadonlyArray<PropertyKey>, which: "key" | "value"): number => {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  path.forEach((step, index) => {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      node = pair?.value
      const key = startOf(pair?.key) ?? offset
      offset = which === "key" && index === path.length - 1 ? key : startOf(node) ?? key
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      offset = startOf(node) ?? offset
    }
  })
  return offset
}

/** The first thing in a document that plain data does not need and an attacker might: aliases, tags, directives, keys given twice. */
const refused = (
  document: Document,
  noun: string
): { readonly offset: number; readonly problem: string } | undefined => {
  const { directives } = document
  if (directives?.yaml.explicit === true || Object.keys(directives?.tags ?? {}).some((handle) => handle !== "!!")) {
    return { offset: 0, problem: `directives (%YAML, %TAG) are not used in ${noun}` }
  }
  let found: { readonly offset: number; readonly problem: string } | undefined
  const stop = (node: unknown, problem: string) => {
    found = { offset: startOf(node) ?? 0, problem }
    return visit.BREAK
  }
  visit(document, (_, node) => {
    if (isAlias(node) || (isNode(node) && "anchor" in node && node.anchor !== undefined)) {
      return stop(node, `anchors and aliases are not used in ${noun}`)
    }
    if (isNode(node) && node.tag !== undefined) return stop(node, `tags are not used in ${noun}`)
    if (isMap(node)) {
      const keys = new Set<string>()
      for (const pair of node.items) {
        if (!isPair(pair) || !isScalar(pair.key) || typeof pair.key.value !== "string") {
          return stop(pair.key ?? node, "a key must be plain text")
        }
        if (keys.has(pair.key.value)) return stop(pair.key, `the key ${JSON.stringify(pair.key.value)} is given twice`)
        keys.add(pair.key.value)
      }
    }
    return undefined
  })
  return found
}

const tooDeep = "it is nested too deeply"

const wordingOf = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  /call stack/.test(message) ? tooDeep : code === "MULTIPLE_DOCS" ? "it holds more than one document" : message

const parse = (text: string, noun: string): Either.Either<Located, YamlProblem> => {
  const lines = new LineCounter()
  const placeAt = (offset: number): Place => {
    const { col, line } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  // Keys given twice are looked for below: the library's own check is quadratic.
  const document = parseDocument(text, {
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: "error"
  })
  const error = document.errors[0] ?? document.warnings[0]
  if (error !== undefined) {
    return Either.left({ ...placeAt(error.pos[0]), problem: wordingOf(error) })
  }
  const problem = refused(document, noun)
  if (problem !== undefined) return Either.left({ ...placeAt(problem.offset), problem: problem.problem })
  return Either.right({ value: document.toJS(), locate: (path, which) => placeAt(offsetOf(document, path, which)) })
}

/**
 * Reads YAML 1.2 of the plain kind: one document, no anchors, tags or directives, no key twice, no depth that exhausts the stack.
 * `noun` is what the text holds, for messages.
 */
export const parseYaml = (text: string, noun: string): Either.Either<Located, YamlProblem> => {
  try {
    return parse(text, noun)
  } catch (cause) {
    const problem = cause instanceof RangeError ? tooDeep : "it is not readable as YAML"
    return Either.left({ ...nowhere, problem })
  }
}
