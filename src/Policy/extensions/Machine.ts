import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import type { QuickJSContext } from "quickjs-emscripten-core"
import type { Memory } from "./Image.ts"

// Node's types leave it out.
const { Memory, compile } = (globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new(pages: { readonly initial: number; readonly maximum: number }) => Memory
    readonly compile: (bytes: Uint8Array) => Promise<never>
  }
}).WebAssembly

/** A QuickJS of its own: one memory, one runtime, one realm, and no function of the host in it. */
export interface Machine {
  readonly context: QuickJSContext
  readonly memory: Memory
}

// By require, since from the built command nothing else can be loaded; only once there is an extension, since it takes its time.
const load = createRequire(join(import.meta.dirname, "Machine.ts"))

const heapBytes = 16 * 1024 * 1024
const pageBytes = 64 * 1024

/** What the module itself needs beside the heap (5 MiB of stack, its constants) and a rest for fragments. */
const besideBytes = 8 * 1024 * 1024

const prepare = async () => {
  const core = load("quickjs-emscripten-core") as typeof import("quickjs-emscripten-core")
  const { default: variant } = load(
    "@jitl/quickjs-wasmfile-release-sync"
  ) as typeof import("@jitl/quickjs-wasmfile-release-sync")
  const file = load.resolve("@jitl/quickjs-wasmfile-release-sync/wasm")
  return { core, variant, wasmModule: await compile(await readFile(file)) }
}

let engine: ReturnType<typeof prepare> | undefined

// What is left out would tell the time; WeakRef and FinalizationRegistry, which tell when memory is collected, come with none of these.
const intrinsics = {
  BaseObjects: true,
  BigInt: true,
  Date: false,
  Eval: true,
  JSON: true,
  MapSet: true,
  Promise: true,
  Proxy: true,
  RegExp: true,
  RegExpCompiler: true,
  StringNormalize: true,
  TypedArrays: true
} as const

/** Makes one: some 10 ms the first time in a process, some 2 ms after that. */
export const boot = async (): Promise<Machine> => {
  engine ??= prepare().catch((cause) => {
    engine = undefined
    throw cause
  })
  const { core, variant, wasmModule } = await engine
  const memory = new Memory({
    initial: heapBytes / pageBytes,
    maximum: (heapBytes + besideBytes) / pageBytes
  })
  const quickjs = await core.newQuickJSWASMModuleFromVariant(
    core.newVariant(variant, { wasmModule, wasmMemory: memory as never })
  )
  const runtime = quickjs.newRuntime({ memoryLimitBytes: heapBytes, maxStackSizeBytes: 256 * 1024 })
  return { context: runtime.newContext({ intrinsics }), memory }
}
