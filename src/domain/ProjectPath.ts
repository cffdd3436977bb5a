import { Either, Schema } from "effect"

/** A path inside the project: relative, `/`-separated, no empty, `.` or `..` component; the project itself is ".". */
export const ProjectPath = Schema.String.pipe(Schema.brand("fluffy/ProjectPath"))
export type ProjectPath = typeof ProjectPath.Type

export const root = ProjectPath.make(".")

const maxBytes = 1024
const maxNameBytes = 255

/** Reads a path as a model or a person wrote it; the left side says why it is refused. */
export const parse = (input: string): Either.Either<ProjectPath, string> => {
  if (input.includes("\0")) return Either.left("it contains a NUL byte")
  if (input.startsWith("/") || /^[A-Za-z]:[\\/]/.test(input)) {
    return Either.left("it is absolute; give it relative to the project")
  }
  if (input.startsWith("~")) return Either.left("it starts with ~; give it relative to the project")
  if (input.includes("\\")) return Either.left("it contains a backslash; use /")
  if (Buffer.byteLength(input) > maxBytes) return Either.left(`it is longer than ${maxBytes} bytes`)
  if (/[\x00-\x1f\x7f]/.test(input)) return Either.left("it contains a control character")
  const parts = input.split("/").filter((part) => part !== "" && part !== ".")
  if (parts.includes("..")) return Either.left("it leaves the project through ..")
  if (parts.some((part) => Buffer.byteLength(part) > maxNameBytes)) return Either.left("a name in it is too long")
  return Either.right(parts.length === 0 ? root : ProjectPath.make(parts.join("/")))
}
