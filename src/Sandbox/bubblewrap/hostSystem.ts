import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import { packageRoot } from "../../internal/PackageRoot.ts"

/** What of this machine every sandbox shows, read-only; found once. */
export interface HostSystem {
  /** Symlinks and directories at the root that lead to libraries and programs. */
  readonly links: ReadonlyArray<{ readonly path: string; readonly to: string }>
  readonly directories: ReadonlyArray<string>
  /** Small files copied in: `source` on the host, `target` inside. */
  readonly files: ReadonlyArray<{ readonly source: string; readonly target: string }>
  /** The program that sets the limits, first thing inside. */
  readonly prlimit: string | undefined
  /** This process's own hard limits, which nothing below it can raise. */
  readonly hard: { readonly openFiles: number; readonly processes: number }
}

const roots = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].map((name) => `/${name}`)

const libraries = ["/etc/alternatives", "/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/ca-certificates"]
const configured = /^(python\d[\d.]*|java-[\w.-]+)$/

const synthetic = ["passwd", "group", "hosts", "nsswitch.conf", "gitconfig"]
const copied = ["ld.so.cache", "services", "protocols", "mime.types", "ssl/openssl.cnf"]

const isLink = (path: string) => lstatSync(path).isSymbolicLink()

const hardLimit = (name: string): number => {
  const line = readFileSync("/proc/self/limits", "utf8").split("\n").find((line) => line.startsWith(name)) ?? ""
  const value = /\s+\S+\s+(\S+)\s+\w*\s*$/.exec(line.slice(name.length))?.[1]
  return value === undefined || value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value)
}

/** Looks at the machine. `etc` lists the names in /etc. */
export const hostSystem = (etc: ReadonlyArray<string>): HostSystem => {
  const present = roots.filter((path) => existsSync(path))
  const timezone = "/etc/localtime"
  return {
    links: [
      ...present.filter(isLink).map((path) => ({ path, to: readlinkSync(path) })),
      ...existsSync(timezone) && isLink(timezone) ? [{ path: timezone, to: readlinkSync(timezone) }] : []
    ],
    directories: [
      "/usr",
      ...present.filter((path) => !isLink(path)),
      ...libraries.filter((path) => existsSync(path)),
      ...etc.filter((name) => configured.test(name)).map((name) => `/etc/${name}`)
    ],
    files: [
      ...synthetic.map((name) => ({ source: join(packageRoot, "seccomp", "etc", name), target: `/etc/${name}` })),
      { source: "/dev/null", target: "/etc/resolv.conf" },
      ...copied.map((name) => `/etc/${name}`).filter((path) => existsSync(path)).map((path) => ({
        source: path,
        target: path
      }))
    ],
    prlimit: ["/usr/bin/prlimit", "/bin/prlimit", "/run/current-system/sw/bin/prlimit"].find((path) =>
      existsSync(path)
    ),
    hard: { openFiles: hardLimit("Max open files"), processes: hardLimit("Max processes") }
  }
}
