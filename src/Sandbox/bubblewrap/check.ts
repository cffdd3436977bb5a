import type { SandboxCommand } from "../SandboxCommand.ts"
import { templateProblem } from "../Template.ts"
import { refusal } from "./mounts.ts"

/** Variables that make the loader or libc run code of the caller's choice before the limits are set. */
const loads = /^(LD_.*|GCONV_PATH|LOCPATH|NLSPATH|GLIBC_TUNABLES)$/

const isCount = (value: number) => Number.isSafeInteger(value) && value > 0

/**
 * Why this command cannot be run as it stands, or undefined. A NUL would end an argument early and make the rest an option of the
 * sandbox, so none may be anywhere.
 */
export const problem = (command: SandboxCommand): string | undefined => {
  const env = Object.entries(command.env ?? {})
  const texts = [command.command, ...command.args, command.cwd, ...env.flat()]
  if (texts.some((text) => text.includes("\0"))) return "a NUL byte is in the command, its arguments or its environment"
  const name = env.map(([name]) => name).find((name) => name === "" || name.includes("=") || loads.test(name))
  if (name !== undefined) return `the environment may not set ${JSON.stringify(name)}`
  if (!command.cwd.startsWith("/")) return `the working directory ${command.cwd} is not absolute`
  const limit = Object.entries(command.limits).find(([, value]) => !isCount(value))
  if (limit !== undefined) return `the limit ${limit[0]} is not a positive whole number`
  const own = process.getuid?.()
  if (own !== 0 && own !== command.user.uid) {
    return `this kernel runs as uid ${own} and cannot run as ${command.user.uid}`
  }
  if (command.mounts.filter(({ mode }) => mode === "overlay").length > 1) return "there can be one overlay only"
  return templateProblem(command) ?? command.mounts.map(refusal).find((reason) => reason !== undefined)
}
