import { Effect } from "effect"
import { build } from "esbuild"
import { join } from "node:path"

/** Makes one of these files a program of its own in a directory, and says where. */
export const bundled = (name: string, directory: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const outfile = join(directory, name.replace(/ts$/, "mjs"))
    await build({
      entryPoints: [join(import.meta.dirname, name)],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      outfile,
      banner: {
        js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url)"
      },
      logLevel: "error"
    })
    return outfile
  })
