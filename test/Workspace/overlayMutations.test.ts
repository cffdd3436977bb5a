import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { transformSync } from "esbuild"
import { execFileSync } from "node:child_process"
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { SessionId } from "../../src/domain/SessionId.ts"
import { defaultLimits, Sandbox, trial } from "../../src/Sandbox.ts"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import * as Docker from "../../src/Sandbox/Docker.ts"
import * as Podman from "../../src/Sandbox/Podman.ts"
import { type Stage, Workspace } from "../../src/Workspace.ts"
import * as Disk from "../../src/Workspace/Disk.ts"
import { temporaryOnDisk } from "../support/diskProject.ts"
import { requireEngine } from "../support/engines.ts"
import { digest, makeTree, mutations } from "../support/mutations.ts"
import { requireRuntime } from "../support/require.ts"
import { users } from "../support/sandbox.ts"

const empty = { changes: [], ignored: [], forbidden: [] }

const backends = {
  bubblewrap: Bubblewrap.layerLazy(),
  docker: Docker.layerLazy({}),
  podman: Podman.layerLazy({})
}

const code = transformSync(readFileSync(join(import.meta.dirname, "../support/mutations.ts"), "utf8"), {
  loader: "ts"
}).code

// A directory of a lower layer is not renamed in place: programs are told to copy it, as to another disk.
const moving = `
const { renameSync } = fs.default
fs.default.renameSync = (from, to) => {
  try {
    renameSync(from, to)
  } catch (cause) {
    if (cause.code !== "EXDEV") throw cause
    fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true })
    fs.rmSync(from, { recursive: true })
  }
}
(await import("node:module")).syncBuiltinESMExports()
`

const world = (user: (typeof users)[number]) =>
  Effect.zipWith(temporaryOnDisk, temporaryOnDisk, (directory, scratch) => {
    const project = join(directory, "project")
    const native = join(directory, "native")
    mkdirSync(project)
    makeTree(project)
    execFileSync("chown", ["-R", `${user.uid}:${user.gid}`, project])
    chownSync(directory, user.uid, user.gid)
    chmodSync(scratch, 0o711)
    cpSync(project, native, { recursive: true, verbatimSymlinks: true })
    return { scratch, project, native, state: join(directory, "state"), base: digest(project) }
  })

const open = Effect.fnUntraced(function*(project: string) {
  const [workspace, sandbox] = [yield* Workspace, yield* Sandbox]
  const stage = yield* workspace.open({
    project,
    session: SessionId.make("s-mutations"),
    secrets: [],
    maxFileBytes: 1 << 20,
    trial: trial(sandbox.run, project)
  })
  assert.strictEqual(stage.form, "overlay")
  return stage
})

/** Does to a stage, from inside a sandbox, what the mutation of this number does to a tree. */
const mutateInside = Effect.fnUntraced(function*(stage: Stage, index: number) {
  const sandbox = yield* Sandbox
  const program = `${code}${moving}\nmutations[${index}][1]((path) => join(${JSON.stringify(stage.project)}, path))\n`
  const result = yield* sandbox.run({
    command: "node",
    args: ["--input-type=module", "-"],
    stdin: Buffer.from(program),
    cwd: stage.project,
    mounts: yield* stage.mounts,
    user: stage.user,
    limits: defaultLimits
  })
  assert.strictEqual(Buffer.from(result.stderr).toString(), "")
  assert.strictEqual(result.exitCode, 0)
})

/** What a fresh command sees of the stage. */
const shown = Effect.fnUntraced(function*(stage: Stage) {
  const sandbox = yield* Sandbox
  const result = yield* sandbox.run({
    command: "node",
    args: ["--input-type=module", "-"],
    stdin: Buffer.from(`${code}\nprocess.stdout.write(JSON.stringify(digest(process.cwd())))\n`),
    cwd: stage.project,
    mounts: yield* stage.mounts,
    user: stage.user,
    limits: defaultLimits
  })
  assert.strictEqual(Buffer.from(result.stderr).toString(), "")
  return JSON.parse(Buffer.from(result.stdout).toString()) as Record<string, string>
})

for (const backend of ["bubblewrap", "docker", "podman"] as const) {
  if (!(backend === "bubblewrap" ? requireRuntime(backend) : requireEngine(backend))) continue
  for (const user of users) {
    const layerOf = (state: string, scratch: string) =>
      Layer.merge(Disk.layer({ state, scratch, form: "overlay" }), backends[backend])

    describe(`an overlay in ${backend}, of user ${user.uid}`, () => {
      it.scopedLive.each(mutations.map(([name], index) => ({ name, index })))(
        "is merged as if the command had run in the project: $name",
        ({ index }) =>
          Effect.gen(function*() {
            const { base, native, project, scratch, state } = yield* world(user)
            yield* Effect.gen(function*() {
              const stage = yield* open(project)
              yield* mutateInside(stage, index)
              yield* stage.reject(yield* stage.scan)
              assert.deepStrictEqual(yield* stage.scan, empty)
              mutations[index]![1]((path) => join(native, path))
              execFileSync("chmod", ["-R", "u+rwX", native])
              const after = digest(native)
              yield* mutateInside(stage, index)
              const set = yield* stage.scan
              assert.deepStrictEqual(set.forbidden, [])
              yield* stage.accept(set)
              assert.deepStrictEqual(yield* shown(stage), after)
              const changes = yield* stage.changes
              assert.deepStrictEqual(digest(project), base)
              const { merged } = yield* stage.merge
              assert.deepStrictEqual(digest(project), after)
              assert.strictEqual(merged.length > 0, changes.length > 0)
              assert.deepStrictEqual(yield* stage.scan, empty)
              assert.deepStrictEqual(yield* shown(stage), after)
            }).pipe(Effect.provide(layerOf(state, scratch)))
          })
      )
    })
  }
}
