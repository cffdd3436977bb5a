import { XMLParser, XMLValidator } from "fast-xml-parser"

/** An element as it was written: attributes by name, and elements in order. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Element>
  readonly text: string
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  removeNSPrefix: true
})

const attributesKey = ":@"
const textKey = "#text"

const maxDepth = 100

const elementOf = (node: Record<string, unknown>, depth: number): Element | undefined => {
  if (depth > maxDepth) throw new Error("the document nests too deep")
  const name = Object.keys(node).find((key) => key !== attributesKey)
  if (name === undefined || name === textKey || name.startsWith("?")) return undefined
  const inside = node[name] as ReadonlyArray<Record<string, unknown>>
  return {
    name,
    attributes: { ...(node[attributesKey] as Record<string, string> | undefined) },
    children: inside.flatMap((child) => elementOf(child, depth + 1) ?? []),
    text: inside.map((child) => String(child[textKey] ?? "")).join("")
  }
}

/** The root of an XML document; undefined when it is not well formed. Never throws. */
export const parseXml = (text: string): Element | undefined => {
  // Entities could blow a small report up to any size; no runner writes a DOCTYPE.
  if (text.includes("<!DOCTYPE") || text.includes("<!ENTITY")) return undefined
  try {
    if (XMLValidator.validate(text) !== true) return undefined
    const roots = (parser.parse(text) as ReadonlyArray<Record<string, unknown>>).flatMap((node) =>
      elementOf(node, 0) ?? []
    )
    return roots.length === 1 ? roots[0] : undefined
  } catch {
    return undefined
  }
}

/** The elements of this name inside, at any depth. */
export const elementsOf = (element: Element, name: string): ReadonlyArray<Element> =>
  element.children.flatMap((child) => child.name === name ? [child] : elementsOf(child, name))
