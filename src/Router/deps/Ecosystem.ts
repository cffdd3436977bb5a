import type { Effect } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"

/** The kinds of packages that can be installed. */
export const ecosystemNames = ["npm", "pip"] as const
export type EcosystemName = (typeof ecosystemNames)[number]

/**
 * Where packages come from: an https address, further hosts (`name` or `name:port`) that it sends clients to, and a file of certificate
 * authorities where the system's do not vouch for it.
 */
export interface Registry {
  readonly url: string
  readonly hosts: ReadonlyArray<string>
  readonly ca?: string | undefined
}

/** A file of the stage, at most so many bytes: undefined where there is none, a text where it cannot be used. */
export type ReadInput = (path: string, maxBytes: number) => Effect.Effect<Uint8Array | string | undefined>

/**
 * All that an install sees: `files` by their path in the folder. `trees` are the folders it may make there, `members` those of the project
 * that links in a tree may lead to.
 */
export interface Inputs {
  readonly lockfile: string
  readonly files: ReadonlyArray<{ readonly path: string; readonly bytes: Uint8Array }>
  readonly trees: ReadonlyArray<string>
  readonly members: ReadonlyArray<string>
}

/** One package of a lockfile: `host` is that of the address it names, `hashed` says whether its content is vouched for. `all` is all there is. */
export interface Locked {
  readonly title: string
  readonly host: string | undefined
  readonly hashed: boolean
  readonly all: string
}

/** How one kind of packages is installed. `version` changes with anything that changes what comes out of it. */
export interface Ecosystem {
  readonly name: EcosystemName
  readonly version: number
  /** Files of which one, in this order, makes a folder one of this kind. */
  readonly lockfiles: ReadonlyArray<string>
  readonly registry: Registry
  /** A shell command that prints what the result depends on besides the files: tools, their versions, the platform. */
  readonly probe: string
  /** A shell command for the folder with the inputs; `$1` is the registry's address, `$2` a folder for a cache. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  /** What a model has to know to use the result. */
  readonly note?: string
  /** Reads what an install needs; a text says why it cannot be done and what to do. */
  readonly read: (read: ReadInput, lockfile: string) => Effect.Effect<Inputs | string>
  /** What is installed from a lockfile, by where in it; undefined where it cannot be read. */
  readonly packages: (lockfile: Uint8Array) => ReadonlyMap<string, Locked> | undefined
}

/** A folder whose dependencies can be installed. `digest` is of all that the result depends on, but for the tools. */
export interface Wanted {
  readonly ecosystem: Ecosystem
  readonly directory: ProjectPath
  readonly inputs: Inputs
  readonly digest: string
}
