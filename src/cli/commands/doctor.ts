import { Effect } from "effect"
import { escape, escapeJson, escapeLine } from "../../internal/escape.ts"
import { defaults } from "../../KernelConfig.ts"
import type { CommandOf } from "../args.ts"
import { configure, requireTemporary } from "../configure.ts"
import type { Finding } from "../doctor/Finding.ts"
import { models } from "../doctor/models.ts"
import { git, node, search, sqlite } from "../doctor/programs.ts"
import { policy, runner, stage, state } from "../doctor/project.ts"
import { sandbox } from "../doctor/sandbox.ts"
import { outStyle, print } from "../io.ts"

/** What can be said of the project, or why there is none here. */
const ofProject = Effect.fnUntraced(function*(): Effect.fn.Return<ReadonlyArray<Finding>> {
  const loaded = yield* Effect.either(configure({}))
  if (loaded._tag === "Left") {
    const detail = loaded.left.message
    return [
      { name: "project", ok: false, required: true, detail, remedy: "cd into a project, or mend what is named" },
      ...(yield* sandbox({ ...defaults, project: undefined }))
    ]
  }
  const { options } = loaded.right
  const [isolation, ...others] = yield* Effect.all([
    sandbox(options),
    state(options),
    policy(options),
    runner(options),
    stage(options),
    models(loaded.right)
  ], { concurrency: "unbounded" })
  return [{ name: "project", ok: true, required: false, detail: options.project }, ...isolation, ...others.flat()]
})

const temporary: Effect.Effect<ReadonlyArray<Finding>> = Effect.match(requireTemporary, {
  onSuccess: () => [],
  onFailure: ({ message }) => [{ name: "temporary", ok: false, required: true, detail: message }]
})

const line = ({ detail, name, ok, remedy, required }: Finding): string => {
  const mark = ok ? outStyle.green("ok      ") : required ? outStyle.red("needed  ") : outStyle.yellow("optional")
  const mend = remedy === undefined || ok ? "" : `\n${" ".repeat(22)}${outStyle.bold("mend:")} ${escape(remedy)}`
  return `${mark}  ${name.padEnd(10)}  ${escapeLine(detail, 1000)}${mend}\n`
}

const exitCodeOf = (missing: ReadonlyArray<Finding>): number => {
  const names = new Set(missing.map(({ name }) => name))
  return names.size === 0
    ? 0
    : names.has("sandbox")
    ? 7
    : ["project", "policy", "temporary"].some((name) => names.has(name))
    ? 2
    : 1
}

/**
 * `fluffy doctor`: 0 when sessions can run here, 7 when no sandbox can, 2 when the folder, its configuration or a policy is in the way,
 * 1 when something else that is needed is missing.
 */
export const run = Effect.fnUntraced(function*({ flags }: CommandOf<"doctor">) {
  const groups = yield* Effect.all([node, git, search, sqlite, temporary, ofProject()], { concurrency: "unbounded" })
  const findings = groups.flat()
  const missing = findings.filter(({ ok, required }) => required && !ok)
  const exitCode = exitCodeOf(missing)
  if (flags.json === true) print(`${escapeJson({ usable: exitCode === 0, findings })}\n`)
  else {
    for (const finding of findings) print(line(finding))
    print(
      exitCode === 0
        ? `\n${outStyle.green("Fluffy can work here.")}\n`
        : `\n${outStyle.red("Fluffy cannot work here")} until this is mended: ${
          [...new Set(missing.map(({ name }) => name))].join(", ")
        }.\n`
    )
  }
  return exitCode
})
