import type { Mount, OverlayMount } from "./SandboxCommand.ts"

/** The overlay among the mounts; there is one at most. */
export const overlayOf = (mounts: ReadonlyArray<Mount>): OverlayMount | undefined =>
  mounts.find((mount) => mount.mode === "overlay")

/**
 * The kernel's mount options of an overlay. Its own marks are attributes an ordinary user may set; no node is made to stand for another,
 * and nothing is synced when it goes: the upper directory is read or dropped, never kept through a power cut.
 */
export const overlayOptions = ({ lower, upper, work }: OverlayMount): string =>
  [
    `lowerdir=${lower.join(":")}`,
    `upperdir=${upper}`,
    `workdir=${work}`,
    "userxattr",
    "xino=off",
    "index=off",
    "volatile"
  ]
    .join(",")
