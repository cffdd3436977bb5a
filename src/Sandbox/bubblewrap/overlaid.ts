import { overlayOptions } from "../overlay.ts"
import type { OverlayMount } from "../SandboxCommand.ts"

// It is laid over its own upper directory, in a mount namespace that goes with the sandbox; bwrap then shows it like any directory.
const script = "mount -i -t overlay overlay -o \"$1\" -- \"$2\" || exit 125; shift 2; exec \"$@\""

/**
 * The program and arguments that start `line` where an overlay is mounted: bubblewrap before 0.11 has none of its own. A user namespace
 * gives the right to mount; bwrap then makes its own below.
 */
export const overlaid = (overlay: OverlayMount | undefined, program: string, line: ReadonlyArray<string>) =>
  overlay === undefined ? { program, line } : {
    program: "unshare",
    line: [
      ...["--user", "--map-root-user", "--mount", "--propagation", "private", "--"],
      ...["/bin/sh", "-c", script, "sh", overlayOptions(overlay), overlay.upper, program, ...line]
    ]
  }
