import type { MergeRecovery } from "../Workspace.ts"
import { settle } from "./apply.ts"
import { type Places, sweep } from "./Home.ts"
import * as Journal from "./Journal.ts"

/** Finishes or undoes what dead kernels left half-way in a project, and removes their stages. */
export const recover = (state: string, project: string, places: Places): MergeRecovery => {
  const finished: Array<string> = []
  const undone: Array<string> = []
  Journal.refuseLinks(state, project)
  for (const { directory, plan, session } of Journal.left(state, project)) {
    const settled = plan === null ? undefined : settle({ directory, plan })
    Journal.remove(directory)
    if (settled?.outcome === "finished") finished.push(session)
    else undone.push(session)
  }
  Journal.sweep(state)
  return { finished, undone, stages: sweep(places) }
}
