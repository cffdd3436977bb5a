import { Effect, Option, Schema } from "effect"
import { posix } from "node:path"
import { show as showHost } from "../../domain/NetworkHost.ts"
import { ProjectPath } from "../../domain/ProjectPath.ts"
import { escapeLine } from "../../internal/escape.ts"
import { capMiddle } from "../../internal/text.ts"
import { timed } from "../../internal/time.ts"
import { type EcosystemName, ecosystemNames, type Wanted } from "../deps/Ecosystem.ts"
import { ecosystems, find } from "../deps/find.ts"
import { hostsOf, install, type Installed } from "../deps/install.ts"
import { keyOf } from "../deps/keyOf.ts"
import type { Layer } from "../deps/Layers.ts"
import { maxLockfile } from "../deps/limits.ts"
import { show } from "../deps/show.ts"
import { summarize } from "../deps/summarize.ts"
import { subject } from "../Leaves.ts"
import { fromLeaf, type RouterFailed } from "../RouterError.ts"
import { defineTool, type ToolAnswer, type ToolContext } from "../Tool.ts"
import { failed } from "./answer.ts"

const tool = "deps.install"
const fail = fromLeaf(tool)
const maxOutputBytes = 6_000

/** `deps.install`: what the lockfile says, into a read-only layer, by a sandbox that sees no source file. */
export const depsInstall = defineTool({
  spec: {
    name: tool,
    path: "sandbox",
    description:
      "Install exactly what a lockfile says (npm: package-lock.json; pip: requirements.txt) and show it read-only to later calls. directory: the folder that has it, the project's root if left out; kind: which one, where it has both. Install scripts of packages do not run. Change the manifest and lockfile as files first: this installs, it adds nothing.",
    parameters: {
      type: "object",
      properties: { directory: { type: "string" }, kind: { type: "string", enum: [...ecosystemNames] } },
      additionalProperties: false
    }
  },
  schema: Schema.Struct({
    directory: Schema.optional(Schema.String),
    kind: Schema.optional(Schema.Literal(...ecosystemNames))
  }),
  summary: (args) => args.directory ?? ".",
  path: (args) => args.directory ?? ".",
  about: ({ kind }, context) => about(context, kind),
  execute: ({ kind }, context) =>
    Effect.map(timed(perform(context, kind)), ([answer, ownMs]): ToolAnswer => ({ ...answer, ownMs }))
})

type Asked = Pick<ToolContext, "options" | "path" | "session">

const wantedBy = ({ options, path, session }: Asked, kind: EcosystemName | undefined) =>
  Effect.mapError(
    find(
      session.stage,
      path,
      options.registries ?? {},
      ecosystems.filter(({ name }) => kind === undefined || name === kind)
    ),
    fail
  )

const about = Effect.fnUntraced(function*(
  context: Asked,
  kind: EcosystemName | undefined
): Effect.fn.Return<string, RouterFailed> {
  const wanted = yield* wantedBy(context, kind)
  if (typeof wanted === "string") return `it cannot be done: ${escapeLine(wanted, 500)}`
  const { directory, ecosystem, inputs: { files, lockfile } } = wanted
  const path = ProjectPath.make(posix.join(directory, lockfile))
  const base = yield* Effect.mapError(context.session.stage.base(path, { maxBytes: maxLockfile }), fail)
  const old = Option.match(base, { onNone: () => null, onSome: ({ bytes }) => ecosystem.packages(bytes) })
  const now = files.find((file) => file.path === lockfile)
  return summarize(path, old, now === undefined ? new Map() : ecosystem.packages(now.bytes) ?? new Map())
})

const perform = Effect.fnUntraced(function*(
  context: ToolContext,
  kind: EcosystemName | undefined
): Effect.fn.Return<ToolAnswer, RouterFailed> {
  const { leaves, options, session } = context
  const { layers, limits, registries = {} } = options
  if (layers === undefined) return failed("Nothing is installed: there is no folder here to keep it in.")
  const wanted = yield* wantedBy(context, kind)
  if (typeof wanted === "string") return failed(`Nothing is installed: ${wanted}`)
  const registry = registries[wanted.ecosystem.name] ?? wanted.ecosystem.registry
  const hosts = hostsOf(registry)
  if (typeof hosts === "string") return failed(`Nothing is installed: ${hosts}`)
  const found = yield* keyOf(leaves, session, limits, wanted)
  if (found === undefined) {
    return failed(
      `Nothing is installed: ${wanted.ecosystem.name} does not work in this sandbox. Go on without, or tell the person.`
    )
  }
  const before = yield* layers.open(found.key)
  if (before !== undefined) return yield* shown(context, wanted, found, before, undefined)
  const done = yield* Effect.either(install(context, layers, wanted, found.key, registry, hosts))
  if (done._tag === "Left") {
    return done.left._tag === "RouterFailed"
      ? yield* done.left
      : failed(`Nothing is installed: ${done.left.message}`)
  }
  const installed = done.right
  if (installed.layer !== undefined) return yield* shown(context, wanted, found, installed.layer, installed)
  yield* record(context, wanted, found, {
    outcome: installed.why ?? "the command failed",
    exitCode: installed.result.exitCode,
    ended: installed.result.ended,
    hosts: hosts.map(showHost)
  })
  return failed(`Nothing is installed: ${whyOf(installed)}`)
})

const whyOf = ({ refused, result: { ended, exitCode, stderr, stdout }, why }: Installed): string => {
  if (why !== undefined) return `what came of it is not taken: ${why}`
  const said = [stderr, stdout].map((bytes) => Buffer.from(bytes).toString("utf8").trim()).filter((text) => text !== "")
  const how = ended === "exit" ? `the command failed (exit code ${exitCode})` : `it was stopped (${ended})`
  const unreached = refused.length === 0 ? [] : [`connections refused:\n${refused.join("\n")}`]
  return [how, ...said.map((text) => capMiddle(text, maxOutputBytes)), ...unreached].join("\n")
}

const shown = Effect.fnUntraced(function*(
  context: ToolContext,
  wanted: Wanted,
  found: { readonly key: string; readonly tools: string },
  layer: Layer,
  installed: Installed | undefined
): Effect.fn.Return<ToolAnswer, RouterFailed> {
  const { leaves, session } = context
  const places = yield* Effect.mapError(show(leaves, session.stage, wanted.directory, layer), fail)
  yield* record(context, wanted, found, {
    outcome: installed === undefined ? "kept before" : "installed",
    layer: layer.key,
    digest: layer.digest,
    entries: layer.entries,
    bytes: layer.bytes,
    shown: places.shown
  })
  if (places.shown.length === 0) return failed(`It is installed but cannot be shown: ${places.why.join("; ")}`)
  const how = installed === undefined ? "It was installed before for the same lockfile" : "Installed"
  return {
    outcome: "ok",
    ownMs: 0,
    text: [
      `${how}: ${layer.entries} entries, ${Math.ceil(layer.bytes / 1024)} KiB, from ${wanted.inputs.lockfile}.`,
      `Read-only at ${places.shown.join(", ")} from now on. Install scripts of packages did not run.`,
      ...wanted.ecosystem.note === undefined ? [] : [wanted.ecosystem.note],
      ...places.why.map((why) => `Not shown: ${why}`)
    ].join("\n")
  }
})

const record = (
  { leaves, session, state }: ToolContext,
  { digest, directory, ecosystem, inputs }: Wanted,
  { tools }: { readonly tools: string },
  detail: Readonly<Record<string, unknown>>
) =>
  Effect.mapError(
    leaves.audit.commit({
      ...subject(session.id, state),
      category: "tool",
      action: "deps.installed",
      actor: "kernel",
      detail: { directory, ecosystem: ecosystem.name, lockfile: inputs.lockfile, inputs: digest, tools, ...detail }
    }),
    fail
  )
