import { Effect } from "effect"
import { createHash } from "node:crypto"
import type { Limits } from "../../Sandbox.ts"
import type { Leaves } from "../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import type { RouterSession } from "../RouterSession.ts"
import type { Wanted } from "./Ecosystem.ts"

const probeMs = 30_000

/** What a layer is kept by, and the tools it was or will be made with; undefined where the sandbox has none that work. */
export const keyOf = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  limits: Limits,
  { digest, ecosystem }: Wanted
): Effect.fn.Return<{ readonly key: string; readonly tools: string } | undefined, RouterFailed> {
  const { backend, image } = leaves.sandbox
  const { uid } = session.stage.user
  // What an image says of its tools is its own word: a layer that one has made is shown in no other.
  const from = image === undefined ? backend : `${backend} ${yield* Effect.mapError(image, fromLeaf("deps.install"))}`
  const name = `${ecosystem.name} ${uid} ${from}`
  let tools = leaves.tools.get(name)
  if (tools === undefined) {
    const { ended, exitCode, stdout } = yield* Effect.mapError(
      leaves.sandbox.run({
        command: "/bin/sh",
        args: ["-c", ecosystem.probe],
        cwd: "/tmp",
        mounts: [],
        limits: { ...limits, timeoutMs: Math.min(probeMs, limits.timeoutMs) },
        user: session.stage.user
      }),
      fromLeaf("deps.install")
    )
    if (exitCode !== 0 || ended !== "exit") return undefined
    tools = `${from} ${Buffer.from(stdout).toString("utf8").trim().replaceAll("\n", " ").slice(0, 500)}`
    leaves.tools.set(name, tools)
  }
  // Nor in the projects of another user, for whom the same kernel works: they may have had a hand on it while it was made.
  return { key: `${digest}-${createHash("sha256").update(`${uid} ${tools}`).digest("hex")}`, tools }
})
