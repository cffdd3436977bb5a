import type Dockerode from "dockerode"
import type { Duplex, Readable } from "node:stream"
import { attach } from "./attach.ts"
import type { EngineInfo } from "./EngineFacts.ts"
import { get } from "./get.ts"

/** How a container stands: `pid` is its first process on the engine's machine, 0 when there is none. */
export interface ContainerState {
  readonly running: boolean
  readonly exitCode: number
  readonly outOfMemory: boolean
  readonly pid: number
}

/** The calls of an engine that a sandbox makes. */
export interface Engine {
  /** What it calls itself, like `Docker/20.10.24 (linux)` or `Libpod/4.3.1 (linux)`: Podman needs most of a second to say more. */
  readonly server: () => Promise<string>
  readonly info: () => Promise<EngineInfo>
  /** Its id, and the directories for which it would make a writable volume. */
  readonly image: (name: string) => Promise<{ readonly id: string; readonly volumes: ReadonlyArray<string> }>
  readonly importImage: (tar: Readable, name: string, changes: string) => Promise<void>
  /** With a volume of the container's name, where one is described: it goes with the container. */
  readonly create: (
    options: Dockerode.ContainerCreateOptions,
    volume?: Dockerode.VolumeCreateOptions
  ) => Promise<string>
  /** Both output streams in frames; what is written goes to standard input. */
  readonly attach: (id: string, stdin: boolean) => Promise<Duplex>
  readonly start: (id: string) => Promise<unknown>
  /** Waits for the next exit, so it is called before `start`. */
  readonly exit: (id: string) => Promise<number>
  readonly state: (id: string) => Promise<ContainerState>
  readonly kill: (id: string) => Promise<unknown>
  /** Kills what still runs in it and removes it. */
  readonly remove: (id: string) => Promise<unknown>
  /** The labels of volumes that have this one, by name; and how to remove one. */
  readonly volumes: (label: string) => Promise<ReadonlyMap<string, Readonly<Record<string, string>>>>
  readonly removeVolume: (name: string) => Promise<unknown>
  readonly labelled: (
    label: string,
    name: "docker" | "podman"
  ) => Promise<ReadonlyArray<{ readonly id: string; readonly labels: Readonly<Record<string, string>> }>>
}

/** The HTTP status of an engine's refusal; undefined when the engine did not answer. */
export const statusOf = (error: unknown): number | undefined => (error as { readonly statusCode?: number })?.statusCode

/** An engine's refusal in its own words, without dockerode's. */
export const wordsOf = (error: unknown): string => {
  const { json, message } = error as { readonly json?: { readonly message?: string }; readonly message?: string }
  return json?.message ?? message ?? String(error)
}

/** Reads an import's progress to its end; it answers 200 and tells a failure there. */
const importEnd = async (progress: NodeJS.ReadableStream): Promise<void> => {
  let text = ""
  for await (const chunk of progress) text = (text + String(chunk)).slice(-65_536)
  const failure = /"error":\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  if (failure !== undefined) throw new Error(failure)
}

interface Listed {
  readonly Id: string
  readonly Labels: Readonly<Record<string, string>> | null
}

/** Podman's own list: the one made for Docker's clients fails as a whole over one container that was only half made. */
const libpodList = async (socketPath: string, filters: unknown): Promise<ReadonlyArray<Listed>> => {
  const query = new URLSearchParams({ all: "true", filters: JSON.stringify(filters) })
  const { body, status } = await get(socketPath, `/v4.0.0/libpod/containers/json?${query.toString()}`)
  if (status !== 200) throw new Error(`the engine answered ${status} to a list`)
  return JSON.parse(body) as ReadonlyArray<Listed>
}

/** Speaks to the engine on this socket. Loads dockerode, which nobody pays for who has no container. */
export const connect = async (socketPath: string): Promise<Engine> => {
  const { default: Docker } = await import("dockerode")
  const docker = new Docker({ socketPath })
  const at = (id: string) => docker.getContainer(id)
  const volumes = new Set<string>()
  const removeVolume = (name: string) => docker.getVolume(name).remove({ force: true })
  return {
    server: async () => String((await get(socketPath, "/_ping")).headers.server ?? ""),
    info: () => docker.info(),
    image: async (name) => {
      const { Config, Id } = await docker.getImage(name).inspect()
      return { id: Id, volumes: Object.keys(Config.Volumes ?? {}) }
    },
    importImage: async (tar, name, changes) => {
      // A tag of its own Podman ignores; both take one in the name.
      await importEnd(
        await (docker.importImage(tar as never, { repo: name, changes }) as unknown as Promise<NodeJS.ReadableStream>)
      )
    },
    create: async (options, volume) => {
      if (volume?.Name !== undefined) {
        volumes.add(volume.Name)
        await docker.createVolume(volume)
      }
      // As it stands dockerode would put all of it into the address too, which engines and what lies between log and bound.
      return (await docker.createContainer({ _query: { name: options.name }, _body: options } as never)).id
    },
    attach: (id, stdin) => attach(socketPath, id, stdin),
    start: (id) => at(id).start(),
    exit: async (id) => (await at(id).wait({ condition: "next-exit" })).StatusCode as number,
    state: async (id) => {
      const { State } = await at(id).inspect()
      const ended = State.Status === "exited" || State.Status === "stopped" || State.Status === "dead"
      return { running: !ended, exitCode: State.ExitCode, outOfMemory: State.OOMKilled, pid: State.Pid }
    },
    kill: (id) => at(id).kill({ signal: "SIGKILL" }),
    remove: async (id) => {
      try {
        await at(id).remove({ force: true, v: true })
      } finally {
        if (volumes.delete(id)) await removeVolume(id)
      }
    },
    volumes: async (label) => {
      const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label: [label] }) })
      return new Map((Volumes ?? []).map(({ Labels, Name }) => [Name, Labels ?? {}]))
    },
    removeVolume,
    labelled: async (label, name) => {
      const filters = { label: [label] }
      const all = name === "podman"
        ? await libpodList(socketPath, filters)
        : await docker.listContainers({ all: true, filters })
      return all.map(({ Id, Labels }) => ({ id: Id, labels: Labels ?? {} }))
    }
  }
}
