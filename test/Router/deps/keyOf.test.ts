import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../../src/KernelConfig.ts"
import { keyOf } from "../../../src/Router/deps/keyOf.ts"
import { npm } from "../../../src/Router/deps/npm.ts"
import type { Leaves } from "../../../src/Router/Leaves.ts"
import type { RouterSession } from "../../../src/Router/RouterSession.ts"
import { layerMemory, Sandbox, scripted } from "../../../src/Sandbox.ts"

interface Made {
  readonly backend?: string
  readonly image?: string
  readonly digest?: string
  readonly says?: string
  readonly uid?: number
}

const keyIn = ({ backend = "docker", digest = "a".repeat(64), image, says = "v20.0.0", uid = 1000 }: Made) =>
  Effect.gen(function*() {
    const sandbox = {
      ...yield* Sandbox,
      backend,
      ...(image === undefined ? {} : { image: Effect.succeed(image) })
    }
    const leaves = { sandbox, tools: new Map() } as unknown as Leaves
    const session = { stage: { user: { uid, gid: uid } } } as unknown as RouterSession
    const wanted = { ecosystem: npm, digest, directory: ".", inputs: {} } as unknown as Parameters<typeof keyOf>[3]
    return (yield* keyOf(leaves, session, defaults.limits, wanted))?.key
  }).pipe(Effect.provide(layerMemory(() => scripted({ stdout: says }))))

const one = { image: "sha256:1" }

it.effect.each<readonly [what: string, other: Made]>([
  ["in another image, whatever that says of its tools", { image: "sha256:2" }],
  ["on another runtime", { ...one, backend: "podman" }],
  ["on this machine itself", { backend: "bubblewrap" }],
  ["with other tools", { ...one, says: "v22.0.0" }],
  ["for another user's project", { ...one, uid: 1001 }],
  ["from other files", { ...one, digest: "b".repeat(64) }]
])("an install %s is kept apart", ([, other]) =>
  Effect.gen(function*() {
    const key = yield* keyIn(one)
    assert.match(String(key), /^a{64}-[0-9a-f]{64}$/)
    assert.strictEqual(yield* keyIn(one), key)
    assert.notStrictEqual(yield* keyIn(other), key)
  }))
