import { exhausting } from "./exhausting.ts"
import type { HostileCommand } from "./HostileCommand.ts"
import { network } from "./network.ts"
import { planting } from "./planting.ts"
import { privileges } from "./privileges.ts"
import { reading } from "./reading.ts"
import { writing } from "./writing.ts"

/** Every hostile command, each with the outcome it must have on every runtime. */
export const commands: ReadonlyArray<HostileCommand> = [
  ...reading,
  ...writing,
  ...network,
  ...privileges,
  ...planting,
  ...exhausting
]
