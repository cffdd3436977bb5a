import { execFile } from "node:child_process"
import { closeSync, existsSync, openSync, readSync, realpathSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { collection } from "./Collection.ts"
import { directories, files, programs, systemDirectories } from "./programs.ts"

const execute = promisify(execFile)
const env = { PATH: systemDirectories.join(":"), LC_ALL: "C" }
const elf = Buffer.from("\x7fELF", "latin1")
const atOnce = 100
const maxBuffer = 16 << 20

const output = async (program: string, args: ReadonlyArray<string>): Promise<string> => {
  try {
    return (await execute(program, [...args], { env, maxBuffer, cwd: "/" })).stdout
  } catch (error) {
    // ldd ends with 1 when one of many is static, and has told the rest.
    return String((error as { readonly stdout?: string }).stdout ?? "")
  }
}

const isElf = (file: string): boolean => {
  const descriptor = openSync(file, "r")
  try {
    const head = Buffer.alloc(elf.length)
    return readSync(descriptor, head) === elf.length && head.equals(elf)
  } finally {
    closeSync(descriptor)
  }
}

/** The libraries these programs and libraries load, theirs included. */
const libraries = async (binaries: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found = new Set<string>()
  for (let at = 0; at < binaries.length; at += atOnce) {
    const told = await output("ldd", binaries.slice(at, at + atOnce))
    for (const [, path] of told.matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)) found.add(path!)
  }
  return [...found]
}

const python = async (): Promise<ReadonlyArray<string>> => {
  const asked =
    "import site, sysconfig as s; print(s.get_path('stdlib'), s.get_path('platstdlib'), *site.getsitepackages())"
  return [
    ...new Set((await output("python3", ["-I", "-c", asked])).trim().split(/\s+/).filter((path) => existsSync(path)))
  ]
}

/** The directory of the npm that belongs to a program. */
export const npmOf = (program: string): string | undefined =>
  existsSync(program) ? /^.*\/node_modules\/npm(?=\/)/.exec(realpathSync(program))?.[0] : undefined

/** What of this machine goes into the base image: programs with their libraries and data, nothing of a user's, nothing secret. */
export const machineFiles = async (): Promise<ReadonlyArray<string>> => {
  const found = collection()
  for (const directory of systemDirectories) {
    for (const name of [...programs, "node", "npm", "npx"]) found.file(join(directory, name))
    const npm = npmOf(join(directory, "npm"))
    if (npm !== undefined) found.tree(npm)
  }
  for (const path of files) found.file(path)
  for (const path of [...directories, ...await python()]) found.tree(path)
  for (const name of ["bin", "sbin", "lib", "lib32", "lib64"]) found.file(`/${name}`)
  for (const path of await libraries(found.files().filter(isElf))) found.file(path)
  return found.paths()
}
