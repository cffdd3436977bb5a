import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { isImageName } from "../../src/Sandbox/container/imageName.ts"
import { namedImages } from "../../src/Sandbox/ProjectImage.ts"
import { parse } from "../../src/Sandbox/projectImage/json.ts"
import { stage, users } from "../support/sandbox.ts"

const digest = "0".repeat(64)

/** A project with these files, in a folder of this name. */
const project = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>, name = "My.App") {
  const root = join(realpathSync(yield* stage(users[0]!)), name)
  mkdirSync(root)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
})

const namesIn = (root: string) => namedImages(root).map(({ by, names }) => [by, ...names])

describe("Sandbox/ProjectImage", () => {
  it.scopedLive.each(
    [
      ["none", {}, []],
      [
        "a devcontainer.json's image, with comments and trailing commas",
        {
          ".devcontainer/devcontainer.json":
            "{\n  // where: \"image\": \"x\"\n  \"image\": \"ghcr.io/a/b:1.2\", /* , } */\n}\n"
        },
        [[".devcontainer/devcontainer.json", "ghcr.io/a/b:1.2"]]
      ],
      [
        "one in the root, where there is none in its folder",
        { ".devcontainer.json": "{\"image\": \"node:20\"}" },
        [[".devcontainer.json", "node:20"]]
      ],
      [
        "the one in the folder before the one in the root",
        { ".devcontainer/devcontainer.json": "{\"image\": \"a\"}", ".devcontainer.json": "{\"image\": \"b\"}" },
        [[".devcontainer/devcontainer.json", "a"]]
      ],
      ["a Dockerfile's, by the folder", { Dockerfile: "FROM scratch\n" }, [["Dockerfile", "my.app"]]],
      [
        "a devcontainer.json's before a Dockerfile's",
        { ".devcontainer.json": "{\"image\": \"a\"}", Dockerfile: "FROM scratch\n" },
        [[".devcontainer.json", "a"], ["Dockerfile", "my.app"]]
      ],
      ["nothing of several services", {
        ".devcontainer.json": "{\"dockerComposeFile\": \"c.yml\", \"service\": \"a\"}"
      }, []],
      ["nothing of a variable", { ".devcontainer.json": "{\"image\": \"${localEnv:HOME}\"}" }, [[
        ".devcontainer.json"
      ]]],
      [
        "nothing that would lead a request elsewhere",
        { ".devcontainer.json": "{\"image\": \"../../containers/x\"}" },
        [[".devcontainer.json"]]
      ],
      ["nothing of what is no JSON", { ".devcontainer.json": "image: node" }, []],
      ["nothing of a number", { ".devcontainer.json": "{\"image\": 7}" }, []],
      ["nothing of a file that is too large", { ".devcontainer.json": `{"image": "a"${" ".repeat(70_000)}}` }, []]
    ] as const
  )("names %s", ([, files, expected]) =>
    Effect.gen(function*() {
      const names = namesIn(yield* project(files))
      const plain = names.map((list) => list.filter((name) => !name.startsWith("vsc-")))
      assert.deepStrictEqual(plain, expected.map((list) => [...list]))
    }))

  it.scopedLive("knows what the devcontainer command calls the image it builds for a folder", () =>
    Effect.gen(function*() {
      for (const text of ["{\"build\": {\"dockerfile\": \"D\"}}", "{\"dockerFile\": \"D\"}"]) {
        const root = yield* project({ ".devcontainer.json": text }, "My_.App (2)")
        const hash = spawnSync("sha256sum", { input: root, encoding: "utf8" }).stdout.slice(0, 64)
        const built = `vsc-my_app2-${hash}`
        assert.deepStrictEqual(namesIn(root), [[".devcontainer.json", `${built}-features`, built]])
      }
    }))

  it.scopedLive("follows no link and waits for no pipe", () =>
    Effect.gen(function*() {
      const outside = yield* project({ "devcontainer.json": "{\"image\": \"a\"}" }, "outside")
      const root = yield* project({})
      symlinkSync(outside, join(root, ".devcontainer"))
      symlinkSync(join(outside, "devcontainer.json"), join(root, ".devcontainer.json"))
      spawnSync("mkfifo", [join(root, "Dockerfile")])
      assert.deepStrictEqual(namesIn(root), [])
    }))

  it.scopedLive("names no image by a folder that no image can be called", () =>
    Effect.gen(function*() {
      const root = yield* project({ Dockerfile: "FROM scratch\n" }, "my app")
      assert.strictEqual(basename(root), "my app")
      assert.deepStrictEqual(namesIn(root), [])
    }))

  it("tells names of images from all else", () => {
    const good = ["node", "node:20-alpine", "a/b", "localhost/a:1", "localhost:5000/a/b:x", "ghcr.io/A".toLowerCase()]
    const ids = [
      `sha256:${digest}`,
      "a01342802fde",
      `a@sha256:${digest}`,
      "my__app",
      "my--app",
      "registry.example.com/x/y:1"
    ]
    assert.deepStrictEqual([...good, ...ids].filter((name) => !isImageName(name)), [])
    const bad = [
      "",
      "Node",
      "a b",
      "../a",
      "a/../b",
      "a?b=c",
      "a#b",
      "a%2fb",
      "a\nb",
      "/a",
      "a/",
      "a:",
      "a@b",
      "-a",
      "a".repeat(256)
    ]
    assert.deepStrictEqual(bad.filter(isImageName), [])
  })

  it("reads JSON as editors write it, and leaves strings alone", () => {
    assert.deepStrictEqual(parse("{\"a\": \"// \\\" /* ,}\", \"b\": [1, 2,], // x\n}"), { a: "// \" /* ,}", b: [1, 2] })
    for (const text of ["", "{", "/*", "\"", "\"\\", "{\"a\": 1 /* }", "[1,,]"]) assert.isUndefined(parse(text), text)
    // What never ends must not be looked at again and again.
    for (const piece of ["\"\\", "/*", "/", ",", ", ", "\\\"", "{\"a\":"]) {
      assert.isUndefined(parse(piece.repeat(64_000 / piece.length)), piece)
    }
  })
})
