import { escape } from "../../internal/escape.ts"
import type { Style } from "./style.ts"

const painted = (line: string, style: Style): string => {
  const shown = escape(line)
  if (/^(diff |index |--- |\+\+\+ |new file|deleted file|old mode|new mode|rename |similarity )/.test(line)) {
    return style.bold(shown)
  }
  if (line.startsWith("@@")) return style.cyan(shown)
  if (line.startsWith("+")) return style.green(shown)
  return line.startsWith("-") ? style.red(shown) : shown
}

/** A unified diff for a terminal, cut after `most` lines; `hidden` is how many there are more. */
export const diff = (
  patch: string,
  style: Style,
  most = Number.POSITIVE_INFINITY
): { readonly text: string; readonly hidden: number } => {
  const lines = patch.replace(/\n$/, "").split("\n")
  const shown = lines.slice(0, most)
  return {
    text: shown.map((line) => `${painted(line, style)}\n`).join(""),
    hidden: lines.length - shown.length
  }
}
