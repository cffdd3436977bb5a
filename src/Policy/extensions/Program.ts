import type { QuickJSHandle } from "quickjs-emscripten-core"
import { escapeLine } from "../../internal/escape.ts"
import { isTimeout, within } from "../../internal/within.ts"
import { restore, take } from "./Image.ts"
import { boot, type Machine } from "./Machine.ts"
import { prelude } from "./prelude.ts"
import { failed, read, type Verdict } from "./Verdict.ts"

/** The time one answer may take, in ms. */
const answerMs = 100

/** The time a module may take to be compiled and run once, in ms. */
const loadMs = 1000

const maxDescription = 256 * 1024

/** Why a module does not run. `line` and `column` count from 1, 0 when unknown. */
export interface Refusal {
  readonly line: number
  readonly column: number
  readonly problem: string
}

/**
 * What one question came to. `broken`: the program must be started anew. `starved`: the machine was too busy for it to have had its
 * time, so that it may well answer when asked again.
 */
interface Outcome {
  readonly verdict: Verdict
  readonly broken: boolean
  readonly starved: boolean
}

/** A module that has run once. `description` is the prelude's JSON of it. */
export interface Program {
  readonly description: string
  readonly ask: (request: string) => Outcome
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

/** Runs work for a time and no longer. It was starved when the whole process got less than half of that time from the machine. */
const timed = <A>(
  ms: number,
  work: () => A
): { readonly value: A } | { readonly timeout: boolean; readonly starved: boolean } => {
  const before = process.cpuUsage()
  try {
    return { value: within(ms, work) }
  } catch (error) {
    const { system, user } = process.cpuUsage(before)
    return { timeout: isTimeout(error), starved: isTimeout(error) && (system + user) / 1000 < ms / 2 }
  }
}

/** How often what was starved is tried again. */
export const retries = 3

/** Runs a module in a machine of its own. Every answer is then computed from the same memory: nothing is kept from one to the next. */
export const start = async (file: string, source: string, left = retries): Promise<Program | Refusal> => {
  const machine = await boot()
  const { context, memory } = machine
  const evaluated = timed(loadMs, () => evaluate(machine, file, source))
  if (!("value" in evaluated)) {
    if (evaluated.starved && left > 0) return await start(file, source, left - 1)
    return refuse(evaluated.timeout ? `it takes longer than ${loadMs} ms to load` : "it crashes when it is loaded")
  }
  if ("problem" in evaluated.value) return evaluated.value
  const { ask, description } = evaluated.value
  const image = take(memory)
  return {
    description,
    ask: (request) => {
      restore(memory, image)
      const said = timed(answerMs, () => {
        const result = context.callFunction(ask, context.undefined, context.newString(request))
        return result.error === undefined ? context.getString(result.value) : undefined
      })
      if ("value" in said) {
        const verdict = said.value === undefined ? failed("crash", "it ran out of memory or stack") : read(said.value)
        return { verdict, broken: false, starved: false }
      }
      const verdict = said.timeout
        ? failed("timeout", `it took longer than ${answerMs} ms`)
        : failed("crash", "it broke the engine it runs in")
      return { verdict, broken: true, starved: said.starved }
    }
  }
}
