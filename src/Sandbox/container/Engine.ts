import type Dockerode from "dockerode"
import type { Duplex, Readable } from "node:stream"
import type { Address } from "./address.ts"
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
  /** Its id, the directories for which it would make a writable volume, and the number of its layers. */
  readonly image: (
    name: string
  ) => Promise<{ readonly id: string; readonly volumes: ReadonlyArray<string>; readonly layers: number }>
  /** Each of `changes` is a line of a Dockerfile. */
  readonly importImage: (tar: Readable, name: string, changes: ReadonlyArray<string>) => Promise<void>
  /** Ids of images with this label that have no name and that no other image is built on. */
  readonly namelessImages: (label: string) => Promise<ReadonlyArray<string>>
  /** Refused (409) while a container is made of it. */
  readonly removeImage: (id: string) => Promise<unknown>
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
  /** Makes a volume; answers where it lies on the engine's machine. */
  readonly createVolume: (name: string, labels: Readonly<Record<string, string>>) => Promise<string>
  readonly removeVolume: (name: string) => Promise<unknown>
  /** Volumes that bear the label. */
  readonly volumes: (label: string) => Promise<ReadonlyArray<Labelled>>
  /** Unpacks a tar archive in a directory of a container, which need not run. */
  readonly putArchive: (id: string, directory: string, tar: Readable) => Promise<unknown>
  /** A tar archive of a directory of a container, which need not run; names begin with that directory's. */
  readonly getArchive: (id: string, directory: string) => Promise<Readable>
  readonly labelled: (
    label: string,
    name: "docker" | "podman"
  ) => Promise<ReadonlyArray<Labelled>>
}

/** Something of an engine's and its labels; a volume's id is its name. */
export interface Labelled {
  readonly id: string
  readonly labels: Readonly<Record<string, string>>
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
const libpodList = async (address: Address, filters: unknown): Promise<ReadonlyArray<Listed>> => {
  const query = new URLSearchParams({ all: "true", filters: JSON.stringify(filters) })
  const { body, status } = await get(address, `/v4.0.0/libpod/containers/json?${query.toString()}`)
  if (status !== 200) throw new Error(`the engine answered ${status} to a list`)
  return JSON.parse(body) as ReadonlyArray<Listed>
}

/** Speaks to the engine there. Loads dockerode, which nobody pays for who has no container. */
export const connect = async (address: Address): Promise<Engine> => {
  const { default: Docker } = await import("dockerode")
  const docker = new Docker("socketPath" in address ? { ...address } : { ...address, protocol: "https" })
  const at = (id: string) => docker.getContainer(id)
  const volumes = new Set<string>()
  const removeVolume = (name: string) => docker.getVolume(name).remove({ force: true })
  return {
    server: async () => String((await get(address, "/_ping")).headers.server ?? ""),
    info: () => docker.info(),
    image: async (name) => {
      const { Config, Id, RootFS } = await docker.getImage(name).inspect()
      return { id: Id, volumes: Object.keys(Config.Volumes ?? {}), layers: RootFS.Layers?.length ?? 0 }
    },
    importImage: async (tar, name, changes) => {
      // A tag of its own Podman ignores; both take one in the name.
      await importEnd(
        await (docker.importImage(tar as never, { repo: name, changes }) as unknown as Promise<NodeJS.ReadableStream>)
      )
    },
    namelessImages: async (label) =>
      (await docker.listImages({ filters: { dangling: ["true"], label: [label] } })).map(({ Id }) => Id),
    removeImage: (id) => docker.getImage(id).remove(),
    create: async (options, volume) => {
      if (volume?.Name !== undefined) {
        volumes.add(volume.Name)
        await docker.createVolume(volume)
      }
      // As it stands dockerode would put all of it into the address too, which engines and what lies between log and bound.
      return (await docker.createContainer({ _query: { name: options.name }, _body: options } as never)).id
    },
    attach: (id, stdin) => attach(address, id, stdin),
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
    createVolume: async (Name, Labels) => {
      await docker.createVolume({ Name, Labels: { ...Labels } })
      return (await docker.getVolume(Name).inspect()).Mountpoint
    },
    removeVolume,
    volumes: async (label) => {
      const { Volumes } = await docker.listVolumes({ filters: { label: [label] } })
      return (Volumes ?? []).map(({ Labels, Name }) => ({ id: Name, labels: Labels ?? {} }))
    },
    putArchive: (id, path, tar) => at(id).putArchive(tar, { path, noOverwriteDirNonDir: true }),
    getArchive: async (id, path) => (await at(id).getArchive({ path })) as Readable,
    labelled: async (label, name) => {
      const filters = { label: [label] }
      const all = name === "podman"
        ? await libpodList(address, filters)
        : await docker.listContainers({ all: true, filters })
      return all.map(({ Id, Labels }) => ({ id: Id, labels: Labels ?? {} }))
    }
  }
}
