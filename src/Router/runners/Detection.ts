import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Runner } from "./Runner.ts"

/** A runner found in a directory of the project, and how it is to be called there. `owns`: the test files it would run. */
export interface Detection {
  readonly runner: Runner
  readonly directory: ProjectPath
  /** The program: a name looked up in the sandbox's PATH, or a path relative to the project. */
  readonly program: { readonly name: string } | { readonly path: string }
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  /** `declared` by the project; else chosen since its test files look like it. */
  readonly declared: boolean
  readonly owns: (file: string) => boolean
  /** Whether packages inside this one are none of its business: then each has a runner of its own. */
  readonly alone?: boolean
}

/** A runner the project wants, which is not installed. */
export interface MissingRunner extends Pick<Detection, "declared" | "owns"> {
  readonly missing: string
}
