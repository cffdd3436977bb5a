import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onDisk } from "../../../src/Policy/grants/onDisk.ts"

const place = Effect.acquireRelease(
  Effect.sync(() => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "fluffy-grants-")))
    const project = join(root, "project")
    mkdirSync(project)
    return { root, project, directory: join(root, "home/projects/project-1") }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

const grant = {
  by: { user: "me", uid: 1000, terminal: null },
  asked: { rule: "ask", layer: "user", reason: "because" },
  grant: { action: "change", path: ["*.json"], tool: "fs.write" }
} as const

describe("grants on disk", () => {
  it.scopedLive("are there for the next kernel, in files that only their owner can read", () =>
    Effect.gen(function*() {
      const at = yield* place
      assert.deepStrictEqual(yield* onDisk(at).list, { grants: [], problems: [] })
      const saved = yield* onDisk(at).save(grant)
      const other = yield* onDisk(at).save(grant)
      assert.match(saved.id, /^g-[0-9a-f]{12}$/)
      assert.notStrictEqual(saved.id, other.id)
      const { grants, problems } = yield* onDisk(at).list
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(grants.map(({ id }) => id).toSorted(), [saved.id, other.id].toSorted())
      assert.deepStrictEqual(grants.find(({ id }) => id === saved.id), saved)
      assert.strictEqual(statSync(at.directory).mode & 0o777, 0o700)
      assert.strictEqual(statSync(join(at.directory, `${saved.id}.json`)).mode & 0o777, 0o600)
      assert.lengthOf(readdirSync(at.directory), 2)
    }))

  it.scopedLive("count for nothing while their project is somewhere else, and do no harm", () =>
    Effect.gen(function*() {
      const at = yield* place
      const saved = yield* onDisk(at).save(grant)
      renameSync(at.project, `${at.project}-moved`)
      const { grants, problems } = yield* onDisk(at).list
      assert.deepStrictEqual([grants, problems.map(({ problem }) => problem)], [[], ["it is not there any more"]])
      renameSync(`${at.project}-moved`, at.project)
      assert.deepStrictEqual((yield* onDisk(at).list).grants, [saved])
    }))

  it.scopedLive("are gone once they are revoked, and nothing else is ever removed", () =>
    Effect.gen(function*() {
      const at = yield* place
      const { id } = yield* onDisk(at).save(grant)
      writeFileSync(join(at.root, "home/precious.json"), "{}")
      for (const wrong of ["", "g-000000000000", "../../precious", "../../precious.json", `${id}\0`]) {
        assert.isFalse(yield* onDisk(at).revoke(wrong))
      }
      assert.isTrue(yield* onDisk(at).revoke(id))
      assert.isFalse(yield* onDisk(at).revoke(id))
      assert.deepStrictEqual((yield* onDisk(at).list).grants, [])
      assert.deepStrictEqual(readdirSync(join(at.root, "home")), ["precious.json", "projects"])
    }))

  type At = Effect.Effect.Success<typeof place> & { readonly file: string; readonly id: string }
  const rewrite = (at: At, change: (text: string) => string) =>
    writeFileSync(at.file, change(readFileSync(at.file, "utf8")))

  it.scopedLive.each<{ readonly title: string; readonly tamper: (at: At) => void; readonly why: RegExp }>([
    {
      title: "copied from another project",
      tamper: (at) => rewrite(at, (text) => text.replace(at.project, "/another")),
      why: /another project/
    },
    {
      title: "of a folder that another one took the name of",
      tamper: ({ project, root }) => {
        renameSync(project, join(root, "old"))
        mkdirSync(project)
      },
      why: /a folder that is gone/
    },
    {
      title: "under another's name",
      tamper: ({ file }) => renameSync(file, file.replace(/g-.*/, "g-000000000000.json")),
      why: /named for another/
    },
    {
      title: "with a key too many",
      tamper: (at) => rewrite(at, (text) => text.replace("{", "{ \"more\": 1,")),
      why: /not a grant/
    },
    {
      title: "of an action that does not exist",
      tamper: (at) => rewrite(at, (text) => text.replace("\"change\"", "\"*\"")),
      why: /not a grant/
    },
    { title: "cut off", tamper: ({ file }) => truncateSync(file, 50), why: /not a grant/ },
    { title: "of a gigabyte", tamper: ({ file }) => truncateSync(file, 2 ** 30), why: /not a grant/ },
    {
      title: "that is a link",
      tamper: ({ file, root }) => {
        copyFileSync(file, join(root, "copy"))
        unlinkSync(file)
        symlinkSync(join(root, "copy"), file)
      },
      why: /not what Fluffy made/
    },
    { title: "that others may write", tamper: ({ file }) => chmodSync(file, 0o666), why: /written by others/ },
    { title: "in a folder others may write", tamper: ({ directory }) => chmodSync(directory, 0o777), why: /by others/ },
    {
      title: "in a folder that is a link",
      tamper: ({ directory, root }) => {
        renameSync(directory, join(root, "moved"))
        symlinkSync(join(root, "moved"), directory)
      },
      why: /not what Fluffy made/
    }
  ])("do not count $title", ({ tamper, why }) =>
    Effect.gen(function*() {
      const at = yield* place
      const { id } = yield* onDisk(at).save(grant)
      tamper({ ...at, id, file: join(at.directory, `${id}.json`) })
      const { grants, problems } = yield* onDisk(at).list
      assert.deepStrictEqual(grants, [])
      assert.match(problems.map(({ problem }) => problem).join(), why)
    }))

  it.scopedLive("are not written where others could write them, nor without end", () =>
    Effect.gen(function*() {
      const at = yield* place
      mkdirSync(at.directory, { recursive: true })
      chmodSync(at.directory, 0o777)
      assert.match((yield* Effect.flip(onDisk(at).save(grant))).problem, /by others/)
      chmodSync(at.directory, 0o700)
      for (let n = 0; n < 500; n++) writeFileSync(join(at.directory, `g-${String(n).padStart(12, "0")}.json`), "")
      assert.match((yield* Effect.flip(onDisk(at).save(grant))).problem, /revoke some/)
    }))
})
