import { isAbsolute, relative } from "node:path"
import type { CompiledRule } from "./CompiledRule.ts"
import { foldName } from "./foldName.ts"
import type { Subject } from "./Subject.ts"

const writing = ["fs.write", "fs.edit", "change", "merge"]

const rule = (
  name: string,
  wanted: string,
  reason: string,
  actions: ReadonlyArray<string> | undefined,
  test: (subject: Subject) => boolean
): CompiledRule => {
  const speaks = new Set(actions)
  const tests = [{ field: "builtin", wanted, test }] as const
  return {
    name,
    layer: "builtin",
    effect: "deny",
    reason,
    actions,
    except: [],
    tests: actions === undefined
      ? tests
      : [{ field: "action", wanted: actions.join(", "), test: ({ request }) => speaks.has(request.action) }, ...tests]
  }
}

const strays = /(?:^|\/)\.{0,2}(?:\/|$)|\0/

const leaves = ({ request: { path } }: Subject): boolean => path !== undefined && path !== "." && strays.test(path)

const has = (name: string) => ({ folded }: Subject): boolean => folded.includes(name)

const hasBoth = (outer: string, inner: string) => ({ folded }: Subject): boolean =>
  folded.some((name, index) => name === outer && folded[index + 1] === inner)

const lowered = (path: string) => path.split("/").map(foldName).join("/")

const below = (folders: ReadonlyArray<string>) => ({ names }: Subject): boolean => {
  const path = `${names.map(foldName).join("/")}/`
  return folders.some((folder) => path.startsWith(`${folder}/`))
}

/** Where the kernel's own things lie, as absolute paths: what may be seen but not touched, and what may not even be seen. */
export interface Places {
  readonly project: string
  readonly policies: ReadonlyArray<string>
  readonly sealed: ReadonlyArray<string>
}

const inside = (project: string, paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.map((path) => relative(project, path))
    .filter((path) => path !== "" && !path.startsWith("..") && !isAbsolute(path))
    .map(lowered)

/** The rules that no file, flag or answer can lift. They only deny. */
export const builtin = (places?: Places): ReadonlyArray<CompiledRule> => {
  const policies = places === undefined ? [] : inside(places.project, places.policies)
  const sealed = places === undefined ? [] : inside(places.project, places.sealed)
  return [
    rule("path-stays-inside", "a path that leaves the project", "the path leaves the project", undefined, leaves),
    rule("git-is-yours", "inside .git", ".git belongs to you and git; Fluffy never writes there", writing, has(".git")),
    rule(
      "fluffy-is-yours",
      "inside .fluffy",
      ".fluffy holds the rules and records of this session; only a person changes them",
      writing,
      has(".fluffy")
    ),
    rule(
      "state-is-sealed",
      "inside .fluffy/state",
      "the kernel's own state is never shown or changed",
      undefined,
      hasBoth(".fluffy", "state")
    ),
    rule(
      "user-config-is-yours",
      "inside .config/fluffy",
      "your own Fluffy configuration is never changed by a session",
      writing,
      hasBoth(".config", "fluffy")
    ),
    ...(policies.length === 0 ? [] : [
      rule(
        "policies-are-yours",
        "a policy file in force",
        "policy files in force are changed by a person only",
        writing,
        below(policies)
      )
    ]),
    ...(sealed.length === 0 ? [] : [
      rule(
        "kernel-files-are-sealed",
        "a file of the kernel",
        "the kernel's own files are never shown or changed",
        undefined,
        below(sealed)
      )
    ])
  ]
}
