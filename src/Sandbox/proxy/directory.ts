import { Effect, type Scope } from "effect"
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync
} from "node:fs"
import type { Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { acquireRelease } from "../../internal/finalizer.ts"
import { isDead, self } from "../../internal/owner.ts"
import { SandboxFailed } from "../SandboxError.ts"

/** The socket's name in its directory. */
const socketName = "proxy.sock"

const prefix = "fluffy-network-"

/** What fits into `sockaddr_un` (108 bytes) with room to spare. */
const maxPath = 100

/** The two things in it are removed by name: whoever owns the socket cannot lead a removal elsewhere. */
const remove = (directory: string): void => {
  rmSync(join(directory, socketName), { force: true })
  rmdirSync(directory)
}

const isOurs = (directory: string): boolean => {
  const stat = lstatSync(directory, { throwIfNoEntry: false })
  return stat !== undefined && stat.isDirectory() && stat.uid === process.geteuid?.()
}

const failed = (cause: unknown) =>
  new SandboxFailed({
    backend: "network proxy",
    method: "open",
    reason: "setup",
    detail: (cause as Error).message,
    cause
  })

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** Removes what killed kernels left of their proxies; how many there were. */
export const sweepNetworks: Effect.Effect<number> = Effect.sync(() => {
  let removed = 0
  for (const name of namesIn(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const directory = join(tmpdir(), name)
    if (!isDead(name.slice(prefix.length, name.lastIndexOf("."))) || !isOurs(directory)) continue
    try {
      remove(directory)
      removed++
    } catch {
      // Another kernel may be at it too, and what cannot be removed now can be later.
    }
  }
  return removed
})

type User = { readonly uid: number; readonly gid: number }

/** A private directory for one proxy, removed with the scope. */
export const privateDirectory: Effect.Effect<string, SandboxFailed, Scope.Scope> = acquireRelease(
  Effect.try({ try: () => mkdtempSync(join(tmpdir(), `${prefix}${self}.`)), catch: failed }),
  (directory) => Effect.ignore(Effect.try(() => remove(directory)))
)

/** The socket is its user's alone; one who is not the kernel has to pass through the directory to it. */
const handOver = (directory: string, socket: string, user: User): void => {
  chmodSync(socket, 0o600)
  if (process.geteuid?.() !== 0) return
  chownSync(socket, user.uid, user.gid)
  if (user.uid !== 0) chmodSync(directory, 0o711)
}

const listening = (server: Server, path: string): Effect.Effect<void, SandboxFailed> =>
  Effect.async((resume) => {
    server.once("error", (error) => resume(failed(error)))
    server.listen(path, () => resume(Effect.void))
  })

/** Makes the server listen in the directory, on a socket that only `user` can connect to; until the scope closes. */
export const listen = (
  server: Server,
  directory: string,
  user: User
): Effect.Effect<void, SandboxFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const path = join(directory, socketName)
    const descriptor = yield* acquireRelease(
      Effect.try({ try: () => openSync(directory, "r"), catch: failed }),
      (descriptor) => Effect.sync(() => closeSync(descriptor))
    )
    const short = Buffer.byteLength(path) > maxPath ? `/proc/self/fd/${descriptor}/${socketName}` : path
    yield* acquireRelease(listening(server, short), () => Effect.sync(() => server.close()))
    yield* Effect.try({ try: () => handOver(directory, path, user), catch: failed })
  })
