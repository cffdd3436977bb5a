import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { systemDirectories } from "./programs.ts"

const errorBytes = 2000

/** What `root` adds to the paths: an engine refuses an archive that names a directory twice. */
const added = (paths: ReadonlySet<string>, root: string, below = ""): ReadonlyArray<string> =>
  readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name)
    const own = paths.has(`/${path}`) ? [] : [path]
    return entry.isDirectory() ? [...own, ...added(paths, root, path)] : own
  })

/**
 * An archive of these paths of the machine, and of everything below `root` as if it were the root; all of it root's and without setuid
 * bits. It ends with an error, not with an end, when a file could not be read.
 */
export const archive = (paths: ReadonlyArray<string>, root: string): Readable => {
  const options = ["--create", "--file=-", "--format=gnu", "--numeric-owner", "--owner=0", "--group=0", "--mode=ug-s"]
  const listed = ["--no-recursion", "--directory=/", "--null", "--verbatim-files-from", "--files-from=-"]
  const read = async function*() {
    const tar = spawn("tar", [...options, ...listed, `--directory=${root}`, ...added(new Set(paths), root)], {
      env: { PATH: systemDirectories.join(":"), LC_ALL: "C" },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const ended = once(tar, "close") as Promise<[number | null]>
    ended.catch(() => {})
    try {
      let complaint = ""
      tar.stderr.on("data", (chunk: Buffer) => complaint = (complaint + chunk.toString("utf8")).slice(0, errorBytes))
      tar.stdin.on("error", () => {})
      tar.stdin.end(paths.map((path) => `${path.slice(1)}\0`).join(""))
      yield* tar.stdout as AsyncIterable<Buffer>
      const [code] = await ended
      if (code !== 0) throw new Error(`tar ended with ${code}: ${complaint.trim()}`)
    } finally {
      tar.kill("SIGKILL")
    }
  }
  return Readable.from(read(), { objectMode: false })
}
