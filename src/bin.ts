#!/usr/bin/env node
import { quick } from "./cli/quick.ts"

const command = quick(process.argv.slice(2))
if (command !== undefined) {
  const { main } = await import("./cli/main.ts")
  main(command)
}
