import { createContext, Script } from "node:vm"

const script = new Script("work()")
const context = createContext({ work: undefined })

/** Runs synchronous work and stops it, even inside a regular expression or WebAssembly, when it takes longer than `ms`: then it throws. */
export const within = <A>(ms: number, work: () => A): A => {
  context["work"] = work
  try {
    return script.runInContext(context, { timeout: ms }) as A
  } finally {
    context["work"] = undefined
  }
}

/** Whether `within` stopped the work. The error is made in a context of its own, so it is no instance of this one's Error. */
export const isTimeout = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
