import type { Tool } from "./Tool.ts"
import { depsInstall } from "./tools/depsInstall.ts"
import { fsEdit } from "./tools/fsEdit.ts"
import { fsExists } from "./tools/fsExists.ts"
import { fsList } from "./tools/fsList.ts"
import { fsRead } from "./tools/fsRead.ts"
import { fsWrite } from "./tools/fsWrite.ts"
import { searchGlob } from "./tools/searchGlob.ts"
import { searchGrep } from "./tools/searchGrep.ts"
import { shellExec } from "./tools/shellExec.ts"
import { taskComplete } from "./tools/taskComplete.ts"
import { testRun } from "./tools/testRun.ts"

/** The tools a model has, in the order it is told of them. */
export const tools: ReadonlyArray<Tool<any>> = [
  fsRead,
  fsList,
  fsExists,
  searchGrep,
  searchGlob,
  fsWrite,
  fsEdit,
  testRun,
  shellExec,
  depsInstall,
  taskComplete
]
