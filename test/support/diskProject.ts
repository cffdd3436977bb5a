import { afterAll } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as Disk from "../../src/Workspace/Disk.ts"
import { files, type Hands, type World } from "../contract/WorkspaceContract.ts"

/** Runs git with nothing of this machine's configuration. */
export const git = (directory: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(
    "git",
    ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", ...args],
    {
      cwd: directory,
      encoding: "utf8",
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: "/nonexistent" },
      stdio: ["ignore", "pipe", "pipe"]
    }
  )

/** Hands over a real directory. */
export const handsOf = (root: string): Hands => ({
  write: (path, content, executable = false) => {
    const parts = path.split("/")
    for (let depth = 1; depth < parts.length; depth++) {
      const directory = join(root, ...parts.slice(0, depth))
      if (handsOf(root).read(parts.slice(0, depth).join("/")) !== undefined) rmSync(directory)
    }
    rmSync(`${root}/${path}`, { recursive: true, force: true })
    mkdirSync(dirname(`${root}/${path}`), { recursive: true })
    writeFileSync(`${root}/${path}`, content)
    if (executable) chmodSync(`${root}/${path}`, 0o755)
  },
  link: (path, target) => {
    rmSync(`${root}/${path}`, { recursive: true, force: true })
    symlinkSync(target, `${root}/${path}`)
  },
  remove: (path) => rmSync(`${root}/${path}`, { recursive: true, force: true }),
  read: (path) => {
    try {
      return readFileSync(`${root}/${path}`, "utf8")
    } catch {
      return undefined
    }
  }
})

// What is synced to a disk here tests nothing and takes most of the time.
const fast = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

const temporaryIn = (parent: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => realpathSync(mkdtempSync(join(parent, "fluffy-workspace-")))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )

/** A directory of the test's own, removed with the scope. */
export const temporary: Effect.Effect<string, never, Scope.Scope> = temporaryIn(fast)

/** The same on a disk, for stages that shall not lie in memory. */
export const temporaryOnDisk: Effect.Effect<string, never, Scope.Scope> = temporaryIn(tmpdir())

const templates = new Map<string, string>()

afterAll(() => {
  for (const directory of templates.values()) rmSync(directory, { recursive: true, force: true })
})

// Made by git once, then copied: a commit costs more than most tests.
const template = (all: Readonly<Record<string, string>>): string => {
  const key = JSON.stringify(all)
  const known = templates.get(key)
  if (known !== undefined) return known
  const directory = realpathSync(mkdtempSync(join(fast, "fluffy-template-")))
  for (const [path, content] of Object.entries(all)) handsOf(directory).write(path, content)
  git(directory, "init", "-q", "--template=")
  git(directory, "add", "-A")
  git(directory, "commit", "-q", "-m", "Start")
  templates.set(key, directory)
  return directory
}

/** The contract's project on this machine's disk, its stages in memory or beside it. */
export const diskWorld = (
  medium: "memory" | "disk",
  more: Readonly<Record<string, string>> = {},
  place = temporary
): Effect.Effect<
  World & { readonly directory: string; readonly state: string; readonly scratch: string },
  never,
  Scope.Scope
> =>
  Effect.zipWith(place, temporaryOnDisk, (directory, scratch) => {
    const project = join(directory, "project")
    const state = join(project, ".fluffy", "state")
    const inProject = handsOf(project)
    cpSync(template({ ...files, ...more }), project, { recursive: true })
    const memory = medium === "memory" ? "/dev/shm" : ""
    return {
      directory,
      project,
      state,
      scratch,
      layer: Disk.layer({ state, scratch, memory }),
      inProject,
      inStage: (stage) => handsOf(stage.root)
    }
  })
