import { readdirSync, readFileSync } from "node:fs"

/** Processes of this machine whose command line holds the marker, zombies not counted. */
export const survivors = (marker: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(marker)
    } catch {
      return false
    }
  })
