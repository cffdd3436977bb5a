import { assert, describe, it } from "@effect/vitest"
import { SandboxUnavailable } from "../../src/Sandbox.ts"
import { diagnose, type Findings } from "../../src/Sandbox/bubblewrap/diagnosis.ts"

const works: Findings = {
  platform: "linux",
  version: "0.8.0",
  failure: undefined,
  prlimit: true,
  distribution: "debian",
  settings: { apparmorRestricts: undefined, unprivilegedUserns: undefined, maxUserNamespaces: "95000" }
}

describe("diagnose", () => {
  it("finds nothing wrong with a bubblewrap that works", () => assert.isUndefined(diagnose(works)))

  it.each([
    ["debian", "sudo apt-get install -y bubblewrap"],
    ["ubuntu debian", "sudo apt-get install -y bubblewrap"],
    ["fedora", "sudo dnf install -y bubblewrap"],
    ["rocky rhel centos fedora", "sudo dnf install -y bubblewrap"],
    ["arch", "sudo pacman -S --noconfirm bubblewrap"],
    ["alpine", "sudo apk add bubblewrap"],
    ["opensuse-leap suse opensuse", "sudo zypper install -y bubblewrap"],
    ["nixos", "nix profile install nixpkgs#bubblewrap"],
    ["", "install the package bubblewrap with your system's package manager"]
  ])("on %j says how to install it", (distribution, remedy) => {
    assert.strictEqual(diagnose({ ...works, distribution, version: undefined })?.remedy, remedy)
  })

  it.each([["0.7.0", true], ["0.4.1", true], ["0.8.0", false], ["0.11.1", false], ["1.0", false]])(
    "%s too old: %s",
    (version, old) => assert.strictEqual(diagnose({ ...works, version })?.detail.includes("too old") ?? false, old)
  )

  it("names the program that sets limits when that is what is missing", () => {
    assert.deepStrictEqual(diagnose({ ...works, prlimit: false, distribution: "alpine" }), {
      detail: "prlimit is not installed",
      remedy: "sudo apk add util-linux-misc"
    })
  })

  it.each([
    [{ apparmorRestricts: "1" }, "AppArmor", "apparmor_parser -r"],
    [{ unprivilegedUserns: "0" }, "user namespaces are off", "kernel.unprivileged_userns_clone=1"],
    [{ maxUserNamespaces: "0" }, "user namespaces are off", "user.max_user_namespaces="],
    [{}, "No permissions", "inside a container"]
  ])("with %j names the setting that forbids it", (setting, detail, remedy) => {
    const settings = { ...works.settings, ...setting }
    const found = diagnose({ ...works, failure: "bwrap: No permissions to create new namespace", settings })
    assert.include(found?.detail, detail)
    assert.include(found?.remedy, remedy)
  })

  it("ends bwrap's own words without their full stop", () => {
    const failure = "bwrap: No permissions to create a new namespace, see <file:///usr/share/doc/README.Debian.gz>.\n"
    for (const unprivilegedUserns of ["0", undefined]) {
      const found = diagnose({ ...works, failure, settings: { ...works.settings, unprivilegedUserns } })
      assert.match(found!.detail, /README\.Debian\.gz>(?! *\.)/)
      assert.notMatch(found!.detail, /\.\s*$/)
    }
    const detail = "the engine says: no space left on device."
    const { message } = new SandboxUnavailable({ backend: "docker", detail, remedy: "docker info" })
    assert.include(message, "(the engine says: no space left on device). To mend it")
  })

  it("sends other systems to Linux", () => {
    assert.include(diagnose({ ...works, platform: "darwin" })?.detail, "Linux only")
  })
})
