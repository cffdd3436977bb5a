import { Effect, Either, Layer } from "effect"
import { makeOver, Policy, type PolicyLoadFailed, type RuleLayer } from "../Policy.ts"
import type { Places } from "./builtin.ts"
import type { LoadedExtension } from "./extensions/loadExtension.ts"
import { onDisk } from "./grants/onDisk.ts"
import { digestOf, type PolicySource, sha256 } from "./InForce.ts"
import { follow, type LoadedSet } from "./live.ts"
import { look } from "./look.ts"
import { type ParsedRules, parseRules, type PolicyWarning } from "./parseRules.ts"
import { prepared } from "./prepared.ts"
import { isExtension, listPolicyFiles, type PolicyFile, readPolicyText } from "./readPolicyFile.ts"
import * as RuleSet from "./RuleSet.ts"
import { shadowsOf } from "./shadows.ts"

export type { PolicyFile, PolicyWarning }

/** Folders of rule files, each speaking for a layer. */
export type PolicyDirectories = ReadonlyArray<{ readonly layer: RuleLayer; readonly directory: string }>

/** Every rule and extension of a set of files, and what to tell their authors. */
export interface Loaded {
  readonly files: ReadonlyArray<PolicyFile>
  /** Of the files that could be read, what they were read from. */
  readonly sources: ReadonlyArray<PolicySource>
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

/** How files are read: by what the build knows of its own, and refused for an example that fails. */
interface Care {
  readonly trustBuild: boolean
  readonly tryExamples: boolean
}

const readOne = Effect.fnUntraced(function*(
  source: PolicyFile | Proposal,
  { trustBuild, tryExamples }: Care
): Effect.fn.Return<Read, PolicyLoadFailed> {
  const { modifiedMs, text, uid } = "text" in source
    ? { ...source, uid: -1, modifiedMs: 0 }
    : yield* readPolicyText(source)
  const origin: PolicySource = { layer: source.layer, file: source.file, sha256: sha256(text), uid, modifiedMs }
  if (isExtension(source.file)) {
    const { loadExtension } = yield* Effect.promise(() => import("./extensions/loadExtension.ts"))
    return { source: origin, rules: [], places: [], warnings: [], extension: yield* loadExtension(source, text) }
  }
  const known = trustBuild ? prepared(origin.sha256) : undefined
  if (known !== undefined) return { source: origin, rules: known, places: [], warnings: [] }
  const parsed = yield* parseRules(source.file, text, source.layer, tryExamples)
  return { source: origin, ...parsed }
})

const loading: Care = { trustBuild: true, tryExamples: true }

interface Read extends ParsedRules {
  readonly source: PolicySource
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

/**
 * Reads files as a loader would and tells everything that is wrong, the first error of each file. With `tryExamples` false rules are there
 * although their examples fail.
 */
export const check = Effect.fn("Policy.check")((files: ReadonlyArray<PolicyFile>, tryExamples = true) =>
  checkAll(files, { trustBuild: false, tryExamples })
)

const checkAll = Effect.fnUntraced(
  function*(files: ReadonlyArray<PolicyFile | Proposal>, care: Care): Effect.fn.Return<CheckReport> {
    const results = yield* Effect.forEach(files, (source) => Effect.either(readOne(source, care)))
    const read = results.filter(Either.isRight).map(({ right }) => right)
    return {
      files,
      sources: read.map(({ source }) => source),
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
  return yield* whole(yield* checkAll(yield* list(directories), loading))
})

const whole = ({ problems: [first], ...loaded }: CheckReport): Effect.Effect<Loaded, PolicyLoadFailed> =>
  first === undefined ? Effect.succeed(loaded) : Effect.fail(first)

/** What the rules of some folders would be with a proposal in its place. */
export const preview = Effect.fn("Policy.preview")(function*(
  directories: PolicyDirectories,
  proposal: Proposal
): Effect.fn.Return<Loaded, PolicyLoadFailed> {
  const others = (yield* list(directories)).filter(({ file }) => file !== proposal.file)
  return yield* whole(yield* checkAll([...others, proposal], { trustBuild: false, tryExamples: true }))
})

/**
 * What the layer is told. `sealed` are absolute paths (state, sockets, installed dependencies) that a session may neither see nor
 * change, `grants` is the folder outside the project where what a person allowed for always in it is kept.
 */
export interface PolicyOptions {
  readonly directories: PolicyDirectories
  readonly project?: string
  readonly sealed?: ReadonlyArray<string>
  readonly grants?: string | undefined
}

/** Compiles what was loaded with the built-in rules that options stand for. */
export const compile = (
  { extensions, rules }: Pick<Loaded, "extensions" | "rules">,
  options: PolicyOptions
): RuleSet.RuleSet => RuleSet.make(rules, placesOf(options), extensions.map(({ extension }) => extension))

const placesOf = ({ directories, grants, project, sealed = [] }: PolicyOptions): Places | undefined =>
  project === undefined ? undefined : {
    project,
    policies: [...directories.map(({ directory }) => directory), ...grants === undefined ? [] : [grants]],
    sealed
  }

/** A set whole: every rule and extension there is, compiled, and what it is known by; else everything that is wrong, the first of each file. */
const loadSet = Effect.fnUntraced(function*(
  options: PolicyOptions
): Effect.fn.Return<LoadedSet, ReadonlyArray<PolicyLoadFailed>> {
  const files = yield* Effect.mapError(list(options.directories), (error) => [error])
  const { problems, sources, warnings, ...loaded } = yield* checkAll(files, loading)
  if (problems.length > 0) return yield* Effect.fail(problems)
  const rules = loaded.rules.length + loaded.extensions.length
  return { set: compile(loaded, options), inForce: { digest: digestOf(sources), rules, files: sources, warnings } }
})

/**
 * The rules of some folders. They are read when the layer is built, which fails when one file is wrong, and again when `refresh` finds
 * them changed; warnings at the start are logged.
 */
export const layer = (options: PolicyOptions): Layer.Layer<Policy, PolicyLoadFailed> =>
  Layer.effect(
    Policy,
    Effect.gen(function*() {
      const source = { load: loadSet(options), look: () => look(options.directories) }
      const { refresh, standing } = yield* Effect.mapError(follow(source), ([first]) => first!)
      for (const { file, line, rule, warning } of standing().inForce.warnings) {
        yield* Effect.logWarning(`Policy ${file}:${line} (rule ${rule}): ${warning}`)
      }
      const { grants: directory, project } = options
      const grants = directory === undefined || project === undefined ? undefined : onDisk({ directory, project })
      return makeOver(standing, refresh, grants)
    })
  )
