import { readFileSync } from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import { join } from "node:path"
import type { ContainerOptions } from "./ContainerOptions.ts"
import { socketPath, socketProblem } from "./sockets.ts"

/** Where an engine is: a socket of this machine, or another machine that both sides prove themselves to. */
export type Address =
  | { readonly socketPath: string }
  | {
    readonly host: string
    readonly port: number
    readonly ca: Buffer
    readonly cert: Buffer
    readonly key: Buffer
  }

const tlsPort = 2376

/** Begins a request to the engine there. */
export const requestTo = (
  address: Address,
  options: http.RequestOptions,
  answered?: (response: http.IncomingMessage) => void
): http.ClientRequest =>
  "socketPath" in address
    ? http.request({ ...address, ...options }, answered)
    : https.request({ ...address, ...options }, answered)

/**
 * Reads an address as DOCKER_HOST has it; fails with why it is not used. `certificates` is a directory with ca.pem, cert.pem and key.pem:
 * who can reach an engine without them could stand in for it, or see the project go by. An address that is not the `socket` that was named
 * is one that was found.
 */
export const addressOf = (
  address: string,
  { certificates, socket }: Pick<ContainerOptions, "certificates" | "socket">
): Address => {
  const path = socketPath(address)
  if (path !== undefined) {
    const problem = address === socket ? undefined : socketProblem(path)
    if (problem !== undefined) throw new Error(problem)
    return { socketPath: path }
  }
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol !== "tcp:" || url.hostname === "") {
    throw new Error("only Unix sockets, and tcp:// with TLS, are supported")
  }
  if (certificates === undefined) {
    throw new Error("an engine of another machine is spoken to by TLS only: set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH")
  }
  const file = (name: string) => readFileSync(join(certificates, name))
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || tlsPort),
    ca: file("ca.pem"),
    cert: file("cert.pem"),
    key: file("key.pem")
  }
}
