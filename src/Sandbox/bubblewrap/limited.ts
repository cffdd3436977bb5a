import type { Limits, SandboxCommand } from "../SandboxCommand.ts"
import type { HostSystem } from "./hostSystem.ts"

const threadsPerProcess = 4
const openFiles = 4096

/** The kernel counts threads, the limit processes: a runtime such as Node has about a dozen threads each. */
export const maxTasks = (limits: Limits): number => limits.processes * threadsPerProcess

/**
 * The command behind the program that sets its limits. It runs inside, where the count of processes is the sandbox's own, and one
 * that is not found ends with 127.
 */
export const limited = (host: HostSystem, { args, command, limits }: SandboxCommand): ReadonlyArray<string> => [
  host.prlimit ?? "prlimit",
  `--nproc=${Math.min(maxTasks(limits), host.hard.processes)}`,
  `--nofile=${Math.min(openFiles, host.hard.openFiles)}`,
  `--data=${limits.memoryBytes}`,
  `--fsize=${limits.fileBytes}`,
  ...["--core=0", "--", command, ...args]
]
