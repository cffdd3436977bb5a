import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { Readable } from "node:stream"
import { receive } from "../../../../src/Sandbox/container/copied/receive.ts"
import { placeIn, rootOf, rootsOf } from "../../../../src/Sandbox/container/copied/roots.ts"
import { signature } from "../../../../src/Sandbox/container/copied/signature.ts"
import { stage, users } from "../../../support/sandbox.ts"

const user = users[0]!

interface Header {
  readonly name: string
  readonly type?: string
  readonly body?: Buffer
  readonly size?: number
  readonly link?: string
  readonly mode?: string
}

/** One record of a tar archive, as an enemy would write it. */
const record = (
  { body = Buffer.alloc(0), link = "", mode = "0000644", name, size = body.length, type = "0" }: Header
) => {
  const header = Buffer.alloc(512)
  header.write(name, 0, "latin1")
  header.write(mode, 100)
  header.write(size.toString(8).padStart(11, "0"), 124)
  header.write(" ".repeat(8), 148)
  header.write(type, 156)
  header.write(link, 157, "latin1")
  header.write("ustar\u000000", 257)
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)])
}

const root = record({ name: "copy/", type: "5", mode: "0000755" })
const end = Buffer.alloc(1024)
const file = (name: string, body = "evil") => record({ name, body: Buffer.from(body) })
const directory = (name: string) => record({ name, type: "5", mode: "0000755" })
const pax = (key: string, value: string) => {
  const tail = ` ${key}=${value}\n`
  const length = String(tail.length + 2).length + tail.length
  return record({ name: "pax", type: "x", body: Buffer.from(`${length}${tail}`, "latin1") })
}

const take = (target: string, ...parts: ReadonlyArray<Buffer>) =>
  Effect.tryPromise(async () => {
    const { close, unpack } = await receive(Readable.from([Buffer.concat(parts)]), 1 << 20)
    try {
      unpack(target, undefined)
    } finally {
      close()
    }
  })

const refusals: Record<string, ReadonlyArray<Buffer>> = {
  "a name with ..": [root, file("copy/../escaped"), end],
  "an absolute name in a record": [root, pax("path", "/x//tmp/escaped"), file("copy/x"), end],
  "a record with ..": [root, pax("path", "copy/d/../../escaped"), file("copy/x"), end],
  "a long name with ..": [
    root,
    record({ name: "l", type: "L", body: Buffer.from("copy/../escaped\0") }),
    file("copy/x"),
    end
  ],
  "a write through a link": [
    root,
    record({ name: "copy/l", type: "2", link: "../outside" }),
    file("copy/l/escaped"),
    end
  ],
  "a link in place of a directory, then a write": [
    root,
    directory("copy/d"),
    record({ name: "copy/d", type: "2", link: "../outside" }),
    file("copy/d/escaped"),
    end
  ],
  "a write below no directory": [root, file("copy/none/escaped"), end],
  "a write below a file": [root, file("copy/f"), file("copy/f/escaped"), end],
  "a hard link out": [root, record({ name: "copy/h", type: "1", link: "/etc/passwd" }), end],
  "a hard link out by ..": [root, record({ name: "copy/h", type: "1", link: "copy/../outside/kept" }), end],
  "a hard link to a directory": [root, directory("copy/d"), record({ name: "copy/h", type: "1", link: "copy/d" }), end],
  "a name twice": [root, file("copy/f"), file("copy/f", "other"), end],
  "a size beyond its end": [root, record({ name: "copy/f", size: 1 << 30 }), end],
  "a size without sense": [root, record({ name: "copy/f", mode: "0000644", size: 0 }).fill(0xff, 124, 136), end],
  "a negative size in a record": [root, pax("size", "-512"), file("copy/f"), end],
  "a sparse file": [root, pax("GNU.sparse.size", "99999999999"), file("copy/f"), end],
  "an old sparse file": [root, record({ name: "copy/f", type: "S" }), end],
  "a broken record": [root, record({ name: "p", type: "x", body: Buffer.from("99 path=x\n") }), file("copy/f"), end],
  "a damaged header": [root, file("copy/f").fill(1, 0, 3), end],
  "no end": [root, file("copy/f")],
  "nothing but a file": [file("copy"), end],
  "a NUL in a name": [root, pax("path", "copy/a\0b"), file("copy/f"), end],
  "too much": [root, file("copy/f", "x".repeat(2 << 20)), end]
}

describe("Sandbox/container/copied archives", () => {
  const world = Effect.map(stage(user), (inside) => {
    const outside = join(dirname(inside), "outside")
    mkdirSync(outside)
    writeFileSync(join(outside, "kept"), "kept")
    writeFileSync(join(inside, "own"), "own")
    return { inside, outside }
  })

  it.scopedLive.each(Object.entries(refusals))(
    "take nothing of one that holds %s",
    ([, parts]) =>
      Effect.gen(function*() {
        const { inside, outside } = yield* world
        const error = yield* Effect.flip(take(inside, ...parts))
        assert.match(String(error.cause), /the engine's archive|bytes to copy back/)
        assert.deepStrictEqual(readdirSync(inside), ["own"])
        assert.deepStrictEqual(readdirSync(outside), ["kept"])
        assert.isFalse(existsSync(join(dirname(inside), "escaped")))
      })
  )

  it.scopedLive("make a directory what they say, in place, and follow nothing that lies in it", () =>
    Effect.gen(function*() {
      const { inside, outside } = yield* world
      symlinkSync(outside, join(inside, "d"))
      symlinkSync(join(outside, "kept"), join(inside, "f"))
      linkSync(join(outside, "kept"), join(inside, "h"))
      mkdirSync(join(inside, "old/deep"), { recursive: true })
      writeFileSync(join(inside, "old/deep/x"), "x")
      chmodSync(join(inside, "old"), 0o500)
      const { ino, mtimeMs } = statSync(join(inside, "own"))
      yield* take(
        inside,
        ...[root, directory("copy/d"), file("copy/d/new"), file("copy/f"), file("copy/h"), file("copy/own", "own")],
        ...[
          record({ name: "copy/l", type: "2", link: "/etc/passwd" }),
          record({ name: "copy/h2", type: "1", link: "copy/h" })
        ],
        ...[pax("path", "copy/\xff\n"), file("copy/x"), record({ name: "copy/dev", type: "3" }), end]
      )
      assert.deepStrictEqual(
        readdirSync(inside, { encoding: "latin1" }).sort(),
        ["d", "dev", "f", "h", "h2", "l", "own", "\xff\n"].sort()
      )
      assert.deepStrictEqual([readFileSync(join(outside, "kept"), "utf8"), readdirSync(outside)], ["kept", ["kept"]])
      assert.isTrue(lstatSync(join(inside, "dev")).isFIFO())
      assert.deepStrictEqual(["h", "h2", "d/new"].map((name) => readFileSync(join(inside, name), "utf8")), [
        "evil",
        "evil",
        "evil"
      ])
      assert.strictEqual(lstatSync(join(inside, "h2")).nlink, 1)
      const own = statSync(join(inside, "own"))
      assert.deepStrictEqual([own.ino, own.mtimeMs], [ino, mtimeMs])
    }))

  it.scopedLive("take back what this machine's tar makes, whatever its form of long names", () =>
    Effect.gen(function*() {
      const [from, to] = [yield* stage(user), yield* stage(user)]
      const long = "é".repeat(90)
      mkdirSync(join(from, long, long), { recursive: true })
      writeFileSync(join(from, long, long, "file"), "content")
      symlinkSync(join(long, long, "file"), join(from, "link"))
      for (const format of ["gnu", "pax"]) {
        const tar = execFileSync("tar", [
          "-C",
          dirname(from),
          `--format=${format}`,
          "-c",
          from.slice(dirname(from).length + 1)
        ])
        yield* take(to, tar)
        assert.strictEqual(readFileSync(join(to, "link"), "utf8"), "content")
      }
    }))
})

describe("Sandbox/container/copied roots", () => {
  it.scopedLive("are the outermost sources, and hold the others where they lie", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* stage(user), yield* stage(user)]
      mkdirSync(join(one, "a"))
      writeFileSync(join(one, "a/f"), "")
      symlinkSync("a", join(one, "l"))
      const roots = rootsOf([
        { source: join(one, "a/f"), mode: "ro" },
        { source: one, mode: "rw" },
        { source: other, mode: "ro" }
      ])
      assert.deepStrictEqual(roots, [{ path: one, writable: true }, { path: other, writable: false }])
      const name = one.slice(dirname(one).length + 1)
      assert.strictEqual(placeIn(rootOf(roots, join(one, "a/f"))!, "/v", join(one, "a/f")), `/v/${name}/a/f`)
      assert.strictEqual(placeIn(roots[0]!, "/v", one), `/v/${name}`)
      assert.isUndefined(rootOf(roots, `${one}-not`))
      assert.throws(
        () => rootsOf([{ source: one, mode: "rw" }, { source: join(one, "l/f"), mode: "ro" }]),
        /is no directory/
      )
      assert.throws(() => rootsOf([{ source: join(one, "a/f"), mode: "rw" }]), /single file/)
    }))

  it.scopedLive("have a signature that any change below changes", () =>
    Effect.gen(function*() {
      const root = yield* stage(user)
      writeFileSync(join(root, "f"), "1")
      symlinkSync("/", join(root, "out"))
      const first = signature(root)
      assert.strictEqual(signature(root), first)
      writeFileSync(join(root, "f"), "2")
      const second = signature(root)
      assert.notStrictEqual(second, first)
      chmodSync(join(root, "f"), 0o600)
      assert.notStrictEqual(signature(root), second)
    }))
})
