import * as fs from "node:fs"
import { join } from "node:path"

/** A tree that has one of everything a project may hold. */
export const makeTree = (root: string): void => {
  const write = (path: string, content: string, mode = 0o644) => {
    fs.mkdirSync(join(root, path, ".."), { recursive: true })
    fs.writeFileSync(join(root, path), content)
    fs.chmodSync(join(root, path), mode)
  }
  write("a.txt", "alpha\n")
  write("b.txt", "beta\n")
  write("copy of b.txt", "beta\n")
  write("empty", "")
  write("run.sh", "#!/bin/sh\n", 0o755)
  write("dir/one", "1\n")
  write("dir/two", "2\n")
  write("dir/sub/three", "3\n")
  write("dir/sub/deeper/four", "4\n")
  write("nest/a/b/n", "n\n")
  write("nest/a/m", "m\n")
  write("únïcode/ñame ☃", "snow\n")
  write("quote\"d", "quoted\n")
  write("binary", "\u0000\u0001\u0002".repeat(100))
  write("big", "0123456789\n".repeat(20_000))
  fs.symlinkSync("a.txt", join(root, "link"))
  fs.symlinkSync("dir/sub", join(root, "dirlink"))
  fs.symlinkSync("../a.txt", join(root, "dir/uplink"))
  fs.symlinkSync("nowhere", join(root, "dangling"))
}

type Mutation = readonly [string, (at: (path: string) => string) => void]

/** What a command may do to a tree, by name; each works on a fresh `makeTree`. */
export const mutations: ReadonlyArray<Mutation> = [
  ["creates a file", (at) => fs.writeFileSync(at("new"), "new\n")],
  ["creates an empty file", (at) => fs.writeFileSync(at("new-empty"), "")],
  ["creates a file in new directories", (at) => {
    fs.mkdirSync(at("x/y/z"), { recursive: true })
    fs.writeFileSync(at("x/y/z/f"), "f\n")
  }],
  ["creates an executable", (at) => fs.writeFileSync(at("tool"), "#!/bin/sh\n", { mode: 0o755 })],
  ["edits in place", (at) => fs.writeFileSync(at("a.txt"), "other\n")],
  ["edits to the same size", (at) => fs.writeFileSync(at("a.txt"), "ALPHA\n")],
  ["appends", (at) => fs.appendFileSync(at("a.txt"), "more\n")],
  ["truncates", (at) => fs.truncateSync(at("a.txt"), 2)],
  ["empties", (at) => fs.truncateSync(at("a.txt"), 0)],
  ["replaces by rename", (at) => {
    fs.writeFileSync(at("a.txt.tmp"), "replaced\n")
    fs.renameSync(at("a.txt.tmp"), at("a.txt"))
  }],
  ["edits and sets the old times", (at) => {
    const { atime, mtime } = fs.statSync(at("a.txt"))
    fs.writeFileSync(at("a.txt"), "ALPHA\n")
    fs.utimesSync(at("a.txt"), atime, mtime)
  }],
  ["touches", (at) => fs.utimesSync(at("a.txt"), 1, 1)],
  ["rewrites the same bytes", (at) => fs.writeFileSync(at("a.txt"), "alpha\n")],
  ["replaces by the same bytes", (at) => {
    fs.rmSync(at("a.txt"))
    fs.writeFileSync(at("a.txt"), "alpha\n")
  }],
  ["deletes a file", (at) => fs.rmSync(at("a.txt"))],
  ["deletes a directory", (at) => fs.rmSync(at("dir"), { recursive: true })],
  ["deletes the last file of a directory", (at) => fs.rmSync(at("nest/a/b/n"))],
  ["deletes everything", (at) => {
    for (const name of fs.readdirSync(at("."))) fs.rmSync(at(name), { recursive: true })
  }],
  ["renames a file", (at) => fs.renameSync(at("a.txt"), at("z.txt"))],
  ["renames a file into a directory", (at) => fs.renameSync(at("a.txt"), at("dir/a.txt"))],
  ["renames a directory", (at) => fs.renameSync(at("dir"), at("moved"))],
  ["renames a directory into another", (at) => fs.renameSync(at("dir/sub"), at("nest/sub"))],
  ["renames over a file", (at) => fs.renameSync(at("a.txt"), at("b.txt"))],
  ["swaps two files", (at) => {
    fs.renameSync(at("a.txt"), at("t"))
    fs.renameSync(at("b.txt"), at("a.txt"))
    fs.renameSync(at("t"), at("b.txt"))
  }],
  ["swaps two directories", (at) => {
    fs.renameSync(at("dir"), at("t"))
    fs.renameSync(at("nest"), at("dir"))
    fs.renameSync(at("t"), at("nest"))
  }],
  ["renames to another case", (at) => fs.renameSync(at("a.txt"), at("A.TXT"))],
  ["deletes and recreates a directory", (at) => {
    fs.rmSync(at("nest"), { recursive: true })
    fs.mkdirSync(at("nest/a"), { recursive: true })
    fs.writeFileSync(at("nest/a/m"), "other m\n")
  }],
  ["makes a file of a directory", (at) => {
    fs.rmSync(at("dir"), { recursive: true })
    fs.writeFileSync(at("dir"), "file\n")
  }],
  ["makes a directory of a file", (at) => {
    fs.rmSync(at("a.txt"))
    fs.mkdirSync(at("a.txt"))
    fs.writeFileSync(at("a.txt/inner"), "inner\n")
  }],
  ["makes a link of a file", (at) => {
    fs.rmSync(at("a.txt"))
    fs.symlinkSync("b.txt", at("a.txt"))
  }],
  ["makes a link of a directory", (at) => {
    fs.rmSync(at("dir"), { recursive: true })
    fs.symlinkSync("nest", at("dir"))
  }],
  ["makes a file of a link", (at) => {
    fs.rmSync(at("link"))
    fs.writeFileSync(at("link"), "file\n")
  }],
  ["makes a directory of a link to one", (at) => {
    fs.rmSync(at("dirlink"))
    fs.mkdirSync(at("dirlink"))
    fs.writeFileSync(at("dirlink/f"), "f\n")
  }],
  ["points a link elsewhere", (at) => {
    fs.rmSync(at("link"))
    fs.symlinkSync("b.txt", at("link"))
  }],
  ["writes through a link", (at) => fs.writeFileSync(at("link"), "through\n")],
  ["writes through a link to a directory", (at) => fs.writeFileSync(at("dirlink/new"), "through\n")],
  ["deletes a link", (at) => fs.rmSync(at("dirlink"))],
  ["links a file twice", (at) => fs.linkSync(at("a.txt"), at("hard"))],
  ["links a file twice and edits it", (at) => {
    fs.linkSync(at("a.txt"), at("hard"))
    fs.appendFileSync(at("hard"), "more\n")
  }],
  ["sets the execute bit", (at) => fs.chmodSync(at("a.txt"), 0o755)],
  ["clears the execute bit", (at) => fs.chmodSync(at("run.sh"), 0o644)],
  ["edits an executable", (at) => fs.appendFileSync(at("run.sh"), "true\n")],
  ["renames and edits", (at) => {
    fs.renameSync(at("a.txt"), at("z.txt"))
    fs.appendFileSync(at("z.txt"), "more\n")
  }],
  ["renames and sets the execute bit", (at) => {
    fs.renameSync(at("a.txt"), at("z.txt"))
    fs.chmodSync(at("z.txt"), 0o755)
  }],
  ["copies a file", (at) => fs.copyFileSync(at("big"), at("big2"))],
  ["edits the end of a big file", (at) => fs.appendFileSync(at("big"), "end\n")],
  ["edits a binary", (at) => fs.appendFileSync(at("binary"), "\u0000\u0003")],
  ["uses names beyond ASCII", (at) => fs.renameSync(at("únïcode/ñame ☃"), at("únïcode/日本語 🦆"))],
  ["uses quotes and blanks in names", (at) => fs.writeFileSync(at("dir/it's \"quoted\" "), "q\n")],
  ["uses names that look like options", (at) => fs.writeFileSync(at("-rf"), "r\n")],
  ["uses names that look like patterns", (at) => {
    fs.writeFileSync(at(":(top)x"), "1\n")
    fs.writeFileSync(at("*"), "2\n")
    fs.writeFileSync(at("!x"), "3\n")
  }],
  ["makes an empty directory", (at) => fs.mkdirSync(at("hollow"))],
  ["nests deep", (at) => {
    fs.mkdirSync(at("d/".repeat(40)), { recursive: true })
    fs.writeFileSync(at(`${"d/".repeat(40)}f`), "deep\n")
  }],
  ["makes a directory unreadable", (at) => fs.chmodSync(at("dir"), 0o000)],
  ["makes a file unreadable", (at) => fs.chmodSync(at("a.txt"), 0o000)],
  ["makes everything read-only", (at) => {
    fs.writeFileSync(at("dir/sub/late"), "late\n")
    fs.chmodSync(at("dir/sub/three"), 0o444)
    fs.chmodSync(at("dir/sub"), 0o500)
    fs.chmodSync(at("dir"), 0o500)
  }]
]

/** Files and links below a directory: kind, execute bit, content. Empty directories do not count, as for git. */
export const digest = (root: string): Record<string, string> => {
  const found: Record<string, string> = {}
  const walk = (directory: string) => {
    for (const name of fs.readdirSync(join(root, directory)).toSorted()) {
      const path = directory === "" ? name : `${directory}/${name}`
      const stat = fs.lstatSync(join(root, path))
      if (stat.isDirectory()) {
        if (path !== ".git" && path !== ".fluffy") walk(path)
      } else if (stat.isSymbolicLink()) found[path] = `link ${fs.readlinkSync(join(root, path))}`
      else if (!stat.isFile()) found[path] = "special"
      else found[path] = `${stat.mode & 0o100 ? "x" : "-"} ${fs.readFileSync(join(root, path)).toString("base64")}`
    }
  }
  walk("")
  return found
}
