import type { Redacted } from "effect"
import type { SessionId } from "../domain/SessionId.ts"
import { compileSplit } from "../internal/Glob.ts"
import type { PolicyAction, PolicyRequest } from "./PolicyRule.ts"
import { subject } from "./Subject.ts"

/**
 * What a token lets be repeated. What it does not name, a request must not have: no `path`, only requests without one. `path` holds
 * patterns as rules do, `command` the first words of a command line; `exact` takes both by the letter and in full. `tool` narrows a
 * `change` to those of one tool. `uses` counts from 1, `ttlMs` is in ms; what is above 1000 uses or 24 hours is cut to that.
 */
export interface Grant {
  readonly action: PolicyAction
  readonly path?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
  readonly host?: string
  readonly tool?: string
  readonly exact?: boolean
  readonly uses: number
  readonly ttlMs: number
}

/** Who a token is for: one session, over one connection to the kernel. */
export interface Holder {
  readonly session: SessionId
  readonly peer: string
}

/** A token as its holder keeps it. `id` may be told and logged; `token` is the secret and goes nowhere but back to the policy. */
export interface Capability {
  readonly id: string
  readonly token: Redacted.Redacted
}

/** A token with the one who presents it, as the kernel knows them. */
export interface Presented extends Holder {
  readonly token: Redacted.Redacted
}

const sameWords = (wanted: ReadonlyArray<string>, words: ReadonlyArray<string>, exact: boolean): boolean =>
  wanted.length > 0 && (exact ? wanted.length === words.length : wanted.length <= words.length) &&
  wanted.every((word, index) => word === words[index])

/** Compiles a grant into a test of requests. */
export const coverage = (grant: Grant): (request: PolicyRequest) => boolean => {
  const exact = grant.exact === true
  const paths = exact ? undefined : compileSplit(grant.path ?? [])
  const path = (request: PolicyRequest): boolean => {
    if (request.path === undefined || grant.path === undefined) return request.path === grant.path
    if (paths === undefined) return grant.path.includes(request.path)
    const { directory, names } = subject(request)
    return paths(names, directory)
  }
  const command = ({ args = [], command }: PolicyRequest): boolean =>
    command === undefined || grant.command === undefined
      ? command === grant.command && args.length === 0
      : sameWords(grant.command, [command, ...args], exact)
  return (request) =>
    request.action === grant.action && request.host === grant.host &&
    (grant.tool === undefined || request.tool === grant.tool) && command(request) && path(request)
}
