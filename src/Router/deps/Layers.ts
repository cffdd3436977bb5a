import type { Effect, Scope } from "effect"
import type { Sum } from "./seal.ts"

/** The person's own folder of layers cannot be used. */
export class LayersFailed {
  readonly _tag = "LayersFailed"
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

/** A finished install: where each tree lies on the host, by its path in the folder of its manifest. */
export interface Layer extends Sum {
  readonly key: string
  readonly trees: ReadonlyArray<{ readonly path: string; readonly host: string }>
}

/** A private place for one install: `folder` takes the inputs and what comes of them; `shown` holds it and is the command's to write. */
export interface Workplace {
  readonly shown: string
  readonly folder: string
}

/**
 * Finished installs, shared by a person's sessions. A key is `<digest of the inputs>-<digest of the tools>`, in hex. What is damaged or
 * half there counts as nothing.
 */
export interface Layers {
  /** Whether there is any for these inputs, whatever the tools. */
  readonly mayHave: (digest: string) => Effect.Effect<boolean>
  readonly open: (key: string) => Effect.Effect<Layer | undefined>
  readonly workplace: (
    user: { readonly uid: number; readonly gid: number },
    files: ReadonlyArray<{ readonly path: string; readonly bytes: Uint8Array }>
  ) => Effect.Effect<Workplace, LayersFailed, Scope.Scope>
  /** Takes what an install made, once every process of it is dead; a text says why not. Where another was quicker, theirs is taken. */
  readonly keep: (
    key: string,
    work: Workplace,
    trees: ReadonlyArray<string>,
    members: ReadonlyArray<string>
  ) => Effect.Effect<Layer | string, LayersFailed>
}
