import { Effect, Either, ParseResult, Schema } from "effect"
import type { Change } from "../domain/Change.ts"
import { parse, type ProjectPath, root } from "../domain/ProjectPath.ts"
import type { ToolCall, ToolResult } from "../domain/ToolCall.ts"
import { addCounts, mask } from "../internal/Secrets.ts"
import { isoNow, monotonicMs } from "../internal/time.ts"
import type { PolicyRequest } from "../Policy.ts"
import type { SessionState } from "../StateMachine.ts"
import { attach } from "./deps/attach.ts"
import { gateCall, type GatedCall, gateNetworkCall, requestOf } from "./gateCall.ts"
import { type Leaves, subject } from "./Leaves.ts"
import { fromLeaf, type RouterFailed } from "./RouterError.ts"
import type { RouterSession } from "./RouterSession.ts"
import { stageRun } from "./stageRun.ts"
import type { RouterOptions, Tool, ToolAnswer } from "./Tool.ts"
import { failed } from "./tools/answer.ts"
import { isNamed, wireName } from "./ToolSpec.ts"

const maxArgumentBytes = 8 << 20

/** A longer question to the policy is not kept in the log, nor one with a secret in it: half of one would be worth nothing. */
const maxAsked = 4096

const isWhole = (asked: PolicyRequest | undefined) => asked !== undefined && JSON.stringify(asked).length <= maxAsked

/** An answer with the question that the policy was asked, if it was. */
interface Answered extends ToolAnswer {
  readonly asked?: PolicyRequest
}

const unknownTool = (name: string, tools: ReadonlyArray<Tool<any>>): Answered =>
  failed(
    `There is no tool ${JSON.stringify(name.slice(0, 100))}. The tools are: ${
      tools.map(({ spec }) => wireName(spec.name)).join(", ")
    }.`
  )

const decode = (tool: Tool<any>, args: unknown): Either.Either<any, string> => {
  if (typeof args !== "object" || args === null || Array.isArray(args)) {
    return Either.left(`Malformed arguments for ${wireName(tool.spec.name)}: they must be a JSON object.`)
  }
  if (JSON.stringify(args).length > maxArgumentBytes) {
    return Either.left("The arguments are larger than 8 MiB; split the call.")
  }
  return Schema.decodeUnknownEither(tool.schema, { errors: "all", onExcessProperty: "error" })(args).pipe(
    Either.mapLeft((error) => {
      const problems = ParseResult.ArrayFormatter.formatErrorSync(error)
        .slice(0, 5)
        .map(({ message, path }) => `${path.length === 0 ? "arguments" : path.join(".")}: ${message.slice(0, 200)}`)
      return `Malformed arguments for ${wireName(tool.spec.name)}: ${problems.join("; ")}.`
    })
  )
}

/** Runs one call of a model: every way through it ends in an audit entry and a `tool.finished`. */
export const call = Effect.fn("Router.call")(function*(
  leaves: Leaves,
  options: RouterOptions,
  tools: ReadonlyArray<Tool<any>>,
  session: RouterSession,
  { args, id, name }: ToolCall
): Effect.fn.Return<ToolResult, RouterFailed> {
  const start = yield* monotonicMs
  const tool = tools.find(({ spec }) => isNamed(spec.name, name))
  const shown = tool?.spec.name ?? name.slice(0, 100)
  const decoded = tool === undefined ? undefined : decode(tool, args)
  const { found, text: summary } = yield* mask(
    tool !== undefined && decoded !== undefined && Either.isRight(decoded) ? tool.summary(decoded.right) : ""
  )
  yield* session.emit({ type: "tool.started", at: yield* isoNow, session: session.id, id, name: shown, summary })
  const answer: Answered = tool === undefined || decoded === undefined
    ? unknownTool(name, tools)
    : Either.isLeft(decoded)
    ? failed(decoded.left)
    : yield* perform(leaves, options, session, tool, decoded.right)
  const said = yield* mask(answer.text)
  const masked = addCounts(found, said.found)

  const state = yield* Effect.mapError(leaves.stateMachine.get(session.id), fromLeaf(shown))
  const recordedAt = yield* monotonicMs
  yield* leaves.audit.append({
    ...subject(session.id, state),
    category: "tool",
    action: shown,
    actor: "model",
    detail: {
      id,
      summary: summary.slice(0, 500),
      outcome: answer.outcome,
      by: answer.by ?? null,
      ...(isWhole(answer.asked) && Object.keys(found).length === 0 ? { asked: answer.asked } : {}),
      ...(Object.keys(masked).length === 0 ? {} : { masked })
    },
    durationMs: Math.round((recordedAt - start) * 1000) / 1000
  }).pipe(Effect.mapError(fromLeaf(shown)))
  const durationMs = (yield* monotonicMs) - start
  const result: ToolResult = {
    outcome: answer.outcome,
    text: said.text,
    ...(answer.by === undefined ? {} : { by: answer.by }),
    durationMs,
    overheadMs: Math.max(0, durationMs - answer.ownMs)
  }
  yield* session.emit({
    type: "tool.finished",
    at: yield* isoNow,
    session: session.id,
    id,
    name: shown,
    outcome: result.outcome,
    ...(result.by === undefined ? {} : { by: result.by }),
    ...(result.outcome === "ok" ? {} : { detail: result.text.split("\n")[0]!.slice(0, 300) }),
    durationMs,
    overheadMs: result.overheadMs
  })
  return result
})

const perform = Effect.fnUntraced(function*<A>(
  leaves: Leaves,
  options: RouterOptions,
  session: RouterSession,
  tool: Tool<A>,
  args: A
): Effect.fn.Return<Answered, RouterFailed> {
  const name = tool.spec.name
  const state = yield* Effect.mapError(leaves.stateMachine.get(session.id), fromLeaf(name))
  const written = tool.path?.(args)
  const parsed = written === undefined ? Either.right(root) : parse(written)
  if (Either.isLeft(parsed)) {
    const text = `Refused: ${JSON.stringify(String(written).slice(0, 200))} cannot be used: ${parsed.left}.`
    return yield* refuse(leaves, session, state, tool.summary(args), name, { by: "workspace", text })
  }
  const path = parsed.right
  const gated: GatedCall = {
    tool: name,
    path: written === undefined ? undefined : path,
    change: tool.writes === true ? prospective(path) : undefined,
    request: tool.request?.(args) ?? {},
    ...(tool.about === undefined ? {} : { about: tool.about(args, { options, path, session }) })
  }
  const asked = requestOf(state, gated)
  const gate = tool.network?.(args) === true ? gateNetworkCall : gateCall
  const refusal = yield* gate(leaves, options, session, state, gated)
  if (refusal !== undefined) {
    const refused = yield* refuse(leaves, session, state, tool.summary(args), name, refusal)
    return refusal.by.startsWith("phase ") ? refused : { ...refused, asked }
  }
  if (tool.spec.path !== "fast") yield* attach(leaves, options, session, state)
  const run = stageRun(leaves, options, session, state, name)
  const answer = yield* tool.execute(args, {
    path,
    session,
    state,
    options,
    leaves,
    run: run.gated,
    runDiscarding: run.discarding,
    trying: run.trying
  })
  return { ...answer, asked }
})

const refuse = Effect.fnUntraced(function*(
  leaves: Leaves,
  session: RouterSession,
  state: SessionState,
  summary: string,
  name: string,
  { by, text }: { readonly by: string; readonly text: string }
): Effect.fn.Return<ToolAnswer, RouterFailed> {
  yield* leaves.audit.commit({
    ...subject(session.id, state),
    category: "policy",
    action: name,
    actor: "model",
    decision: "deny",
    rule: by,
    detail: { summary: summary.slice(0, 500), reason: text.slice(0, 1000) }
  }).pipe(Effect.mapError(fromLeaf(name)))
  return { outcome: "refused", by, text, ownMs: 0 }
})

const prospective = (path: ProjectPath): Change => ({ kind: "modify", path, before: null, after: null })
