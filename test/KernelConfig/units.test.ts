import { assert, describe, it } from "@effect/vitest"
import { parseSize, parseTime } from "../../src/KernelConfig/units.ts"

describe("parseSize", () => {
  it.each([
    ["1B", 1],
    ["512MiB", 512 * 1024 ** 2],
    ["2 GB", 2e9],
    ["1.5KiB", 1536],
    ["10kB", 10_000],
    ["10KB", 10_000],
    [" 1GiB ", 1024 ** 3]
  ])("reads %j as %d bytes", (text, bytes) => {
    assert.strictEqual(parseSize(text), bytes)
  })

  it.each([
    "",
    "1",
    "1024",
    "MiB",
    "1mib",
    "1 M",
    "-1MB",
    "1e3MB",
    "0MB",
    "1.0001B",
    "1MiB more",
    "0x10B",
    "9999999999GB",
    "1constructor"
  ])(
    "refuses %j",
    (text) => {
      assert.isUndefined(parseSize(text))
    }
  )
})

describe("parseTime", () => {
  it.each([["500ms", 500], ["90s", 90_000], ["10m", 600_000], ["1.5h", 5_400_000], ["2 m", 120_000]])(
    "reads %j as %d ms",
    (text, ms) => {
      assert.strictEqual(parseTime(text), ms)
    }
  )

  it.each(["", "10", "10min", "10S", "-1s", "0s", "1d", "Infinitys", "1h30m"])("refuses %j", (text) => {
    assert.isUndefined(parseTime(text))
  })
})
