import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import type { OverlayMount } from "../../../src/Sandbox.ts"
import type { EngineFacts } from "../../../src/Sandbox/container/EngineFacts.ts"
import { labels, machine } from "../../../src/Sandbox/container/KernelMark.ts"
import { mountOptions, unspeakable, volumeOf } from "../../../src/Sandbox/container/mountOptions.ts"
import * as Podman from "../../../src/Sandbox/Podman.ts"
import { requireEngine, sockets } from "../../support/engines.ts"

const overlay: OverlayMount = { mode: "overlay", target: "/srv/p", lower: ["/a/top", "/a/p"], upper: "/u", work: "/w" }

const facts = (name: "docker" | "podman", rootless: boolean): EngineFacts => ({
  name,
  version: "1",
  rootless,
  selinux: false,
  cgroups: "2",
  enforced: { memory: true, processes: true, cpu: true },
  processors: 1
})

describe("an overlay in a container", () => {
  it("is refused where root would leave what this user cannot remove", () => {
    assert.include(unspeakable(facts("docker", false), [overlay], 1000), "run by root")
    assert.isUndefined(unspeakable(facts("podman", true), [overlay], 1000))
    assert.isUndefined(unspeakable(facts("docker", false), [overlay], 0))
    assert.isUndefined(unspeakable(facts("docker", false), [{ source: "/a", target: "/b", mode: "rw" }], 1000))
  })

  it("is a volume that goes with the container, laid together in the order given", () => {
    const options = mountOptions(facts("docker", false), [overlay], "fluffy-1")
    const volume = "Mounts" in options ? options.Mounts?.find(({ Target }) => Target === "/srv/p") : undefined
    assert.strictEqual(volume?.Source, "")
    assert.include(volume?.VolumeOptions?.DriverConfig.Options["o"], "lowerdir=/a/top:/a/p,upperdir=/u,workdir=/w,")
    assert.isUndefined(volumeOf(facts("docker", false), [overlay], "fluffy-1", {}))
    const made = volumeOf(facts("podman", false), [overlay], "fluffy-1", { "fluffy.kernel": "x" })
    assert.deepStrictEqual([made?.Name, made?.Labels], ["fluffy-1", { "fluffy.kernel": "x" }])
  })

  it.live.runIf(requireEngine("podman"))(
    "of a killed kernel is removed by the next prune",
    () =>
      Effect.gen(function*() {
        const name = `fluffy-${randomUUID()}`
        const marks = { [labels.kernel]: "1 0 pid:[1] another-boot", [labels.machine]: machine() }
        const marked = Object.entries(marks).flatMap(([label, value]) => ["--label", `${label}=${value}`])
        execFileSync("podman", ["volume", "create", ...marked, name], { stdio: "ignore" })
        yield* Podman.prune({ socket: sockets.podman })
        const left = execFileSync("podman", ["volume", "ls", "--quiet"], { encoding: "utf8" }).split("\n")
        assert.notInclude(left, name)
      })
  )
})
