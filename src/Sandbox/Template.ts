/** The seccomp profiles, files of `seccomp/` by name. */
export type ProfileName = "strict" | "standard" | "standard-net"

/**
 * What a kind of sandbox is given. `profile` is its seccomp profile, `children` whether its command may start processes (threads always
 * may), `network` whether it may be given the proxy's socket, `processes` the most it may have whatever its limits say.
 */
export interface Template {
  readonly profile: ProfileName
  readonly children: boolean
  readonly network: boolean
  readonly processes: number
}

/** The kinds of sandbox, by the names a command asks for them. */
export const templates = {
  /** Commands, test runs and writes of a session. */
  "code-executor": { profile: "standard", children: true, network: false, processes: Number.MAX_SAFE_INTEGER },
  /** Code of extensions and providers: one process. The filter refuses a second; this number bounds its threads, four times as many. */
  strict: { profile: "strict", children: false, network: false, processes: 16 },
  /** Tests and installs that may reach the hosts on a list, through the proxy. */
  "integration-test": {
    profile: "standard-net",
    children: true,
    network: true,
    processes: Number.MAX_SAFE_INTEGER
  }
} as const satisfies Readonly<Record<string, Template>>

export type TemplateName = keyof typeof templates

/** Whatever names its template, as a `SandboxCommand` does. */
interface Named {
  readonly template?: TemplateName
}

/** The kind a command gets that asks for none. */
export const defaultTemplate: TemplateName = "code-executor"

/** The template of a command. An unknown name, which every backend refuses, means the strictest. */
export const templateOf = ({ template = defaultTemplate }: Named): Template =>
  isTemplate(template) ? templates[template] : templates.strict

const isTemplate = (name: string): name is TemplateName => Object.hasOwn(templates, name)

/** Why no sandbox can be made of the template a command names, or undefined. */
export const templateProblem = ({ template = defaultTemplate }: Named): string | undefined =>
  isTemplate(template) ?
    undefined :
    `there is no sandbox template ${JSON.stringify(String(template).slice(0, 80))}; there are ${
      Object.keys(templates).join(", ")
    }`

/** The same command, its limits lowered to what its template may have. */
export const withinTemplate = <C extends Named & { readonly limits: { readonly processes: number } }>(
  command: C
): C => {
  const { processes } = templateOf(command)
  return command.limits.processes <= processes
    ? command
    : { ...command, limits: { ...command.limits, processes } }
}
