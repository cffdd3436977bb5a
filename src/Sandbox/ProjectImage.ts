import { Option, Schema } from "effect"
import { createHash } from "node:crypto"
import { basename } from "node:path"
import { isImageName } from "./container/imageName.ts"
import { parse } from "./projectImage/json.ts"
import { readProjectFile } from "./projectImage/read.ts"

/** An image that a file of the project's speaks of: the names it may have in an engine, best first, and the file. */
export interface NamedImage {
  readonly names: ReadonlyArray<string>
  readonly by: string
}

/** What is read of a devcontainer.json (containers.dev/implementors/json_reference); everything else in it is not taken. */
const DevContainer = Schema.Struct({
  image: Schema.optional(Schema.String),
  dockerFile: Schema.optional(Schema.String),
  build: Schema.optional(Schema.Struct({ dockerfile: Schema.optional(Schema.String) }))
})
const decode = Schema.decodeUnknownOption(DevContainer)

/** What the devcontainer command calls the image it builds for a folder: `vsc-<folder>-<SHA-256 of the folder's path>`. */
const builtFor = (project: string): string =>
  `vsc-${basename(project)}-${createHash("sha256").update(project).digest("hex")}`
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "")
    .replace(/(\.[._-]|_[.-]|__[._-]|-+[._])[._-]*/g, (_, start: string) => start.slice(0, -1))

const namesOf = (project: string, text: string): ReadonlyArray<string> =>
  Option.match(decode(parse(text)), {
    onNone: () => [],
    onSome: ({ build, dockerFile, image }) => {
      const built = builtFor(project)
      if (build?.dockerfile !== undefined || dockerFile !== undefined) return [`${built}-features`, built]
      return image === undefined ? [] : [`${built}-features`, image]
    }
  })

const devContainers = [".devcontainer/devcontainer.json", ".devcontainer.json"]

/**
 * The images that a project's devcontainer.json and Dockerfile speak of, best first. A Dockerfile's is `<folder>`, as in
 * `docker build -t <folder> .`. Nothing is built, pulled or looked up, and a name that cannot be one is left out.
 */
export const namedImages = (project: string): ReadonlyArray<NamedImage> => {
  const found = devContainers.map((by) => ({ by, text: readProjectFile(project, by) }))
    .find(({ text }) => text !== undefined)
  const all = [
    ...found?.text === undefined ? [] : [{ by: found.by, names: namesOf(project, found.text) }],
    ...readProjectFile(project, "Dockerfile") === undefined
      ? []
      : [{ by: "Dockerfile", names: [basename(project).toLowerCase()] }]
  ]
  return all.map(({ by, names }) => ({ by, names: names.filter(isImageName) })).filter(({ names }) => names.length > 0)
}
