import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { packageRoot } from "../../src/internal/PackageRoot.ts"
import { baseImageName } from "../../src/Sandbox/container/image.ts"
import { requireRuntime } from "./require.ts"
import { isRoot } from "./sandbox.ts"

/** One test as an ordinary user ran it. */
export interface Told {
  readonly name: string
  readonly passed: boolean
  readonly message: string
}

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly isOurs: boolean
}

const usual = "fluffy-test"
const script = join(packageRoot, "test/support/ordinary.sh")

const run = (program: string, ...args: ReadonlyArray<string>) => {
  const { error, status, stderr, stdout } = spawnSync(program, args, { encoding: "utf8" })
  if (error !== undefined || status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`)
  return stdout.trim()
}

/** The account that FLUFFY_TEST_USER names, or one that is made for this run and removed after it. */
const account = (): Account => {
  const name = process.env["FLUFFY_TEST_USER"] ?? usual
  const isOurs = spawnSync("id", [name], { stdio: "ignore" }).status !== 0
  if (isOurs) run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
  const has = (file: string) => fs.existsSync(file) && new RegExp(`^${name}:`, "m").test(fs.readFileSync(file, "utf8"))
  if (!has("/etc/subuid") || !has("/etc/subgid")) {
    throw new Error(`${name} has no range in /etc/subuid and /etc/subgid, without which rootless Podman cannot work`)
  }
  return { name, uid: Number(run("id", "-u", name)), gid: Number(run("id", "-g", name)), isOurs }
}

const forget = ({ isOurs, name }: Account) => {
  // Another run may have found it meanwhile, and is then the one that keeps it.
  if (isOurs) spawnSync("userdel", [name], { stdio: "ignore" })
}

/** A home, a runtime directory and storage for Podman that nobody else has; the image in root's Podman is handed over when there is one. */
const furnish = (place: string, { gid, uid }: Account) => {
  fs.chmodSync(place, 0o755)
  for (const name of ["checkout", "home", "run", "tmp", "tmp/outcomes", "home/.config", "home/.config/containers"]) {
    fs.mkdirSync(join(place, name))
    if (name !== "checkout") fs.chownSync(join(place, name), uid, gid)
  }
  fs.chmodSync(join(place, "run"), 0o700)
  const storage = [`driver = "overlay"`, `graphroot = "${place}/home/storage"`, `runroot = "${place}/run/containers"`]
  fs.writeFileSync(join(place, "home/.config/containers/storage.conf"), ["[storage]", ...storage, ""].join("\n"))
  const image = join(place, "image.tar")
  spawnSync("podman", ["save", "--quiet", "--output", image, baseImageName("podman")], { stdio: "ignore" })
  if (fs.existsSync(image)) fs.chmodSync(image, 0o644)
  return image
}

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly message: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages: ReadonlyArray<string>
    }>
  }>
}

const toldBy = (report: Report, checkout: string): Ran["told"] =>
  report.testResults.flatMap(({ assertionResults, message, name }) => {
    const file = relative(checkout, name)
    return assertionResults.length === 0
      ? [{ file, name, passed: false, message: message || "it has no test" }]
      : assertionResults.map(({ failureMessages, fullName, status }) => ({
        file,
        name: fullName,
        passed: status === "passed",
        message: failureMessages.join("\n") || status
      }))
  })

/** What Podman's service said when it did not live to the end: the line that names the cause, and its last words. */
const death = (log: string): string | undefined => {
  if (!fs.existsSync(log)) return undefined
  const text = fs.readFileSync(log, "utf8")
  const cause = text.split("\n").filter((line) => /^(fatal error|panic|runtime|SIG[A-Z]+):/.test(line)).slice(0, 5)
  return [...cause, text.slice(-5000)].join("\n")
}

const ended = async (child: ChildProcess): Promise<string> => {
  let output = ""
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => output += String(chunk))
  await once(child, "close")
  return output
}

interface Ran {
  readonly told: ReadonlyArray<Told & { readonly file: string }>
  readonly died: string | undefined
}

const runFiles = async (user: Account, files: ReadonlyArray<string>, outcomes: string): Promise<Ran> => {
  const place = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "ordinary-")))
  try {
    const image = furnish(place, user)
    const report = join(place, "tmp/report.json")
    const child = spawn("sh", [
      ...[script, packageRoot, place, `${user.uid}:${user.gid}`, image, "--"],
      // The other tests run beside these.
      ...["--maxWorkers=1", "--minWorkers=1", "--maxConcurrency=2"],
      ...["--reporter=json", `--outputFile=${report}`, ...files]
    ], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: join(place, "home"),
        USER: user.name,
        XDG_RUNTIME_DIR: join(place, "run"),
        TMPDIR: join(place, "tmp"),
        FLUFFY_TEST_OUTCOMES: join(place, "tmp/outcomes"),
        FLUFFY_REQUIRE: ["bubblewrap", "podman"].filter((name) => requireRuntime(name)).join(",")
      }
    })
    const output = await ended(child)
    const died = death(join(place, "tmp/podman.died"))
    if (!fs.existsSync(report)) {
      return { told: [{ file: "", name: "starts", passed: false, message: output }], died }
    }
    for (const name of fs.readdirSync(join(place, "tmp/outcomes"))) {
      fs.copyFileSync(join(place, "tmp/outcomes", name), join(outcomes, name))
    }
    return { told: toldBy(JSON.parse(fs.readFileSync(report, "utf8")) as Report, join(place, "checkout")), died }
  } finally {
    fs.rmSync(place, { recursive: true, force: true })
  }
}

/**
 * Runs test files as an ordinary user of this machine, in namespaces of its own: what they leave ends with them. `outcomes` gets what
 * the hostile suite recorded. Where Podman's own service crashes meanwhile, which is told, what failed runs once more with another.
 */
export const asOrdinaryUser = async (
  files: ReadonlyArray<string>,
  outcomes: string
): Promise<ReadonlyArray<Told>> => {
  const user = account()
  try {
    const { died, told } = await runFiles(user, files, outcomes)
    const broken = [...new Set(told.filter(({ passed }) => !passed).map(({ file }) => file))]
    if (died === undefined || broken.length === 0 || broken.includes("")) return told
    process.stderr.write(`Podman's service died; ${broken.join(", ")} run once more with another. It said:\n${died}\n`)
    const again = await runFiles(user, broken, outcomes)
    const words = again.died
    return [
      ...told.filter(({ file }) => !broken.includes(file)),
      ...again.told,
      ...words === undefined ? [] : [{ name: "Podman's service lives to the end", passed: false, message: words }]
    ]
  } finally {
    forget(user)
  }
}

/** Whether root can run tests as an ordinary user here. An ordinary user runs all of them as such. */
export const requireOrdinary = (): boolean => isRoot && requireRuntime("ordinary")
