import { maxTasks } from "../bubblewrap/limited.ts"
import type { SandboxCommand } from "../SandboxCommand.ts"
import { templateOf } from "../Template.ts"
import type { EngineFacts } from "./EngineFacts.ts"
import { begun, newline, request } from "./request.ts"

/** Open files a process may have, as in every sandbox. */
export const openFiles = 4096

const blockBytes = 512

/** Variables an engine sets by itself. */
const unasked = ["HOSTNAME", "TERM", "container"]

/** A rootless Podman drops the limits of a request without a word, so the first process sets them; where it cannot, nothing runs. */
const limits = ({ limits }: SandboxCommand): ReadonlyArray<string> => [
  `ulimit -n ${openFiles} 2>/dev/null || ulimit -n >/dev/null || exit 125`,
  `ulimit -d ${Math.ceil(limits.memoryBytes / 1024)} || exit 125`,
  `ulimit -f ${Math.ceil(limits.fileBytes / blockBytes)} || exit 125`,
  "ulimit -c 0 || exit 125",
  // bash calls it -u, dash and BusyBox -p.
  `ulimit -u ${maxTasks(limits)} 2>/dev/null || ulimit -p ${maxTasks(limits)} || exit 125`
]

/** Waits for a request; the end of standard input, which comes when the kernel is gone, ends it. */
const waiting: ReadonlyArray<string> = [
  `${newline}='\n'`,
  `IFS= read -r ${request} || exit 125`,
  `eval "$${request}" || exit 125`,
  `printf '${begun}'`
]

/** As a child of the shell, whose own words about its end are nobody's business. */
const asChild = (facts: EngineFacts): ReadonlyArray<string> => [
  "exec 3>&2 2>/dev/null",
  "(exec 2>&3 3>&-; exec \"$@\")",
  "code=$?",
  // So that a kill for memory can be seen before the control group is gone.
  ...facts.name === "podman" ? ["[ $code != 137 ] || sleep 0.3"] : [],
  "exit $code"
]

/** In the shell's place, where there may be one process only: its memory is bounded like that of one. */
const inPlace = ({ limits }: SandboxCommand): ReadonlyArray<string> => [
  `ulimit -d ${Math.ceil(limits.memoryBytes / 1024)} || exit 125`,
  "exec \"$@\""
]

const script = (command: SandboxCommand, facts: EngineFacts, before: ReadonlyArray<string>): string => {
  const { children } = templateOf(command)
  return [
    ...unasked.filter((name) => command.env?.[name] === undefined).map((name) => `unset ${name}`),
    ...children ? ["mkdir -p \"$HOME\" 2>/dev/null"] : [],
    ...facts.name === "podman" && facts.rootless ? limits(command) : [],
    ...before,
    ...children ? asChild(facts) : inPlace(command)
  ].join("\n")
}

/**
 * The container's first process: a shell of the image that makes the home directory, runs the command as its child and gives on its exit
 * code, 127 when there is none such. It reaps what the command leaves; the first process of a namespace would ignore its own signals.
 * Where the command may have no children the shell has none either and becomes the command.
 */
export const firstProcess = (command: SandboxCommand, facts: EngineFacts): ReadonlyArray<string> => [
  ...["/bin/sh", "-c", script(command, facts, []), "sh"],
  ...[command.command, ...command.args]
]

/** The same for a container that is started before its command is known; nothing of the project has run in it till then. */
export const parkedProcess = (
  command: SandboxCommand,
  facts: EngineFacts
): ReadonlyArray<string> => ["/bin/sh", "-c", script(command, facts, waiting), "sh"]
