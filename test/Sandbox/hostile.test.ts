import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import * as Bubblewrap from "../../src/Sandbox/Bubblewrap.ts"
import { requireRuntime } from "../support/require.ts"
import { run, stage, text, users } from "../support/sandbox.ts"

const hostile = readFileSync(join(import.meta.dirname, "hostile.py"))
const tables = JSON.parse(readFileSync(join(import.meta.dirname, "../../seccomp/syscalls.json"), "utf8")) as {
  readonly [architecture: string]: Record<string, number>
}

const listen = (address: string | number) =>
  Effect.acquireRelease(
    Effect.async<{ readonly port: number }>((resume) => {
      const server = createServer().listen(address, () => {
        const at = server.address()
        resume(
          Effect.succeed({ port: typeof at === "object" && at !== null ? at.port : 0, close: () => server.close() })
        )
      })
    }),
    (server) => Effect.sync(() => "close" in server && (server.close as () => void)())
  )

const same = (outcome: string, names: ReadonlyArray<string>) => Object.fromEntries(names.map((name) => [name, outcome]))

const absent = [
  ...["list /home", "list /var", "list /run", "list /sys", "list /boot", "list /etc/ssh", "read the host's secret"],
  ...["read it by a link", "read it through init's root", "read it through init's cwd"],
  ...["read /etc/shadow", "read /etc/sudoers", "read /dev/mem"]
]
const readOnly = [
  ...["write /usr", "write /etc", "write /", "write /dev", "write a read-only mount", "remove from a read-only mount"]
]
const notPermitted = [
  ...["vsock", "crypto socket", "bluetooth socket", "netlink netfilter", "netlink audit", "netlink xfrm", "raw socket"],
  ...["packet socket", "io_uring", "ptrace", "process_vm_readv", "pidfd_getfd", "keyctl", "add_key", "bpf"],
  ...["unshare user", "unshare mount", "setns", "clone user", "clone net", "mount", "umount", "remount /proc writable"],
  ...[
    "move_mount",
    "open_tree",
    "fsopen",
    "pivot_root",
    "chroot",
    "perf_event_open",
    "userfaultfd",
    "open_by_handle_at"
  ],
  ...["name_to_handle_at", "init_module", "kexec_load", "reboot", "sethostname", "settimeofday", "swapon", "quotactl"],
  ...["fanotify_init", "syslog", "personality", "device node", "block node", "push terminal input"]
]

const expected = {
  ...same("ENOENT", absent),
  ...same("EROFS", readOnly),
  ...same("EPERM", notPermitted),
  "list /": ["bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "srv", "tmp", "usr"],
  "find the host's environment": [],
  "find the stage's host path": [],
  "find block devices": [],
  "find the docker socket": false,
  "count foreign processes": 0,
  "signal a host process": "ESRCH",
  "find a descriptor to somewhere": [],
  hostname: "sandbox",
  environment: ["GIVEN", "HOME", "LANG", "PATH", "PWD", "TMPDIR"],
  "leave by .. in the stage": ["project", "readonly"],
  "connect to the internet": "ENETUNREACH",
  "connect to the internet by IPv6": "ENETUNREACH",
  "send a datagram": "ENETUNREACH",
  "reach the metadata service": "ENETUNREACH",
  "connect to the host's loopback": "ECONNREFUSED",
  "connect to the host's abstract socket": "ECONNREFUSED",
  "connect to the host's socket file": "ENOENT",
  "resolve a name": "no name service",
  "network interfaces": ["lo"],
  "use its own loopback": "connected",
  clone3: "ENOSYS",
  "a call newer than the filter": "ENOSYS",
  "become root": "EINVAL",
  "no new privileges": ["1"],
  capabilities: ["0000000000000000"],
  filter: ["2"],
  "run a setuid program": "1000",
  "raise its limits": "ValueError",
  "core limit": [0, 0],
  "write a file over the limit": "EFBIG",
  ...process.arch === "x64" ? { "a call of the x32 kind": "SIGSYS", "a 32-bit call": "SIGSYS" } : {}
}

/** Outcomes that depend on the user or the machine: any of these is a refusal. */
const oneOf: Record<string, Array<unknown>> = {
  "list /root": ["ENOENT"],
  "read /proc/kcore": ["ENOENT", "EACCES", "EPERM"],
  "read /proc/kmsg": ["ENOENT", "EACCES", "EPERM"],
  "write /etc/passwd": ["EACCES", "EROFS"],
  "write core_pattern": ["EACCES", "EROFS"],
  "write hostname's sysctl": ["EACCES", "EROFS"],
  "write sysrq-trigger": ["EACCES", "EROFS", "ENOENT"],
  "write uid_map": ["EACCES", "EPERM", "EROFS"],
  "change /dev/null": ["EPERM", "EROFS"],
  "own /dev/zero": ["EPERM", "EROFS"]
}

if (requireRuntime("bubblewrap")) {
  describe("Sandbox/Bubblewrap under attack", () => {
    it.scopedLive.each(users)("gives user $uid nothing of the host", (user) =>
      Effect.gen(function*() {
        const root = yield* stage(user)
        const host = dirname(root)
        const readonly = join(host, "readonly")
        mkdirSync(readonly)
        writeFileSync(join(readonly, "kept"), "kept")
        copyFileSync("/usr/bin/id", join(readonly, "id"))
        chmodSync(join(readonly, "id"), 0o4755)
        writeFileSync(join(host, "secret"), "secret")
        process.env["HOSTILE_NEEDLE"] = "needle-in-the-environment"
        const abstract = `fluffy-hostile-${process.pid}-${user.uid}`
        const { port } = yield* listen(0)
        yield* listen(`\0${abstract}`)
        yield* listen(join(host, "socket"))
        const pattern = readFileSync("/proc/sys/kernel/core_pattern", "utf8")
        const given = {
          calls: tables[process.arch],
          secret: join(host, "secret"),
          needle: "needle-in-the",
          stage: host,
          pid: process.pid,
          port,
          abstract,
          socket: join(host, "socket"),
          project: "/srv/project",
          readonly: "/srv/readonly"
        }
        const result = yield* run(["/usr/bin/python3", "-B", "-", JSON.stringify(given)], {
          user,
          cwd: "/srv/project",
          env: { GIVEN: "1" },
          stdin: hostile,
          mounts: [{ source: root, target: "/srv/project", mode: "rw" }, {
            source: readonly,
            target: "/srv/readonly",
            mode: "ro"
          }]
        })
        assert.strictEqual(text(result.stderr), "")
        const outcomes = JSON.parse(text(result.stdout)) as Record<string, unknown>
        const some = Object.entries(outcomes).filter(([name]) => name in oneOf)
        const rest = Object.fromEntries(Object.entries(outcomes).filter(([name]) => !(name in oneOf)))
        for (const [name, outcome] of some) assert.include(oneOf[name]!, outcome, name)
        assert.strictEqual(some.length, Object.keys(oneOf).length)
        assert.deepStrictEqual(rest, expected)
        assert.strictEqual(readFileSync("/proc/sys/kernel/core_pattern", "utf8"), pattern)
        assert.strictEqual(statSync("/dev/null").mode & 0o7777, 0o666)
        assert.deepStrictEqual(readdirSync(readonly), ["id", "kept"])
      }).pipe(Effect.provide(Bubblewrap.layerLazy())))
  })
}
