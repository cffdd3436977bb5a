/** What an engine says of itself. A limit is `enforced` where the engine's control groups can hold it. */
export interface EngineFacts {
  readonly name: "docker" | "podman"
  readonly version: string
  readonly rootless: boolean
  readonly selinux: boolean
  readonly cgroups: string
  readonly enforced: { readonly memory: boolean; readonly processes: boolean; readonly cpu: boolean }
  readonly processors: number
}

/** The parts of the engine's `/info` that are read here. */
export interface EngineInfo {
  readonly Rootless?: boolean
  readonly SecurityOptions?: ReadonlyArray<string> | null
  readonly CgroupVersion?: string
  readonly MemoryLimit?: boolean
  readonly PidsLimit?: boolean
  readonly CpuCfsQuota?: boolean
  readonly NCPU?: number
}

/** Reads it and what the server calls itself. A rootless engine on control groups of version 1 takes limits and drops them, whatever it says. */
export const factsOf = (info: EngineInfo, server: string): EngineFacts => {
  const [, name, version = "of unknown version"] = /^(\w+)\/(\S+)/.exec(server) ?? []
  const has = (name: string) => (info.SecurityOptions ?? []).some((option) => option.includes(name))
  const rootless = info.Rootless === true || has("rootless")
  const cgroups = info.CgroupVersion ?? "1"
  const can = (flag: boolean | undefined) => flag === true && !(rootless && cgroups === "1")
  return {
    name: name === "Libpod" ? "podman" : "docker",
    version,
    rootless,
    selinux: has("selinux"),
    cgroups,
    enforced: { memory: can(info.MemoryLimit), processes: can(info.PidsLimit), cpu: can(info.CpuCfsQuota) },
    processors: Math.max(1, info.NCPU ?? 1)
  }
}

const substitutes = [
  ["memory", "memory is bounded per process and looked at every 50 ms as a whole"],
  ["processes", "processes are bounded by RLIMIT_NPROC and counted every 50 ms"],
  ["cpu", "processor time is not bounded, only wall time is"]
] as const

/** What this engine cannot enforce, each with the limit that stands in for it. */
export const warningsOf = ({ cgroups, enforced }: EngineFacts): ReadonlyArray<string> =>
  substitutes.filter(([limit]) => !enforced[limit]).map(([limit, instead]) =>
    `control groups (version ${cgroups}) do not hold the ${limit} limit here: ${instead}`
  )

/** The engine in one line. */
export const describe = ({ cgroups, name, rootless, version }: EngineFacts): string =>
  `${name} ${version}, ${rootless ? "rootless" : "run by root"}, control groups version ${cgroups}`
