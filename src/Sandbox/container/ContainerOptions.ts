/**
 * Where an engine is and what it runs. `socket` is a path, a `unix://` or, with `certificates` (a directory with ca.pem, cert.pem and
 * key.pem), a `tcp://` address, and the only one tried; without it the usual places below
 * `runtimeDirectory` (XDG_RUNTIME_DIR) and `home` are, the first that answers taken. `image` is an image's name or id; without one it is
 * `baseImage`, without that the one that `fluffy image build` makes. `session` marks the containers.
 */
export interface ContainerOptions {
  readonly image?: string
  readonly baseImage?: string
  readonly socket?: string
  readonly certificates?: string
  readonly session?: string
  readonly runtimeDirectory?: string
  readonly home?: string
}

/** The engine a backend asks for, and where its sockets are, best first. */
export interface Dialect {
  readonly backend: "docker" | "podman"
  readonly sockets: (options: ContainerOptions) => ReadonlyArray<string>
  /** The environment variable that names the engine's address. */
  readonly variable: "DOCKER_HOST" | "CONTAINER_HOST"
  /** The command that installs or starts the engine. */
  readonly remedy: string
}
