import * as fs from "node:fs"
import { join } from "node:path"

/** Changes a `makeTree` in every way a merge has to deal with. */
export const changeAll = (root: string): void => {
  const at = (path: string) => join(root, path)
  fs.writeFileSync(at("a.txt"), "changed\n")
  fs.mkdirSync(at("new/deep/er"), { recursive: true })
  fs.writeFileSync(at("new/deep/er/file"), "new\n".repeat(10))
  fs.appendFileSync(at("big"), "end\n")
  fs.rmSync(at("nest"), { recursive: true })
  fs.writeFileSync(at("nest"), "a file now\n")
  fs.rmSync(at("b.txt"))
  fs.mkdirSync(at("b.txt"))
  fs.writeFileSync(at("b.txt/inside"), "inside\n")
  fs.chmodSync(at("empty"), 0o755)
  fs.rmSync(at("link"))
  fs.symlinkSync("run.sh", at("link"))
  fs.renameSync(at("dir/sub"), at("dir/moved"))
  fs.rmSync(at("dangling"))
}
