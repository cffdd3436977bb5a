import { withoutStop } from "../../internal/text.ts"

/** What was found when bubblewrap was tried. `version` is undefined when it could not be started, `failure` when a command ran in it. */
export interface Findings {
  readonly platform: string
  readonly version: string | undefined
  readonly failure: string | undefined
  readonly prlimit: boolean
  /** ID and ID_LIKE of /etc/os-release. */
  readonly distribution: string
  /** Settings below /proc/sys, undefined where the kernel has none. */
  readonly settings: {
    readonly apparmorRestricts: string | undefined
    readonly unprivilegedUserns: string | undefined
    readonly maxUserNamespaces: string | undefined
  }
}

/** Earlier ones have neither `--disable-userns` (0.8) nor `--size` (0.7). */
const minimum = [0, 8] as const

const apparmorProfile =
  "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  userns,\\n}\\n'" +
  " | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap"

const packageOf = (distribution: string, names: { readonly [manager in "apk" | "other"]: string }): string => {
  if (/\b(debian|ubuntu)\b/.test(distribution)) return `sudo apt-get install -y ${names.other}`
  if (/\b(fedora|rhel|centos|amzn)\b/.test(distribution)) return `sudo dnf install -y ${names.other}`
  if (/\barch\b/.test(distribution)) return `sudo pacman -S --noconfirm ${names.other}`
  if (/\balpine\b/.test(distribution)) return `sudo apk add ${names.apk}`
  if (/\bsuse\b/.test(distribution)) return `sudo zypper install -y ${names.other}`
  if (/\bnixos\b/.test(distribution)) return `nix profile install nixpkgs#${names.other}`
  return `install the package ${names.other} with your system's package manager`
}

const tooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major < minimum[0] || (major === minimum[0] && minor < minimum[1])
}

/** What is wrong and the command that mends it, or undefined when nothing is. */
export const diagnose = (
  findings: Findings
): { readonly detail: string; readonly remedy: string } | undefined => {
  const { distribution, failure, settings, version } = findings
  const bubblewrap = { apk: "bubblewrap", other: "bubblewrap" }
  if (findings.platform !== "linux") {
    return {
      detail: `bubblewrap runs on Linux only, this is ${findings.platform}`,
      remedy: "run fluffy on Linux or in WSL2"
    }
  }
  if (version === undefined) return { detail: "bwrap is not installed", remedy: packageOf(distribution, bubblewrap) }
  if (tooOld(version)) {
    return {
      detail: `bubblewrap ${version} is too old, ${minimum.join(".")} or later is needed`,
      remedy: `upgrade the system, or build it: https://github.com/containers/bubblewrap/releases`
    }
  }
  if (!findings.prlimit) {
    return {
      detail: "prlimit is not installed",
      remedy: packageOf(distribution, { apk: "util-linux-misc", other: "util-linux" })
    }
  }
  if (failure === undefined) return undefined
  const detail = `bubblewrap ${version} cannot make a sandbox: ${withoutStop(failure)}`
  if (settings.apparmorRestricts === "1") {
    return { detail: `${detail} (AppArmor keeps programs from making user namespaces)`, remedy: apparmorProfile }
  }
  if (settings.unprivilegedUserns === "0") {
    return {
      detail: `${detail} (user namespaces are off)`,
      remedy: "sudo sysctl -w kernel.unprivileged_userns_clone=1"
    }
  }
  if (settings.maxUserNamespaces === "0") {
    return { detail: `${detail} (user namespaces are off)`, remedy: "sudo sysctl -w user.max_user_namespaces=15000" }
  }
  return {
    detail,
    remedy: "inside a container: docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined" +
      " -u 1000:1000 ...; elsewhere allow user namespaces to this user"
  }
}
