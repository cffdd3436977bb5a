import { Effect } from "effect"
import type { Socket } from "node:net"

/** Bytes carried so far: `up` left the sandbox, `down` came to it. */
export interface Traffic {
  up: number
  down: number
}

/** Why a tunnel ended; "done" when both sides were through or one of them broke off. */
export type TunnelEnd = "done" | "idle" | "bytes" | "session bytes"

/** `idleMs` without a byte ends a tunnel, so does more than `bytes`; `spend` says whether the session has that many left. */
export interface TunnelLimits {
  readonly idleMs: number
  readonly bytes: number
  readonly spend: (bytes: number) => boolean
}

/** Carries bytes both ways, held back where the other side is slow, until both have ended, one breaks or a limit is reached. */
export const tunnel = (
  client: Socket,
  upstream: Socket,
  traffic: Traffic,
  { bytes, idleMs, spend }: TunnelLimits
): Effect.Effect<TunnelEnd> =>
  Effect.async((resume) => {
    let open = 2
    const finish = (end: TunnelEnd) => {
      clearTimeout(timer)
      client.destroy()
      upstream.destroy()
      resume(Effect.succeed(end))
    }
    const timer = setTimeout(() => finish("idle"), idleMs)
    const carry = (from: Socket, to: Socket, direction: keyof Traffic) => {
      from.on("data", (chunk: Buffer) => {
        traffic[direction] += chunk.length
        timer.refresh()
        if (traffic.up + traffic.down > bytes) return finish("bytes")
        if (!spend(chunk.length)) return finish("session bytes")
        if (to.write(chunk)) return
        from.pause()
        to.once("drain", () => from.resume())
      })
      from.on("end", () => {
        open--
        to.end(() => open === 0 && finish("done"))
      })
      // One that was read to its end may still be owed bytes by nobody: the other side's are on their way.
      from.on("close", () => from.readableEnded || finish("done"))
      from.on("error", () => finish("done"))
      from.resume()
    }
    carry(client, upstream, "up")
    carry(upstream, client, "down")
    if (client.destroyed || upstream.destroyed) finish("done")
    return Effect.sync(() => finish("done"))
  })
