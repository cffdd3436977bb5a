import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fluffy } from "../support/fluffy.ts"
import { javascript, makeProject } from "../support/project.ts"

it.scopedLive.each(["fs.read", "change"])(
  "no rule and no answer lets %s reach what is kept of installs",
  (action) =>
    Effect.gen(function*() {
      const project = yield* makeProject(javascript)
      const cache = join(project, ".cache")
      mkdirSync(join(cache, "fluffy/layers"), { recursive: true })
      const ran = yield* fluffy(["policy", "explain", action, "--path", ".cache/fluffy/layers/k/0/x.js"], {
        cwd: project,
        env: { XDG_CACHE_HOME: cache }
      })
      assert.match(ran.stdout, /^deny by rule kernel-files-are-sealed/, ran.stderr)
    }),
  120_000
)
