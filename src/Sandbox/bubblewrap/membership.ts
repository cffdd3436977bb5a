import type { ControlGroup } from "./controlGroup.ts"
import type { Launch } from "./start.ts"

const attempt = (action: () => void): boolean => {
  try {
    action()
    return true
  } catch {
    return false
  }
}

/** A sandbox's way into its control group. An early group is made here and now, a late one at the first look at what runs. */
export const membership = ({ early, make }: NonNullable<Launch["group"]>) => {
  let group: ControlGroup | undefined = early ? make() : undefined
  const members = new Set<number>()
  return {
    /** Takes in the namespace's init, before it has children; false when that is not possible. */
    begin: (init: number): boolean => !early || attempt(() => group?.add(init)),
    /** Takes in what is not in yet: all at the first look, then what one that was not in has forked meanwhile. */
    follow: (pids: ReadonlyArray<number>): void => {
      if (early) return
      attempt(() => group ??= make())
      for (const pid of pids.filter((pid) => !members.has(pid))) if (attempt(() => group?.add(pid))) members.add(pid)
    },
    /** Removes the group; returns whether the kernel killed one of its processes for memory. */
    close: (): boolean => group?.close() ?? false
  }
}
