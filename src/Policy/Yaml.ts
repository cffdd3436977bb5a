import { Effect, Either, Layer } from "effect"
import { make, Policy, type PolicyLoadFailed, type RuleLayer } from "../Policy.ts"
import type { Places } from "./builtin.ts"
import type { LoadedExtension } from "./extensions/loadExtension.ts"
import { type ParsedRules, parseRules, type PolicyWarning } from "./parseRules.ts"
import { prepared } from "./prepared.ts"
import { isExtension, listPolicyFiles, type PolicyFile, readPolicyFile } from "./readPolicyFile.ts"
import * as RuleSet from "./RuleSet.ts"
import { shadowsOf } from "./shadows.ts"

export type { PolicyFile, PolicyWarning }

/** Folders of rule files, each speaking for a layer. */
export type PolicyDirectories = ReadonlyArray<{ readonly layer: RuleLayer; readonly directory: string }>

/** Every rule and extension of a set of files, and what to tell their authors. */
export interface Loaded {
  readonly files: ReadonlyArray<PolicyFile>
  readonly rules: ReadonlyArray<RuleSet.LayeredRule>
  readonly extensions: ReadonlyArray<LoadedExtension>
  readonly warnings: ReadonlyArray<PolicyWarning>
}

/** What a check of files found: the first error of each, beside what the sound ones hold. */
export interface CheckReport extends Loaded {
  readonly problems: ReadonlyArray<PolicyLoadFailed>
}

/** A text to be read in the place of what lies in a file, or of nothing. */
export interface Proposal extends PolicyFile {
  readonly text: string
}

const readOne = Effect.fnUntraced(function*(
  source: PolicyFile | Proposal,
  trustBuild: boolean
): Effect.fn.Return<Read, PolicyLoadFailed> {
  const text = "text" in source ? source.text : yield* readPolicyFile(source)
  if (isExtension(source.file)) {
    const { loadExtension } = yield* Effect.promise(() => import("./extensions/loadExtension.ts"))
    return { source, rules: [], places: [], warnings: [], extension: yield* loadExtension(source, text) }
  }
  const known = trustBuild ? prepared(text) : undefined
  if (known !== undefined) return { source, rules: known, places: [], warnings: [] }
  const parsed = yield* parseRules(source.file, text, source.layer)
  return { source, ...parsed }
})

interface Read extends ParsedRules {
  readonly source: PolicyFile
  readonly extension?: LoadedExtension
}

const shadowed = (read: ReadonlyArray<Read>) => {
  const all = read.flatMap(({ places, rules, source: { file, layer } }) =>
    rules.map((rule, index) => ({ layer, rule, file, ...places[index] ?? { line: 0, column: 0 } }))
  )
  return shadowsOf(all).map(({ rule: { column, file, line, rule }, warning }): PolicyWarning => ({
    file,
    line,
    column,
    rule: rule.name,
    warning: `${warning}: this rule never counts`
  }))
}

const sharedNames = (read: ReadonlyArray<Read>) => {
  const first = new Map<string, string>()
  return read.flatMap(({ extension, rules, source: { file, layer } }) =>
    [...rules, ...extension === undefined ? [] : [extension.extension]].flatMap((
      { name }
    ): ReadonlyArray<PolicyWarning> => {
      const key = `${layer}\0${name}`
      const other = first.get(key)
      if (other === undefined) first.set(key, file)
      return other === undefined
        ? []
        : [{ file, line: 0, column: 0, rule: name, warning: `${other} has a rule of this name too` }]
    })
  )
}

/** The rule files of some folders, in order; a folder that does not exist is empty. */
export const list = Effect.fn("Policy.list")(function*(directories: PolicyDirectories) {
  const found = yield* Effect.forEach(directories, ({ directory, layer }) => listPolicyFiles(layer, directory))
  return found.flat()
})

/** Reads files as a loader would and tells everything that is wrong, the first error of each file. */
export const check = Effect.fn("Policy.check")((files: ReadonlyArray<PolicyFile>) => checkAll(files, false))

const checkAll = Effect.fnUntraced(
  function*(files: ReadonlyArray<PolicyFile | Proposal>, trustBuild: boolean): Effect.fn.Return<CheckReport> {
    const results = yield* Effect.forEach(files, (source) => Effect.either(readOne(source, trustBuild)))
    const read = results.filter(Either.isRight).map(({ right }) => right)
    return {
      files,
      rules: read.flatMap(({ rules, source }) => rules.map((rule) => ({ layer: source.layer, rule }))),
      extensions: read.flatMap(({ extension }) => extension ?? []),
      warnings: [...read.flatMap(({ warnings }) => warnings), ...sharedNames(read), ...shadowed(read)],
      problems: results.filter(Either.isLeft).map(({ left }) => left)
    }
  }
)

/** Reads every rule file of some folders: all of them, or none when one is wrong. */
export const load = Effect.fn("Policy.load")(function*(
  directories: PolicyDirectories
): Effect.fn.Return<Loaded, PolicyLoadFailed> {
  return yield* whole(yield* checkAll(yield* list(directories), true))
})

const whole = ({ problems: [first], ...loaded }: CheckReport): Effect.Effect<Loaded, PolicyLoadFailed> =>
  first === undefined ? Effect.succeed(loaded) : Effect.fail(first)

/** What the rules of some folders would be with a proposal in its place. */
export const preview = Effect.fn("Policy.preview")(function*(
  directories: PolicyDirectories,
  proposal: Proposal
): Effect.fn.Return<Loaded, PolicyLoadFailed> {
  const others = (yield* list(directories)).filter(({ file }) => file !== proposal.file)
  return yield* whole(yield* checkAll([...others, proposal], false))
})

/** What the layer is told. `sealed` are absolute paths (state, sockets) that a session may neither see nor change. */
export interface PolicyOptions {
  readonly directories: PolicyDirectories
  readonly project?: string
  readonly sealed?: ReadonlyArray<string>
}

/** Compiles what was loaded with the built-in rules that options stand for. */
export const compile = (
  { extensions, rules }: Pick<Loaded, "extensions" | "rules">,
  options: PolicyOptions
): RuleSet.RuleSet => RuleSet.make(rules, placesOf(options), extensions.map(({ extension }) => extension))

const placesOf = ({ directories, project, sealed = [] }: PolicyOptions): Places | undefined =>
  project === undefined ? undefined : { project, policies: directories.map(({ directory }) => directory), sealed }

/** The rules of some folders, read once, when the layer is built; warnings are logged. */
export const layer = (options: PolicyOptions): Layer.Layer<Policy, PolicyLoadFailed> =>
  Layer.effect(
    Policy,
    Effect.gen(function*() {
      const loaded = yield* load(options.directories)
      for (const { file, line, rule, warning } of loaded.warnings) {
        yield* Effect.logWarning(`Policy ${file}:${line} (rule ${rule}): ${warning}`)
      }
      return make(compile(loaded, options))
    })
  )
