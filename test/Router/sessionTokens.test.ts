import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Decision } from "../../src/domain/Decision.ts"
import * as SessionId from "../../src/domain/SessionId.ts"
import type { PolicyRequest } from "../../src/Policy.ts"
import type { RouterSession } from "../../src/Router.ts"
import type { Leaves } from "../../src/Router/Leaves.ts"
import { hold, settleByHeld } from "../../src/Router/sessionTokens.ts"

const decision: Decision = { effect: "require_review", rule: "ask", layer: "user", reason: "look" }
const asked = (path: string) => ({
  request: { action: "fs.read", phase: "coding", mode: "strict", path } satisfies PolicyRequest,
  decision
})

it.effect("calls that find the same token over at once forget it, and no other", () =>
  Effect.gen(function*() {
    const session = { id: SessionId.SessionId.make("s-tokens"), stage: {} } as RouterSession
    const leaves = {
      approvals: new WeakMap(),
      policy: {
        issue: () => Effect.succeed({ id: "t", token: Redacted.make("t") }),
        // As slow as with an extension, so that both calls hold the token before either forgets it.
        decide: () => Effect.as(Effect.yieldNow(), decision)
      }
    } as unknown as Leaves
    for (const path of ["a", "b"]) {
      yield* hold(leaves, session, asked(path), { action: "fs.read", path: [path], exact: true }, "session")
    }
    const call = settleByHeld(leaves, session, asked("a"), new Set())
    assert.deepStrictEqual(yield* Effect.all([call, call], { concurrency: 2 }), [undefined, undefined])
    const left = leaves.approvals.get(session.stage) ?? []
    assert.deepStrictEqual(left.map(({ covers }) => covers(asked("b").request)), [true])
  }))
