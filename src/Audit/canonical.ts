import canonicalizeModule from "canonicalize"

// The package's types describe an ES module, but it is CommonJS: its function is the default import itself.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string | undefined

/** The RFC 8785 form of plain data: one text for one value, whatever the order its keys were written in. */
export const canonical = (value: object): string => canonicalize(value) ?? "null"
