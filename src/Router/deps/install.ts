import { Effect, Either, type Scope } from "effect"
import { type NetworkHost, parseAllowed } from "../../domain/NetworkHost.ts"
import type { SandboxResult } from "../../Sandbox.ts"
import { runWithNetwork } from "../network.ts"
import type { RouterFailed } from "../RouterError.ts"
import type { ToolContext } from "../Tool.ts"
import type { Registry, Wanted } from "./Ecosystem.ts"
import type { Layer, Layers, LayersFailed } from "./Layers.ts"

/** Where the only thing that an install sees is mounted. */
const workDirectory = "/run/fluffy/deps"
const authorities = "/run/fluffy/ca.pem"

const installMs = 600_000
const tool = "deps.install"

/** The hosts of a registry, or why it has none. */
export const hostsOf = ({ hosts, url }: Registry): ReadonlyArray<NetworkHost> | string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || parsed.protocol !== "https:") return `the registry ${url} is no https address`
  if (parsed.username !== "" || parsed.password !== "") return "the registry's address holds a password"
  const all: Array<NetworkHost> = []
  for (const text of [`${parsed.hostname}:${parsed.port || 443}`, ...hosts]) {
    const host = parseAllowed(text)
    if (Either.isLeft(host)) return `the registry's host ${text} cannot be used: ${host.left}`
    all.push(host.right)
  }
  return all
}

/** The system's certificate authorities count too, where programs bring their own. */
const trusting = `for f in ${authorities} /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  if [ -r "$f" ]; then export npm_config_cafile="$f" PIP_CERT="$f"; break; fi
done
`

/** What an install came to: its layer, or the command's result where that went wrong or `why` nothing of it is taken. */
export interface Installed {
  readonly result: SandboxResult
  readonly refused: ReadonlyArray<string>
  readonly layer: Layer | undefined
  readonly why: string | undefined
}

/** Installs in a sandbox that sees the manifest, the lockfile and the registry, and keeps the result. Nothing is left of a failed one. */
export const install = Effect.fn("Router.install")(function*(
  { leaves, options, session, state }: ToolContext,
  layers: Layers,
  { ecosystem, inputs }: Wanted,
  key: string,
  registry: Registry,
  hosts: ReadonlyArray<NetworkHost>
): Effect.fn.Return<Installed, RouterFailed | LayersFailed, Scope.Scope> {
  const { user } = session.stage
  const work = yield* layers.workplace(user, inputs.files)
  const { refused, result } = yield* runWithNetwork(
    leaves,
    session,
    state,
    { hosts, tool },
    options.network.dialing,
    {
      command: "/bin/sh",
      args: ["-c", `${trusting}${ecosystem.script}`, "sh", registry.url, `${workDirectory}/cache`],
      cwd: `${workDirectory}/folder`,
      env: ecosystem.env,
      mounts: [
        { source: work.shown, target: workDirectory, mode: "rw" },
        ...registry.ca === undefined ? [] : [{ source: registry.ca, target: authorities, mode: "ro" } as const]
      ],
      limits: {
        ...options.limits,
        timeoutMs: Math.min(installMs, options.limits.timeoutMs)
      },
      user
    }
  )
  if (result.exitCode !== 0 || result.ended !== "exit") return { result, refused, layer: undefined, why: undefined }
  const kept = yield* layers.keep(key, work, inputs.trees, inputs.members)
  return typeof kept === "string"
    ? { result, refused, layer: undefined, why: kept }
    : { result, refused, layer: kept, why: undefined }
}, Effect.scoped)
