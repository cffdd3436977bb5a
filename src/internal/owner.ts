import { readFileSync, readlinkSync } from "node:fs"

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8").trim()
  } catch {
    return ""
  }
}

const boot = read("/proc/sys/kernel/random/boot_id").replace(/[^0-9a-f]/g, "").slice(0, 12) || "0"

const namespace = (() => {
  try {
    return readlinkSync("/proc/self/ns/pid").replace(/\D/g, "") || "0"
  } catch {
    return "0"
  }
})()

// Field 22 of proc(5)'s stat, counted after the command name, which may hold spaces and brackets.
const startOf = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
}

/** This process, told apart from every other of any boot and container: `<boot>-<pid namespace>-<pid>-<start time>`. */
export const self: string = `${boot}-${namespace}-${process.pid}-${startOf(process.pid) || "0"}`

/** Whether a process of this number lives here, whoever it is. */
export const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Whether the process a mark names is certainly gone. One in a container whose processes cannot be seen from here is not. */
export const isDead = (mark: string): boolean => {
  const match = /^([0-9a-f]+)-(\d+)-(\d+)-(\d+)$/.exec(mark)
  if (match === null) return false
  const [, itsBoot, itsNamespace, pid, start] = match
  if (itsBoot !== boot) return true
  if (itsNamespace !== namespace) return false
  if (!exists(Number(pid))) return true
  const now = startOf(Number(pid))
  return start !== "0" && now !== "" && now !== start
}
