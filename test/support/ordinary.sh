#!/bin/sh
# Runs vitest as an ordinary user: ordinary.sh CHECKOUT PLACE UID:GID IMAGE -- ARGUMENTS. Root starts it; PLACE is a directory of the
# caller's with home, run and tmp of that user's and an empty checkout. The checkout is shown there read-only, whatever directory it lies
# in, and all of it happens in namespaces of its own: what is left when vitest ends, ends with it.
set -eu
case "$1" in
  inside)
    place="$2"; image="$3"; shift 4
    # crun refuses the mix of both control group versions that dockerd makes on a machine without systemd.
    runtime=crun
    [ -f /sys/fs/cgroup/cgroup.controllers ] || runtime=runc
    mkdir -p "$XDG_RUNTIME_DIR/podman"
    cd /
    if command -v podman >/dev/null; then
      [ ! -s "$image" ] || podman load --quiet --input "$image" >/dev/null
      podman --runtime "$runtime" system service --time 0 "unix://$XDG_RUNTIME_DIR/podman/podman.sock" \
        >"$TMPDIR/podman.log" 2>&1 </dev/null &
      service=$!
      for _ in $(seq 100); do [ -S "$XDG_RUNTIME_DIR/podman/podman.sock" ] && break; sleep 0.1; done
    fi
    cd "$place/checkout"
    status=0
    node node_modules/vitest/vitest.mjs run --configLoader runner --no-cache "$@" || status=$?
    # Whoever reads a failure wants to know.
    [ -z "${service:-}" ] || kill -0 "$service" 2>/dev/null || mv "$TMPDIR/podman.log" "$TMPDIR/podman.died"
    exit "$status"
    ;;
  mounted)
    checkout="$2"; place="$3"; account="$4"; image="$5"; shift 6
    mount --bind "$checkout" "$place/checkout"
    mount -o remount,bind,ro "$place/checkout"
    exec setpriv --reuid "${account%:*}" --regid "${account#*:}" --init-groups --inh-caps=-all \
      sh "$place/checkout/test/support/ordinary.sh" inside "$place" "$image" -- "$@"
    ;;
  *)
    exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh "$0" mounted "$@"
    ;;
esac
