import { readlinkSync } from "node:fs"
import { userInfo } from "node:os"
import type { Person } from "../domain/Person.ts"

const terminal = (): string | null => {
  if (!process.stdin.isTTY) return null
  try {
    return readlinkSync("/proc/self/fd/0")
  } catch {
    return "unknown"
  }
}

const login = (uid: number): string => {
  try {
    return userInfo().username
  } catch {
    return `uid ${uid}`
  }
}

/** Who sits at this terminal, as the operating system knows them: the environment, which anyone can set, is not asked. */
export const person = (): Person => {
  const uid = process.geteuid?.() ?? -1
  return { user: login(uid), uid, terminal: terminal() }
}
