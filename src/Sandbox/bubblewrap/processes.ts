import { readdirSync, readFileSync } from "node:fs"

/** A process of the host, told from a later one with the same number by its start time (clock ticks since boot). */
export interface Process {
  readonly pid: number
  readonly started: string
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

/** Fields of /proc/PID/stat after the name: state is 0, start time 19 (proc_pid_stat(5) counts from 1 and the pid). */
const stat = (pid: number): ReadonlyArray<string> | undefined => {
  const text = read(`/proc/${pid}/stat`)
  return text?.slice(text.lastIndexOf(")") + 2).split(" ")
}

/** The process with this number, if there is one. */
export const identify = (pid: number): Process | undefined => {
  const started = stat(pid)?.[19]
  return started === undefined ? undefined : { pid, started }
}

/** Whether it still runs. The init of a pid namespace turns zombie only after every process of the namespace is gone. */
export const alive = (process: Process): boolean => {
  const fields = stat(process.pid)
  return fields !== undefined && fields[19] === process.started && fields[0] !== "Z" && fields[0] !== "X"
}

/** Sends a signal to exactly this process; one that has ended is left alone. */
export const signal = (target: Process, name: "SIGTERM" | "SIGKILL"): void => {
  if (!alive(target)) return
  try {
    process.kill(target.pid, name)
  } catch {
    // It ended between the look and the signal.
  }
}

const tasks = (pid: number): ReadonlyArray<string> => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** The direct children of a process, whichever of its threads made them. */
export const children = (pid: number): ReadonlyArray<number> =>
  tasks(pid).flatMap((task) => (read(`/proc/${pid}/task/${task}/children`) ?? "").split(" "))
    .filter((child) => child.trim() !== "").map(Number)

/** Every process below this one, at most `limit` of them. */
export const descendants = (pid: number, limit: number): ReadonlyArray<number> => {
  const found = [...children(pid)]
  for (let at = 0; at < found.length && found.length <= limit; at++) found.push(...children(found[at]!))
  return found
}

const field = (text: string, name: string): number => {
  const kilobytes = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1]
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1024
}

/** Bytes of memory a process holds for itself or shares with others of the sandbox; files it only reads are not counted. */
export const residentBytes = (pid: number): number => {
  const status = read(`/proc/${pid}/status`) ?? ""
  return field(status, "RssAnon") + field(status, "RssShmem")
}

/** The same, what is shared divided among its sharers: exact, and dear. */
export const proportionalBytes = (pid: number): number => {
  const rollup = read(`/proc/${pid}/smaps_rollup`)
  return rollup === undefined ? residentBytes(pid) : field(rollup, "Pss_Anon") + field(rollup, "Pss_Shmem")
}

/** The machine's memory: what can still be had, and what lies in shared memory and memory-backed files. */
export const machineMemory = (): { readonly available: number; readonly shared: number } => {
  const text = read("/proc/meminfo") ?? ""
  return { available: field(text, "MemAvailable"), shared: field(text, "Shmem") }
}
