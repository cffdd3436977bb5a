// A process that writes to an audit log: node --import tsx auditWriter.ts FILE NAME COUNT. Prints each number once it is committed.
import { Cause, Effect, Exit } from "effect"
import { writeSync } from "node:fs"
import { Audit } from "../../src/Audit.ts"
import { layer } from "../../src/Audit/Sql.ts"

const [file = "", name = "", count = "0"] = process.argv.slice(2)

const event = (action: string) => ({
  session: null,
  category: "kernel" as const,
  action,
  actor: "kernel" as const,
  phase: null,
  mode: null,
  detail: { padding: "x".repeat(200) }
})

const program = Effect.gen(function*() {
  const audit = yield* Audit
  writeSync(1, "ready\n")
  for (let n = 1; n <= Number(count); n++) {
    yield* audit.append(event(`${name}.${n}.before`))
    yield* audit.commit(event(`${name}.${n}`))
    writeSync(1, `${n}\n`)
  }
})

const exit = await Effect.runPromiseExit(Effect.provide(program, layer({ file })))
if (Exit.isFailure(exit)) {
  const [failure] = Cause.failures(exit.cause)
  writeSync(1, `failed ${failure?._tag} ${failure?.reason}\n`)
  process.exitCode = 1
}
