import { ConfigProvider, Effect, Layer, type Scope } from "effect"
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** A home and a project of it, with files, removed with the scope. */
export const makePlaces = (
  files: Readonly<Record<string, string>> = {}
): Effect.Effect<{ readonly home: string; readonly project: string }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const home = realpathSync(mkdtempSync(join(tmpdir(), "fluffy-home-")))
      const project = join(home, "work/project")
      mkdirSync(join(project, ".git"), { recursive: true })
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(home, path)), { recursive: true })
        writeFileSync(join(home, path), content)
      }
      return { home, project }
    }),
    ({ home }) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
  )

/** The environment a program would see, and nothing else of this one's. */
export const environment = (variables: Readonly<Record<string, string>>): Layer.Layer<never> =>
  Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

export const userFile = ".config/fluffy/config.yaml"
export const projectFile = "work/project/.fluffy/config.yaml"
