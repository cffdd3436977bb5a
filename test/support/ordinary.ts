import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
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

const toldBy = (report: Report): ReadonlyArray<Told> =>
  report.testResults.flatMap(({ assertionResults, message, name }) =>
    assertionResults.length === 0
      ? [{ name, passed: false, message: message || "it has no test" }]
      : assertionResults.map(({ failureMessages, fullName, status }) => ({
        name: fullName,
        passed: status === "passed",
        message: failureMessages.join("\n") || status
      }))
  )

/** One more failure where Podman's service did not live to the end: the last words of its log. */
const death = (log: string): ReadonlyArray<Told> =>
  fs.existsSync(log)
    ? [{
      name: "Podman's service lives to the end",
      passed: false,
      message: fs.readFileSync(log, "utf8").slice(-20_000)
    }]
    : []

const ended = async (child: ChildProcess): Promise<string> => {
  let output = ""
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => output += String(chunk))
  await once(child, "close")
  return output
}

/**
 * Runs test files as an ordinary user of this machine, in namespaces of its own: what they leave ends with them. `outcomes` gets what
 * the hostile suite recorded.
 */
export const asOrdinaryUser = async (
  files: ReadonlyArray<string>,
  outcomes: string
): Promise<ReadonlyArray<Told>> => {
  const user = account()
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
    if (!fs.existsSync(report)) return [{ name: "starts", passed: false, message: output }]
    for (const name of fs.readdirSync(join(place, "tmp/outcomes"))) {
      fs.copyFileSync(join(place, "tmp/outcomes", name), join(outcomes, name))
    }
    return [...toldBy(JSON.parse(fs.readFileSync(report, "utf8")) as Report), ...death(join(place, "tmp/podman.died"))]
  } finally {
    fs.rmSync(place, { recursive: true, force: true })
    forget(user)
  }
}

/** Whether root can run tests as an ordinary user here. An ordinary user runs all of them as such. */
export const requireOrdinary = (): boolean => isRoot && requireRuntime("ordinary")
