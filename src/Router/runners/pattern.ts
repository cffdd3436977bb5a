import { Effect } from "effect"
import type { ProjectPath } from "../../domain/ProjectPath.ts"
import type { Detection, MissingRunner } from "./Detection.ts"
import { NoRunner } from "./NoRunner.ts"
import { filesNamed, isGlob } from "./testFiles.ts"

/** A runner with what it is to run: named files, or all it finds, and only tests with this name. */
export interface Target {
  readonly detection: Detection
  readonly files: ReadonlyArray<ProjectPath> | null
  readonly name: string | null
}

const remedy = "Give a test file's path, a glob, or part of a test's name; or nothing, to run all tests."

const looksLikePath = (pattern: string) =>
  isGlob(pattern) || pattern.includes("/") || /\.([cm]?[jt]sx?|py|go|rs|rb|php|cs|fs|vb)$/.test(pattern)

const maxFiles = 500

/** The refusal for a runner that the project wants and does not have. */
export const notInstalled = (runner: MissingRunner): NoRunner =>
  new NoRunner({
    reason: `the project's tests use ${runner.missing}, which is not in node_modules`,
    looked: [`node_modules/.bin/${runner.missing}`],
    remedy: "A person has to install the project's dependencies (npm install) and start again."
  })

/** Whether the command has no search of its own: one that is told the file it is to run. */
const isTold = ({ runner }: Detection) => runner.language === "any" && runner.fileByFile === true

/** A runner's own search is left to it where the project declares it; else it gets the files that led to it. */
const everything = (detection: Detection, files: ReadonlyArray<ProjectPath>): Target => {
  const own = detection.declared && !isTold(detection) ? [] : files.filter(detection.owns)
  return { detection, files: own.length === 0 || own.length > maxFiles ? null : own, name: null }
}

/** Each file to the first runner that owns it. */
const share = (detections: ReadonlyArray<Detection>, files: ReadonlyArray<ProjectPath>): ReadonlyArray<Target> =>
  detections.flatMap((detection) => {
    const own = files.filter((file) => detections.find((one) => one.owns(file)) === detection)
    return own.length === 0 ? [] : [{ detection, files: own, name: null }]
  })

/** Each target as what one command takes: one file where the runner takes no more. */
const single = (target: Target): ReadonlyArray<Target> =>
  target.detection.runner.fileByFile !== true
    ? [target]
    : target.files?.map((file) => ({ ...target, files: [file] })) ?? (isTold(target.detection) ? [] : [target])

/** `narrowed`, command by command. */
export const narrow = Effect.fnUntraced(function*(
  ...all: Parameters<typeof narrowed>
): Effect.fn.Return<ReadonlyArray<Target>, NoRunner> {
  const targets = (yield* narrowed(...all)).flatMap(single)
  if (targets.length > 0) return targets
  return yield* new NoRunner({
    reason: `the configured command runs one test file at a time, and there is none, or more than ${maxFiles}`,
    looked: [],
    remedy: "Name a test file, or fewer of them under files of the runner in .fluffy/config.yaml."
  })
})

/** Turns the pattern of a call into what each runner runs. Without test files of its own a runner is left out, unless all are. */
const narrowed = Effect.fnUntraced(function*(
  detections: ReadonlyArray<Detection>,
  missing: ReadonlyArray<MissingRunner>,
  files: ReadonlyArray<ProjectPath>,
  pattern: string | undefined
): Effect.fn.Return<ReadonlyArray<Target>, NoRunner> {
  const busy = detections.filter((detection) => files.some(detection.owns))
  const all = busy.length > 0 ? busy : detections.slice(0, 1)
  const wanted = pattern?.trim() ?? ""
  if (wanted === "") return all.map((detection) => everything(detection, files))
  const named = filesNamed(wanted, ".", files)
  const targets = share(detections, named)
  if (targets.reduce((sum, target) => sum + (target.files?.length ?? 0), 0) > maxFiles) {
    return yield* new NoRunner({ reason: `the pattern names more than ${maxFiles} test files`, looked: [], remedy })
  }
  if (targets.length > 0) return targets
  const absent = missing.find((one) => named.some(one.owns))
  if (absent !== undefined) return yield* notInstalled(absent)
  if (named.length > 0 || looksLikePath(wanted)) {
    return yield* new NoRunner({
      reason: "no test file of a known runner has this path",
      looked: [wanted.slice(0, 200)],
      remedy
    })
  }
  if (all.some((one) => one.runner.name === "pytest") && !/^\w+$/.test(wanted)) {
    return yield* new NoRunner({
      reason: "pytest takes one word of a test's name",
      looked: [wanted.slice(0, 200)],
      remedy
    })
  }
  return all.map((detection) => ({ ...everything(detection, files), name: wanted }))
})
