/** What was found of one thing. `remedy` is the exact command that mends it; without a required thing Fluffy does not work. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly required: boolean
  readonly detail: string
  readonly remedy?: string
}
