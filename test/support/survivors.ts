import { readdirSync, readFileSync } from "node:fs"

const holds = (pid: string, file: string, marker: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(marker)
  } catch {
    return false
  }
}

/** Processes of this machine whose command line or environment, as they began, holds the marker; zombies have neither. */
export const survivors = (marker: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).filter((pid) =>
    holds(pid, "cmdline", marker) || holds(pid, "environ", marker)
  )
