import type { QuickJSHandle } from "quickjs-emscripten-core"
import { escapeLine } from "../../internal/escape.ts"
import { isTimeout, within } from "../../internal/within.ts"
import { restore, take } from "./Image.ts"
import { boot, type Machine } from "./Machine.ts"
import { prelude } from "./prelude.ts"
import { failed, read, type Verdict } from "./Verdict.ts"

/** The time one answer may take, in ms. */
export const answerMs = 100

/** The time a module may take to be compiled and run once, in ms. */
const loadMs = 1000

const maxDescription = 256 * 1024

/** Why a module does not run. `line` and `column` count from 1, 0 when unknown. */
export interface Refusal {
  readonly line: number
  readonly column: number
  readonly problem: string
}

/** A module that has run once. `description` is the prelude's JSON of it. After a verdict with `broken` it must be started anew. */
export interface Program {
  readonly description: string
  readonly ask: (request: string) => { readonly verdict: Verdict; readonly broken: boolean }
}

const refuse = (problem: string, line = 0, column = 0): Refusal => ({ line, column, problem })

const call = ({ context }: Machine, driver: QuickJSHandle, name: string, argument: QuickJSHandle): string => {
  const result = context.callFunction(context.getProp(driver, name), context.undefined, argument)
  if (result.error !== undefined) throw new Error("it ran out of memory or stack")
  return context.getString(result.value)
}

const told = (text: string): Refusal => {
  const { problem, stack } = JSON.parse(text) as { readonly problem: string; readonly stack: string }
  const [, line = 0, column = 0] = /:(\d+):(\d+)\)?$/m.exec(stack) ?? []
  return refuse(
    /could not load module/.test(problem)
      ? "an extension imports nothing: all it may know is the request"
      : escapeLine(problem),
    Number(line),
    Number(column)
  )
}

const evaluate = (machine: Machine, file: string, source: string) => {
  const { context } = machine
  const driver = context.unwrapResult(context.evalCode(prelude, "prelude"))
  const module = context.evalCode(source, file, { type: "module" })
  if (module.error !== undefined) return told(call(machine, driver, "tell", module.error))
  const state = context.getPromiseState(module.value)
  if (state.type !== "fulfilled") return refuse("it waits for a promise at its top level; an extension runs at once")
  const description = call(machine, driver, "describe", module.value)
  if (description.length > maxDescription) return refuse("its examples are larger than 256 KiB")
  return { description, ask: context.getProp(driver, "ask") }
}

/** Runs a module in a machine of its own. Every answer is then computed from the same memory: nothing is kept from one to the next. */
export const start = async (file: string, source: string): Promise<Program | Refusal> => {
  const machine = await boot()
  const { context, memory } = machine
  let evaluated: ReturnType<typeof evaluate>
  try {
    evaluated = within(loadMs, () => evaluate(machine, file, source))
  } catch (error) {
    return refuse(isTimeout(error) ? `it takes longer than ${loadMs} ms to load` : "it crashes when it is loaded")
  }
  if ("problem" in evaluated) return evaluated
  const { ask, description } = evaluated
  const image = take(memory)
  return {
    description,
    ask: (request) => {
      restore(memory, image)
      try {
        const said = within(answerMs, () => {
          const result = context.callFunction(ask, context.undefined, context.newString(request))
          return result.error === undefined ? context.getString(result.value) : undefined
        })
        return { verdict: said === undefined ? failed("crash", "it ran out of memory or stack") : read(said), broken: false }
      } catch (error) {
        return {
          verdict: isTimeout(error)
            ? failed("timeout", `it took longer than ${answerMs} ms`)
            : failed("crash", "it broke the engine it runs in"),
          broken: true
        }
      }
    }
  }
}
