import { createContext, Script } from "node:vm"

const script = new Script("work()")
const context = createContext({ work: undefined })

/** Runs synchronous work and stops it, even inside a regular expression, when it takes longer than `ms`: then it throws. */
export const within = <A>(ms: number, work: () => A): A => {
  context["work"] = work
  try {
    return script.runInContext(context, { timeout: ms }) as A
  } finally {
    context["work"] = undefined
  }
}
