/** One flag of a command. `value` is what help calls its value; a `texts` flag may be given several times. */
export type Flag =
  | { readonly kind: "switch"; readonly help: string; readonly short?: string }
  | { readonly kind: "choice"; readonly choices: ReadonlyArray<string>; readonly help: string; readonly short?: string }
  | {
    readonly kind: "text" | "texts" | "count" | "time"
    readonly value: string
    readonly help: string
    readonly short?: string
  }

/** What a flag is read as: counts are whole numbers from 1, times are ms. */
export type ValueOf<F> = F extends { readonly kind: "switch" } ? boolean
  : F extends { readonly kind: "choice"; readonly choices: ReadonlyArray<infer C> } ? C
  : F extends { readonly kind: "count" | "time" } ? number
  : F extends { readonly kind: "texts" } ? ReadonlyArray<string>
  : string

/** The flags of a command as they were given; a switch that was not is absent too. */
export type ValuesOf<Flags> = { readonly [Name in keyof Flags]?: ValueOf<Flags[Name]> | undefined }

/** One command of the table: what help says of it and what it takes. `operands` are the words that are not flags. */
export interface Spec {
  readonly usage: string
  readonly summary: string
  readonly details?: string
  readonly operands: { readonly least: number; readonly most: number }
  /** Everything from the first operand on, or after `--`, is the operand list, whatever it looks like. */
  readonly verbatim?: boolean
  readonly flags: Readonly<Record<string, Flag>>
}
