import { attempts } from "./HostileCommand.ts"

/** Writing outside the project. */
export const writing = attempts("write", [
  [
    "system directories",
    "refused",
    "write('/usr/bin/evil')",
    "write('/etc/evil')",
    "write('/evil')",
    "write('/lib/evil')",
    "os.mkdir('/usr/lib/python3/evil')",
    "os.rename('/usr/bin/env', '/usr/bin/env2')"
  ],
  [
    "accounts and names",
    "refused",
    "write('/etc/passwd')",
    "write('/etc/group')",
    "write('/etc/hosts')",
    "os.chmod('/etc/passwd', 0o666)"
  ],
  [
    "what the loader loads",
    "refused",
    "write('/etc/ld.so.preload')",
    "write('/etc/ld.so.cache')",
    "write('/usr/lib/x86_64-linux-gnu/libc.so.6')"
  ],
  ["a program that runs now", "refused", "write('/proc/self/exe')", "write('/proc/1/exe')", "write('/bin/sh')"],
  [
    "kernel settings",
    "refused",
    "write('/proc/sys/kernel/core_pattern')",
    "write('/proc/sys/kernel/modprobe', b'/tmp/x')",
    "write('/proc/sys/kernel/hostname')",
    "write('/proc/sys/vm/overcommit_memory', b'1')",
    "write('/proc/sys/net/ipv4/ip_forward', b'1')"
  ],
  ["sysrq", "refused", "write('/proc/sysrq-trigger', b'h')", "write('/proc/sys/kernel/sysrq', b'1')"],
  [
    "/sys and control groups",
    "refused",
    "write('/sys/kernel/uevent_helper')",
    "write('/sys/fs/cgroup/release_agent')",
    "os.mkdir('/sys/fs/cgroup/evil')",
    "os.mkdir('/sys/fs/cgroup/memory/evil')"
  ],
  [
    "its own user map",
    "refused",
    "write('/proc/self/uid_map', b'0 0 1')",
    "write('/proc/self/gid_map', b'0 0 1')",
    "write('/proc/1/uid_map', b'0 0 1')"
  ],
  [
    "other processes' memory and scores",
    "refused",
    "write(f'/proc/{given[\"pid\"]}/mem')",
    "write('/proc/self/oom_score_adj', b'-1000')"
  ],
  [
    "a read-only mount",
    "refused",
    "write(readonly + '/evil')",
    "write(readonly + '/kept')",
    "os.unlink(readonly + '/kept')",
    "os.rename(readonly + '/kept', readonly + '/moved')",
    "os.chmod(readonly + '/kept', 0o777)",
    "os.truncate(readonly + '/kept', 0)",
    "os.utime(readonly + '/kept')",
    "os.rename(readonly, '/srv/moved')"
  ],
  [
    "a read-only file by a hard link",
    "refused",
    "os.link(readonly + '/kept', project + '/hard')",
    "os.link('/usr/bin/id', '/tmp/hard')"
  ],
  [
    "a read-only file by a link in the project",
    "refused",
    "(os.symlink(readonly + '/kept', project + '/soft'), write(project + '/soft'))"
  ],
  [
    "the place of its own mounts",
    "refused",
    "os.rename(project, '/srv/other')",
    "os.rmdir(project)",
    "os.symlink('/etc', '/srv/evil')"
  ],
  [
    "attributes that give privileges",
    "refused",
    "(write(project + '/tool'), os.setxattr(project + '/tool', 'security.capability', b'\\x01\\0\\0\\2' + b'\\xff' * 16))",
    "os.setxattr(project + '/tool', 'trusted.overlay.opaque', b'y')",
    "os.chown(project + '/tool', 12345, 12345)"
  ],
  [
    "the host's devices",
    "done",
    "ignoring(lambda: os.chmod('/dev/null', 0o600), lambda: os.chown('/dev/zero', 1234, 1234), lambda: write('/dev/' + given['marker']))"
  ]
])
