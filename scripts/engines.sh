#!/usr/bin/env bash
# Installs Docker and Podman on a Debian or Ubuntu machine without systemd, starts dockerd and Podman's service where none answers, and
# says what it did. Run again, it changes nothing. What it started is in $FLUFFY_ENGINES (default /run/fluffy-engines): <name>.pid and
# <name>.log; `engines.sh stop` ends exactly those.
set -euo pipefail
state="${FLUFFY_ENGINES:-/run/fluffy-engines}"
say() { printf 'engines: %s\n' "$*"; }
[ "$(id -u)" = 0 ] || { say "must be run by root"; exit 1; }

stop() {
  local name pid
  for name in docker podman; do
    [ -f "$state/$name.pid" ] || continue
    pid="$(cat "$state/$name.pid")"
    # The number may belong to someone else by now.
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qE "^(dockerd|podman) "; then
      kill "$pid" && say "stopped $name (process $pid)"
      for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    fi
    rm -f "$state/$name.pid"
  done
}
if [ "${1:-start}" = stop ]; then stop; exit 0; fi

packages=()
need() { command -v "$1" >/dev/null 2>&1 || packages+=("$2"); }
need dockerd docker.io; need docker docker.io; need containerd containerd; need runc runc; need iptables iptables
need podman podman; need crun crun; need fuse-overlayfs fuse-overlayfs; need slirp4netns slirp4netns; need newuidmap uidmap; need curl curl
if [ "${#packages[@]}" -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  say "installed $(printf '%s\n' "${packages[@]}" | sort -u | tr '\n' ' ')"
else
  say "all packages are there"
fi
mkdir -p "$state"

answers() { curl --silent --fail --max-time 5 --unix-socket "$1" http://localhost/_ping >/dev/null 2>&1; }
await() {
  for _ in $(seq 1 300); do
    answers "$2" && { say "$1 answers on $2"; return; }
    kill -0 "$(cat "$state/$1.pid")" 2>/dev/null || break
    sleep 0.2
  done
  say "$1 does not answer; the end of its log:"
  tail -n 20 "$state/$1.log"
  exit 1
}
# Neutral directory: conmon drops a file named `oom` where it was started. No descriptor of ours may keep a caller's pipe open.
launch() {
  local name="$1"; shift
  (cd / && exec setsid "$@" >"$state/$name.log" 2>&1 </dev/null) & echo $! >"$state/$name.pid"
  say "started: $*"
}

if answers /var/run/docker.sock; then say "docker answers already"
else launch docker dockerd; await docker /var/run/docker.sock; fi

# crun refuses the mix of both control group versions that dockerd makes on a machine without systemd.
runtime=crun
[ -f /sys/fs/cgroup/cgroup.controllers ] || runtime=runc
if answers /run/podman/podman.sock; then say "podman answers already"
else
  mkdir -p /run/podman
  launch podman podman --runtime "$runtime" system service --time 0 unix:///run/podman/podman.sock
  await podman /run/podman/podman.sock
fi
say "docker $(docker version --format '{{.Server.Version}}'), podman $(podman version --format '{{.Client.Version}}') with $runtime"
