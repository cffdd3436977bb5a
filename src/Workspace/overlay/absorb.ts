import { readdirSync, renameSync } from "node:fs"
import { lookAt } from "../files.ts"
import { parentOf } from "../names.ts"
import { isWhiteout, type Layer } from "./Layer.ts"
import type { Names } from "./Names.ts"

/** An upper directory, the session's layer it goes into, and the names the project below may have. */
export interface AbsorbOptions {
  readonly upper: string
  readonly session: Layer
  readonly names: Names
  readonly points: ReadonlySet<string>
  readonly isOpaque: (host: string) => boolean
  /** Files that say nothing new. */
  readonly same: ReadonlySet<string>
}

/**
 * Moves what an upper directory says into the session's layer, which stays free of marks other than whiteouts: a directory that hides
 * what lies below it becomes one with a whiteout for each name that may.
 */
export const absorb = (options: AbsorbOptions): void => {
  const { isOpaque, names, points, same, session, upper } = options

  const lose = (path: string) => {
    session.remove(path)
    if (names.kindOf(path) !== undefined) session.hide(path)
  }

  const hollow = (path: string, kept: ReadonlySet<string>) => {
    const below = new Set([...names.of(path).keys(), ...readdirSync(`${session.root}/${path}`)])
    for (const name of below) if (!kept.has(name)) lose(`${path}/${name}`)
  }

  const directory = (path: string, hiddenAbove: boolean) => {
    const was = session.look(path)
    const wasHidden = was !== undefined && !was.isDirectory()
    const hidden = hiddenAbove || wasHidden || isOpaque(`${upper}/${path}`)
    session.directory(path)
    if (hidden) hollow(path, new Set(readdirSync(`${upper}/${path}`)))
    walk(path, hidden)
  }

  const walk = (at: string, hidden: boolean) => {
    for (const name of readdirSync(at === "" ? upper : `${upper}/${at}`)) {
      const path = at === "" ? name : `${at}/${name}`
      const stat = lookAt(`${upper}/${path}`)
      if (stat === undefined || points.has(path)) continue
      if (isWhiteout(stat)) lose(path)
      else if (stat.isDirectory()) directory(path, hidden)
      else if (!same.has(path)) {
        session.directory(parentOf(path))
        session.remove(path)
        renameSync(`${upper}/${path}`, `${session.root}/${path}`)
      }
    }
  }

  walk("", false)
}
