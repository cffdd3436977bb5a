import { Effect } from "effect"
import type { Ecosystem, Inputs, Locked, ReadInput } from "./Ecosystem.ts"
import { maxManifest } from "./limits.ts"

/** One package at one version, as `pip freeze` and `pip-compile` write it (PEP 508): a marker and hashes may follow. */
const pinned =
  /^[A-Za-z0-9][\w.-]*(\[[\w., -]*\])? ?==?= ?[\w.+!-]+( ?;((?! -)[^@#$\\])*)?( --hash=[a-z0-9]+:[0-9a-fA-F]+)*$/

/** pip ends a line where Python does: at U+0085 and U+001C too, behind which an option would stand for itself. */
const plain = /^[\x20-\x7e]*$/

const lines = (text: string): ReadonlyArray<string> =>
  text.replaceAll("\r\n", "\n").replace(/\\\n/g, " ").split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").replace(/\s+/g, " ").trim()).filter((line) => line !== "")

const read = Effect.fnUntraced(function*(
  input: ReadInput,
  lockfile: string
): Effect.fn.Return<Inputs | string> {
  const bytes = yield* input(lockfile, maxManifest)
  if (bytes === undefined || typeof bytes === "string") return bytes ?? `there is no ${lockfile}`
  const found = lines(Buffer.from(bytes).toString("utf8"))
  const strange = found.find((line) => line.length > 20_000 || !plain.test(line) || !pinned.test(line))
  if (strange !== undefined) {
    return `${lockfile} has ${
      JSON.stringify(strange.slice(0, 200))
    }, which is no package at one version (name==1.2.3); ` +
      "options, addresses, paths and other files are not taken"
  }
  if (found.length === 0) return `${lockfile} names no package`
  return {
    lockfile,
    files: [{ path: lockfile, bytes: Buffer.from(`${found.join("\n")}\n`) }],
    trees: [".venv"],
    members: []
  }
})

const parts = /^([\w.-]+)(\[[^\]]*\])? ?={2,3} ?([^\s;]+)(.*?)( --hash=.*)?$/

const lockedAs = (line: string): readonly [string, Locked] => {
  const [, name = "", extras = "", version, marker = "", hashes] = parts.exec(line) ?? []
  const title = version === undefined ? line : `${name}${extras} ${version}`
  const key = version === undefined ? line : `${name.toLowerCase()}${extras}${marker}`
  return [key, { title, host: undefined, hashed: hashes !== undefined, all: line }]
}

const packages = (bytes: Uint8Array) => new Map(lines(Buffer.from(bytes).toString("utf8")).map(lockedAs))

/**
 * `pip install` of wheels into a `.venv` that has packages and no interpreter: one would name a path of this machine. Test runs find it by
 * its `pyvenv.cfg`.
 */
export const pip: Ecosystem = {
  name: "pip",
  version: 1,
  lockfiles: ["requirements.txt"],
  registry: { url: "https://pypi.org/simple/", hosts: ["files.pythonhosted.org"] },
  probe: `python3 -c 'import platform, sys, sysconfig
print(sys.version.split()[0], sysconfig.get_platform(), sysconfig.get_config_var("SOABI"), *platform.libc_ver())' && python3 -m pip --version`,
  script: `set -e
v=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
mkdir -p .venv
printf 'home = /nowhere\\nversion = %s\\n' "$v" > .venv/pyvenv.cfg
exec python3 -m pip install --quiet --no-input --no-cache-dir --no-compile --only-binary :all: --index-url "$1" \\
  --target ".venv/lib/python$v/site-packages" -r requirements.txt`,
  env: {
    PIP_CONFIG_FILE: "/dev/null",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_RETRIES: "1",
    PIP_ROOT_USER_ACTION: "ignore"
  },
  note: "test_run finds it; other commands with PYTHONPATH=.venv/lib/python*/site-packages (the folder's own).",
  read,
  packages
}
