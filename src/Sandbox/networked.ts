import { join } from "node:path"
import { packageRoot } from "../internal/PackageRoot.ts"
import type { SandboxCommand } from "./SandboxCommand.ts"
import { defaultTemplate, templateOf } from "./Template.ts"

const inside = { network: "/run/fluffy/network", forwarder: "/run/fluffy/forwarder" } as const

const forwarder = join(packageRoot, "forwarder")

/** Where programs inside find the proxy. The network namespace is the sandbox's own, so the port is free. */
const port = 28_080
const address = `http://127.0.0.1:${port}`
const direct = "localhost,127.0.0.1,::1"

/** What curl, git, pip, npm, Node from version 24 and most other programs read. */
const env = {
  HTTP_PROXY: address,
  HTTPS_PROXY: address,
  NO_PROXY: direct,
  http_proxy: address,
  https_proxy: address,
  no_proxy: direct,
  npm_config_proxy: address,
  npm_config_https_proxy: address,
  npm_config_noproxy: direct,
  NODE_USE_ENV_PROXY: "1"
}

const arguments_ = `"$0"/proxy.sock ${port} </dev/null 2>/dev/null &`

/**
 * Starts the forwarder as an orphan, waits until it listens or is gone, and becomes the command: it keeps its streams, its place in the
 * process tree, its exit code and its signals, and nothing it does waits for the forwarder.
 */
const launcher = `r=
if command -v node >/dev/null 2>&1; then r=$(NODE_OPTIONS= NODE_PATH= node ${inside.forwarder}/forward.cjs ${arguments_}); fi
if [ -z "$r" ] && command -v python3 >/dev/null 2>&1; then r=$(python3 -I -S ${inside.forwarder}/forward.py ${arguments_}); fi
if [ -z "$r" ]; then
  echo "fluffy: this sandbox has no network: carrying connections to the proxy needs node or python3 in it (the image has neither that works)" >&2
  exit 125
fi
exec "$@"`

/** Why this command cannot have the network it asks for, or undefined. */
export const networkProblem = (command: SandboxCommand): string | undefined =>
  command.network === undefined || templateOf(command).network
    ? undefined
    : `a sandbox of the template ${command.template ?? defaultTemplate} has no network`

/**
 * The command as every backend runs it: one with a network gets the proxy's directory and the forwarder mounted, variables that name the
 * proxy, and a launcher before it. It ends with 125 where nothing in the sandbox can carry connections.
 */
export const networked = (command: SandboxCommand): SandboxCommand => {
  const { network, ...rest } = command
  if (network === undefined) return command
  return {
    ...rest,
    command: "/bin/sh",
    args: ["-c", launcher, inside.network, command.command, ...command.args],
    env: { ...command.env, ...env },
    mounts: [
      ...command.mounts,
      { source: network.directory, target: inside.network, mode: "ro" },
      { source: forwarder, target: inside.forwarder, mode: "ro" }
    ]
  }
}
