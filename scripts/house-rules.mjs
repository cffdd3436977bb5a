// What no other tool checks about this repository. Prints a line for each finding and exits 1 when there is one.
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import process from "node:process"
import { files } from "./files.mjs"
import { plainTests } from "./plain-tests.mjs"
import { root } from "./setup.mjs"

const read = (file) => readFileSync(join(root, file), "utf8")

/** Lines of the files that match a pattern, as findings. */
const lines = (among, pattern, remedy) =>
  among.flatMap((file) =>
    read(file).split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${file}:${index + 1} ${remedy}: ${line.trim().slice(0, 100)}`] : []
    )
  )

const text = files(["*"], ["package-lock.json", "*.png", "*.gif", "*.tgz"])
const sources = files(["/src/**/*.ts"])
const tests = files(["/test/**/*.ts"], ["/test/fixtures/**"])
const manifest = JSON.parse(read("package.json"))

const tooLong = () =>
  sources.flatMap((file) => {
    const length = read(file).trimEnd().split("\n").length
    return length > 300 ? [`${file} has ${length} lines; 300 is the most: split it by its nouns`] : []
  })

const environment = () =>
  lines(
    files(["/src/**/*.ts"], [
      "/src/cli/**",
      "/src/bin.ts",
      "/src/bootstrap/**",
      "/src/KernelConfig.ts",
      "/src/KernelConfig/**"
    ]),
    /process\.env/,
    "reads the environment; only layerConfig and the command line may"
  )

const finalizers = () =>
  lines(
    files(["/src/**/*.ts"], ["/src/internal/finalizer.ts"]),
    /Effect\.(acquireRelease|addFinalizer)\b/,
    "can lose an interruption; src/internal/finalizer.ts has one that does not"
  )

const unfinished = () => lines(sources, /(\/\/|\*).*\b(TODO|FIXME|XXX)\b|[Nn]ot (yet )?implemented/, "is unfinished")

const loneTests = () =>
  lines(tests, /^\s*(it|test|describe)(\.[a-z]+)*\.(skip|only|todo|fails)\(/, "skips or isolates a test")

const skippedByComment = () =>
  lines(
    [...sources, ...tests],
    /(@ts-(ignore|nocheck)|oxlint-disable|eslint-disable|dprint-ignore)(?!.* -- )/,
    "switches a check off without ` -- reason`"
  )

const addresses = () =>
  /"resolved": *"http/.test(read("package-lock.json"))
    ? [
      "package-lock.json holds download addresses; npm config set omit-lockfile-registry-resolved true, then npm install"
    ]
    : []

/** Paths of the machine a change was made on: this checkout's own, and people's home folders outside the tests of just that. */
const machinePaths = () => [
  ...text.filter((file) => read(file).includes(`${root}/`)).map((file) => `${file} names this checkout's own folder`),
  ...lines(
    text.filter((file) => !/^(src|test)\//.test(file)),
    /(?<![\w.~-])\/(root|home\/[a-z][\w-]*|Users\/[A-Za-z][\w-]*)\/\w/,
    "names a folder of someone's machine"
  )
]

const generated = () =>
  files(["dist/", "coverage/", "node_modules/", "*.db", "*.sqlite", "*.log", "*.tgz", "*.tsbuildinfo"], [
    "/test/fixtures/**"
  ])
    .map((file) => `${file} is generated and does not belong in the repository`)

/** The public modules: each export has its source, and each is named by its own path. */
const publicModules = () =>
  Object.entries(manifest.exports).flatMap(([name, target]) => {
    if (name === "./package.json") return []
    const module = name === "." ? "index" : name.slice(2)
    const expected = JSON.stringify({ types: `./dist/${module}.d.ts`, default: `./dist/${module}.js` })
    return [
      ...(existsSync(join(root, "src", `${module}.ts`))
        ? []
        : [`package.json exports ${name} without src/${module}.ts`]),
      ...(JSON.stringify(target) === expected ? [] : [`package.json exports ${name} otherwise than ${expected}`])
    ]
  })

/** Data that the code reads from the package's own folder has to ship. */
const shipped = () =>
  sources.flatMap((file) => [...read(file).matchAll(/packageRoot, "([\w-]+)[/"]/g)].map(([, folder]) => folder))
    .filter((folder, index, all) => all.indexOf(folder) === index && !manifest.files.includes(folder))
    .map((folder) => `package.json#files lacks ${folder}, which src reads from the package's folder`)

/** Two copies of effect break embedding: what an app brings is a peer, and the same version is what is tested here. */
const peers = () =>
  Object.entries(manifest.peerDependencies).filter(([name, version]) => manifest.devDependencies[name] !== version)
    .map(([name]) => `package.json pins ${name} otherwise in devDependencies than in peerDependencies`)

const pins = () =>
  ["dependencies", "devDependencies", "peerDependencies"].flatMap((kind) =>
    Object.entries(manifest[kind]).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `package.json does not pin ${name} exactly (${version})`)
  )

const links = () =>
  files(["*.md"], ["/test/fixtures/**"]).flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)]*)?\)/g)]
      .filter(([, target]) => !existsSync(join(root, normalize(join(dirname(file), target)))))
      .map(([, target]) => `${file} links to ${target}, which does not exist`)
  )

const index = () => {
  const listed = read("docs/README.md")
  return files(["/docs/**/*.md"], ["/docs/README.md"]).filter((file) =>
    !listed.includes(`](${file.slice("docs/".length)})`)
  )
    .map((file) => `docs/README.md does not list ${file}`)
}

const findings = [
  tooLong,
  environment,
  finalizers,
  unfinished,
  loneTests,
  skippedByComment,
  () => tests.flatMap((file) => plainTests(file, read(file))),
  addresses,
  machinePaths,
  generated,
  publicModules,
  shipped,
  peers,
  pins,
  links,
  index
].flatMap((rule) => rule())

for (const finding of findings) process.stdout.write(`${finding}\n`)
process.exitCode = findings.length > 0 ? 1 : 0
