import type { PolicyRequest } from "../PolicyRule.ts"
import type { ExtensionAnswer } from "./Verdict.ts"

/** What the default export of an extension is, for the one who writes it: undefined says nothing about the request. */
export type ExtensionRule = (request: PolicyRequest) => ExtensionAnswer | undefined
