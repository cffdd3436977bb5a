import { createHash } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import { alive, identify } from "../bubblewrap/processes.ts"

/** Labels of everything Fluffy leaves with an engine. */
export const labels = { kernel: "fluffy.kernel", machine: "fluffy.machine", session: "fluffy.session" } as const

/** The label of the base images that Fluffy makes. */
export const baseImageLabel = "fluffy.image=base"

const attempt = (read: () => string): string => {
  try {
    return read().trim()
  } catch {
    return ""
  }
}

/** A kernel process: its number means something only in its pid namespace and since this boot. */
interface KernelMark {
  readonly pid: number
  readonly started: string
  readonly namespace: string
  readonly boot: string
}

const boot = () => attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))
const namespace = () => attempt(() => readlinkSync("/proc/self/ns/pid"))

/** This machine, told from others that share an engine; the id itself is not given away. */
export const machine = (): string =>
  createHash("sha256").update(`fluffy ${attempt(() => readFileSync("/etc/machine-id", "utf8")) || hostname()}`)
    .digest("hex").slice(0, 16)

/** The label's value for a process of this machine. */
export const markOf = (pid: number): string => [pid, identify(pid)?.started ?? "", namespace(), boot()].join(" ")

const parse = (mark: string): KernelMark | undefined => {
  const [pid, started, namespace, boot] = mark.split(" ")
  return boot !== undefined && /^[1-9]\d*$/.test(pid ?? "")
    ? { pid: Number(pid), started: started!, namespace: namespace!, boot }
    : undefined
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"
  }
}

/** Whether a kernel that labelled something is surely gone. One that cannot be judged from here counts as alive. */
export const isOrphan = (labelled: Readonly<Record<string, string>>): boolean => {
  if (labelled[labels.machine] !== machine()) return false
  const mark = parse(labelled[labels.kernel] ?? "")
  if (mark === undefined) return false
  if (mark.boot !== boot()) return true
  if (mark.namespace !== namespace()) return false
  return mark.started === "" ? !exists(mark.pid) : !alive(mark)
}
