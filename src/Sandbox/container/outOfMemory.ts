import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Process } from "../bubblewrap/processes.ts"

const root = "/sys/fs/cgroup"
const intervalMs = 50

/** The file that counts what the kernel killed for memory in a process's control group (cgroups(7)); version 2 has no controller's name. */
const counter = ({ pid }: Process): string | undefined => {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n").map((line) => line.split(":"))
  const [, , first] = lines.find(([, controllers]) => controllers?.split(",").includes("memory")) ?? []
  const [, , second] = lines.find(([, controllers]) => controllers === "") ?? []
  return [join(root, "memory", first ?? "-", "memory.oom_control"), join(root, second ?? "-", "memory.events")]
    .find((file) => existsSync(file))
}

/**
 * Looks every 50 ms whether the kernel has killed a process of this container for memory: Podman does not always get to know. The group
 * is gone when the container has ended, so its first process stays a moment longer than a command that was killed.
 */
export const watchMemory = (init: Process, killed: () => void): () => void => {
  const file = counter(init)
  if (file === undefined) return () => {}
  const timer = setInterval(() => {
    try {
      if (/^oom_kill [1-9]/m.test(readFileSync(file, "utf8"))) killed()
    } catch {
      clearInterval(timer)
    }
  }, intervalMs)
  return () => clearInterval(timer)
}
