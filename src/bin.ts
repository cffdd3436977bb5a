#!/usr/bin/env node
import { load } from "./cli/load.ts"
import { quick } from "./cli/quick.ts"

const command = quick(process.argv.slice(2))
if (command !== undefined) {
  const { main } = await load()
  main(command)
}
