import { Effect, Layer, type Scope } from "effect"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Model from "../../Agent/Model.ts"
import { Audit } from "../../Audit.ts"
import { escapeLine } from "../../internal/escape.ts"
import { acquireRelease } from "../../internal/finalizer.ts"
import { packageRoot } from "../../internal/PackageRoot.ts"
import { count } from "../../internal/text.ts"
import * as Kernel from "../../Kernel.ts"
import { defaults, type KernelOptions } from "../../KernelConfig.ts"
import { prepareState } from "../../KernelConfig/stateDirectory.ts"
import { Orchestrator, type SessionSummary } from "../../Orchestrator.ts"
import type { CommandOf } from "../args.ts"
import { CliFailed } from "../CliFailed.ts"
import { requireTemporary } from "../configure.ts"
import { outStyle, print } from "../io.ts"
import { humanObserver } from "../observe.ts"
import { diff } from "../render/diff.ts"
import { summary } from "../render/summary.ts"

const task = "Add discounted(items): a tenth off the total from 100 euros on"
const template = join(packageRoot, "demo/project")
const recording = join(packageRoot, "demo/recording.json")
const brokenLog = 9

/** A copy of the demo project in a folder of its own, removed with the scope unless it is kept. */
const throwAway = (keep: boolean): Effect.Effect<string, never, Scope.Scope> =>
  acquireRelease(
    Effect.sync(() => {
      const folder = join(realpathSync(mkdtempSync(join(tmpdir(), "fluffy-demo-"))), "basket")
      mkdirSync(folder)
      cpSync(template, folder, { recursive: true })
      mkdirSync(join(folder, ".fluffy"))
      return folder
    }),
    (folder) => Effect.sync(() => keep ? undefined : rmSync(join(folder, ".."), { recursive: true, force: true }))
  )

const optionsFor = (project: string): KernelOptions => ({
  ...defaults,
  project,
  state: join(project, ".fluffy/state"),
  headless: true,
  policies: [{ layer: "shipped", directory: join(packageRoot, "policies") }]
})

const read = (folder: string, path: string) =>
  existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8") : ""

/** What the merge did to the project, as a diff against the template. */
const showDiff = Effect.fnUntraced(function*(project: string, changed: ReadonlyArray<string>) {
  const { createTwoFilesPatch } = yield* Effect.promise(() => import("diff"))
  print(`\n${outStyle.bold("What reached the project:")}\n`)
  for (const path of changed) {
    const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, read(template, path), read(project, path), "", "", {
      context: 3
    })
    print(diff(patch.replace(/^=+\n/, ""), outStyle).text)
  }
})

/** What is on record of the session, and whether the record holds. */
const showRecord = Effect.fnUntraced(function*(ended: SessionSummary) {
  const audit = yield* Audit
  const { broken, checked } = yield* audit.verify()
  const entries = yield* audit.entries({ session: ended.session })
  const verdicts = entries.filter(({ action }) => action === "test.verdict").map(({ detail }) =>
    String(detail["verdict"])
  )
  const refusals = entries.filter(({ category, decision }) => category === "policy" && decision === "deny")
  const merged = entries.some(({ action }) => action === "merge.done")
  const [first] = broken
  const rows = [
    ["verdicts", verdicts.join(", then ")],
    ["refused", refusals.map(({ action, rule }) => `${action} by ${rule ?? "?"}`).join(", ")],
    ["merged", merged ? "after the tests were green" : "no"],
    [
      "log",
      first === undefined
        ? `verified: the chain of ${count(checked, "link")} holds`
        : `broken at entry ${first.seq}: ${first.reason}`
    ]
  ] as const
  print(`\n${outStyle.bold("What the audit log says:")}\n`)
  for (const [name, text] of rows) print(`  ${outStyle.dim(name.padEnd(9))}${escapeLine(text)}\n`)
  return { sound: first === undefined, walked: merged && verdicts.join() === "red,green" }
})

/** `fluffy demo`: a recorded model takes a throw-away project from red to green, in a real sandbox with a real log. */
export const run = ({ flags }: CommandOf<"demo">) =>
  Effect.scoped(Effect.gen(function*() {
    const keep = flags.keep === true
    yield* requireTemporary
    const project = yield* throwAway(keep)
    const options = optionsFor(project)
    yield* prepareState(options.state)
    print(
      `${outStyle.bold("The task:")} ${task}\n${
        outStyle.dim(`in ${project}, with a recorded model: no key, no network`)
      }\n\n`
    )
    const { maxTokens, maxTurns, mode } = options
    const request = { task, mode, model: "recorded/demo", maxTurns, maxTokens, headless: true, commit: false }
    const exitCode = yield* Effect.gen(function*() {
      const ended = yield* Effect.scoped(Effect.flatMap(humanObserver(true), (observer) =>
        Effect.flatMap(Orchestrator, (orchestrator) =>
          orchestrator.run(request, observer))))
      print(summary(ended, outStyle))
      yield* showDiff(project, ended.changed)
      const { sound, walked } = yield* showRecord(ended)
      if (!sound) {
        return brokenLog
      }
      if (ended.exitCode === 0 && !walked) {
        return yield* new CliFailed({ exitCode: 1, problem: "The demo ended without going from red to green" })
      }
      return ended.exitCode
    }).pipe(
      Effect.provide(
        Kernel.layer(options).pipe(Layer.provide(Model.layer({ model: `recorded/${recording}`, cwd: packageRoot })))
      )
    )
    print(
      keep
        ? `\nThe project is kept in ${project}\n`
        : "\nThe project is removed again; fluffy demo --keep leaves it to look at.\n"
    )
    return exitCode
  }))
