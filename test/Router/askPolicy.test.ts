import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Audit from "../../src/Audit.ts"
import { SessionId } from "../../src/domain/SessionId.ts"
import { make } from "../../src/Policy.ts"
import * as RuleSet from "../../src/Policy/RuleSet.ts"
import { askPolicy } from "../../src/Router/askPolicy.ts"
import { extensionOf, request } from "../support/extension.ts"

const session = SessionId.make("s-asking")

it.effect("puts on record which extension failed, how and over what, and nothing where none did", () =>
  Effect.gen(function*() {
    const audit = yield* Audit.Audit
    const policy = make(RuleSet.make([], undefined, [
      yield* extensionOf(`if (request.path === "src/a.ts") throw new Error("oh\\nno")`, "fragile", "project"),
      yield* extensionOf(`return { effect: "allow", reason: "sure" }`, "sure")
    ]))
    const decision = yield* askPolicy({ audit, policy }, session, request)
    assert.deepInclude(decision, { effect: "deny", rule: "fragile", layer: "project" })
    assert.strictEqual((yield* askPolicy({ audit, policy }, session, { ...request, path: "b" })).effect, "allow")
    const [entry, ...others] = yield* audit.entries()
    assert.deepStrictEqual(others, [])
    assert.deepInclude(entry, {
      session,
      phase: "coding",
      mode: "strict",
      category: "policy",
      action: "extension.failed",
      actor: "kernel",
      decision: "deny",
      rule: "fragile",
      detail: {
        extension: "fragile",
        layer: "project",
        failure: "throw",
        problem: "Error: oh no",
        what: "change src/a.ts"
      }
    })
  }).pipe(Effect.provide(Audit.layerMemory)))
