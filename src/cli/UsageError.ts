/** The command line cannot be understood. `problem` says what and why, `remedy` what to type instead. No Effect: see `bin.ts`. */
export class UsageError {
  readonly _tag = "UsageError"
  readonly message: string
  constructor(problem: string, remedy: string) {
    this.message = `${problem}. ${remedy}`
  }
}
