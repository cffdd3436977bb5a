import { Effect } from "effect"
import type { PolicyRequest, RuleLayer } from "../../src/Policy.ts"
import type { Extension } from "../../src/Policy/extensions/Extension.ts"
import { loadExtension } from "../../src/Policy/extensions/loadExtension.ts"

export const request: PolicyRequest = { action: "change", phase: "coding", mode: "strict", path: "src/a.ts" }

export const load = (text: string, file = "rule.js", layer: RuleLayer = "user") => loadExtension({ file, layer }, text)

/** An extension whose rule is a function with this body; `request` is its argument. */
export const extensionOf = (body: string, name = "rule", layer: RuleLayer = "user") =>
  Effect.map(
    load(`export const name = ${JSON.stringify(name)}\nexport default (request) => { ${body} }`, `${name}.js`, layer),
    ({ extension }) => extension
  )

/** Extensions with these answers, by name: `undefined` says nothing. */
export const answering = (
  answers: Readonly<Record<string, string>>,
  layer: RuleLayer = "user"
): Effect.Effect<ReadonlyArray<Extension>, never> =>
  Effect.orDie(
    Effect.forEach(Object.entries(answers), ([name, answer]) => extensionOf(`return ${answer}`, name, layer))
  )
