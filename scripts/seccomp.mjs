// Writes seccomp/strict.json, standard.json and standard-net.json from the lists below: `node scripts/seccomp.mjs`. With --check it only
// says whether the files are up to date.
// With --tables it first writes seccomp/syscalls.json (name -> number) from this machine's kernel headers and gcc (linux-libc-dev, x86-64).
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"

const file = (name) => new URL(`../seccomp/${name}`, import.meta.url)
const words = (text) => text.trim().split(/\s+/)

const files = words(`
  read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close close_range
  stat lstat fstat newfstatat statx access faccessat faccessat2 lseek getdents getdents64 readlink readlinkat link linkat
  symlink symlinkat unlink unlinkat rename renameat renameat2 mkdir mkdirat rmdir chdir fchdir getcwd chmod fchmod fchmodat
  fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat truncate ftruncate fallocate fadvise64 fsync
  fdatasync sync syncfs sync_file_range copy_file_range sendfile splice tee vmsplice readahead flock fcntl dup dup2 dup3 pipe
  pipe2 umask statfs fstatfs getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr
  removexattr lremovexattr fremovexattr getxattrat setxattrat listxattrat removexattrat cachestat`)
const watches = words("inotify_init inotify_init1 inotify_add_watch inotify_rm_watch")
const memory = words(`
  mmap mprotect munmap mremap madvise brk mlock mlock2 mlockall munlock munlockall mincore msync remap_file_pages memfd_create
  pkey_alloc pkey_free pkey_mprotect membarrier mseal map_shadow_stack`)
const sharing = words(`
  shmget shmat shmdt shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
  mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr`)
const program = words(`
  execve execveat exit exit_group wait4 waitid kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigreturn
  rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack signalfd signalfd4 pause alarm
  restart_syscall getpid getppid gettid getpgid getpgrp getsid getuid geteuid getgid getegid getgroups getresuid getresgid
  capget prctl arch_prctl set_tid_address set_robust_list get_robust_list futex futex_waitv futex_wake futex_wait futex_requeue rseq
  getrlimit setrlimit prlimit64 getrusage times getpriority setpriority ioprio_get ioprio_set sched_yield sched_getaffinity
  sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_getattr sched_setattr
  sched_get_priority_max sched_get_priority_min sched_rr_get_interval getcpu seccomp
  landlock_create_ruleset landlock_add_rule landlock_restrict_self uname sysinfo getrandom`)
const children = words("fork vfork setpgid setsid pidfd_open pidfd_send_signal")
const identity = words(`
  setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset`)
const timeAndEvents = words(`
  time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep getitimer setitimer timer_create timer_settime
  timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime eventfd eventfd2 poll ppoll
  select pselect6 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2`)
const asynchronous = words("io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents")
// What a program asks of the streams it was given, which may be sockets.
const streams = words("getsockname getpeername getsockopt shutdown")
const sockets = words("bind listen accept accept4 connect setsockopt")
// Where the flags of a message are among the arguments of each call that sends or receives one.
const bytes = { sendto: 3, recvfrom: 3 }
const messages = { sendmsg: 2, recvmsg: 2, sendmmsg: 3, recvmmsg: 3 }
const denied = words(`
  ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd
  mount umount2 pivot_root chroot fsopen fsmount fsconfig fspick open_tree open_tree_attr move_mount mount_setattr statmount
  listmount unshare setns bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
  keyctl add_key request_key init_module finit_module delete_module create_module query_module get_kernel_syms kexec_load
  kexec_file_load reboot swapon swapoff settimeofday clock_settime clock_adjtime adjtimex acct quotactl quotactl_fd
  sethostname setdomainname iopl ioperm modify_ldt lookup_dcookie name_to_handle_at open_by_handle_at fanotify_init
  fanotify_mark vhangup syslog nfsservctl uselib _sysctl sysfs mbind set_mempolicy get_mempolicy migrate_pages move_pages
  set_mempolicy_home_node memfd_secret lsm_set_self_attr uprobe uretprobe`)

const allow = (names, args, comment) => ({
  names,
  action: "SCMP_ACT_ALLOW",
  ...(args === undefined ? {} : { args }),
  ...(comment === undefined ? {} : { comment })
})
const refuse = (names, errnoRet, comment) => ({ names, action: "SCMP_ACT_ERRNO", errnoRet, comment })
const equal = (index, value) => ({ index, value, valueTwo: 0, op: "SCMP_CMP_EQ" })
const masked = (index, mask, value) => ({ index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" })
const EPERM = 1
const ENOSYS = 38
const CLONE_NEW = 0x7e020000
const CLONE_THREAD = 0x10000
const [S_IFMT, S_IFREG, S_IFIFO] = [0o170000, 0o100000, 0o010000]
const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK] = [1, 2, 10, 16]
const [TIOCSTI, TIOCLINUX] = [0x5412, 0x541c]

/** "The low 32 bits are neither a nor b", as an OR of single-mask tests: the one form every runtime's seccomp library can express. */
const neither = (index, a, b) => {
  const differ = a ^ b
  const shared = Array.from({ length: 32 }, (_, n) => 2 ** n).filter((bit) => Math.floor(differ / bit) % 2 === 0)
  const outside = shared.map((bit) => masked(index, bit, Math.floor(a / bit) % 2 === 1 ? 0 : bit))
  const patterns = Array.from({ length: differ + 1 }, (_, n) => n).filter((n) => (n & differ) === n)
  const between = patterns.filter((n) => n !== (a & differ) && n !== (b & differ))
  return [...outside, ...between.map((n) => masked(index, differ, n))]
}

const [STREAM, DATAGRAM, TCP, UDP, MSG_OOB] = [1, 2, 6, 17, 1]

const common = [
  refuse(["clone3"], ENOSYS, "its flags lie behind a pointer: libc falls back to clone"),
  ...neither(1, TIOCSTI, TIOCLINUX).map((test) => allow(["ioctl"], [test], "not TIOCSTI, not TIOCLINUX")),
  refuse(denied.sort(), EPERM, "the kernel's own business")
]

/** What one process needs that only computes; the rest is for programs with children, sockets or neighbours. */
const alone = [...files, ...memory, ...program, ...timeAndEvents, ...streams]
const together = [...watches, ...sharing, ...children, ...identity, ...asynchronous, ...sockets]

/** Messages without urgent data, which few programs know: in Unix sockets it was a way into the kernel (CVE-2025-38236). */
const plain = (calls) =>
  Object.entries(calls).map(([name, at]) => allow([name], [masked(at, MSG_OOB, 0)], "no urgent data"))

const strict = [
  allow([...alone].sort()),
  allow(["clone"], [masked(0, CLONE_NEW + CLONE_THREAD, CLONE_THREAD)], "threads of this process, nothing else"),
  allow(["socketpair"], [equal(0, AF_UNIX), masked(1, 0xf, STREAM)], "an event loop wakes itself through one"),
  ...plain(bytes),
  ...common,
  refuse(
    [...together, ...Object.keys(messages), "socket", "mknod", "mknodat", "personality"].sort(),
    EPERM,
    "no child, no socket, nothing shared with another process"
  )
]

/** TCP and UDP, by number or by default: no raw socket, and no protocol that would load a module of the kernel. */
const internet = [AF_INET, AF_INET6].flatMap((family) =>
  [[STREAM, TCP], [DATAGRAM, UDP]].flatMap(([kind, named]) =>
    [0, named].map((protocol) =>
      allow(["socket"], [equal(0, family), masked(1, 0xf, kind), equal(2, protocol)], "TCP and UDP, not raw")
    )
  )
)

/** What builds and tests need; `further` names calls without a condition. */
const working = (further) => [
  allow([...alone, ...together, ...further].sort()),
  allow(["clone"], [masked(0, CLONE_NEW, 0)], "no new namespaces"),
  ...common,
  ...[0, 0xffffffff].map((persona) => allow(["personality"], [equal(0, persona)])),
  ...[0, S_IFREG, S_IFIFO].flatMap((type) => [
    allow(["mknod"], [masked(1, S_IFMT, type)], "files and FIFOs, no devices"),
    allow(["mknodat"], [masked(2, S_IFMT, type)], "files and FIFOs, no devices")
  ]),
  allow(["socket"], [equal(0, AF_NETLINK), equal(2, 0)], "NETLINK_ROUTE, for getifaddrs"),
  ...internet,
  allow(["socketpair"], [equal(0, AF_UNIX)], "AF_UNIX")
]

const profiles = {
  strict,
  standard: [
    ...working([...Object.keys(bytes), ...Object.keys(messages)]),
    allow(["socket"], [equal(0, AF_UNIX)], "AF_UNIX")
  ],
  // A process outside, the proxy, is at the other end of a socket: what reaches it is a stream of plain bytes.
  "standard-net": [
    ...working([]),
    ...plain({ ...bytes, ...messages }),
    allow(["socket"], [equal(0, AF_UNIX), masked(1, 0xf, STREAM)], "AF_UNIX, streams")
  ]
}

const kernelHeaders = () => {
  const numbers = (text) => [...text.matchAll(/^#define __NR(3264)?_(\w+) (\S+)$/gm)]
  // Newer than the headers at hand; the same numbers on both architectures (include/uapi/asm-generic/unistd.h).
  const newer = Object.fromEntries(
    words(
      `cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue statmount listmount lsm_get_self_attr
      lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat listxattrat removexattrat open_tree_attr file_getattr
      file_setattr`
    ).map((name, n) => [name, 451 + n])
  )
  const x86 = readFileSync("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "utf8")
  const wants = ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET"]
  const source = `${
    wants.map((want) => `#define __ARCH_WANT_${want}\n`).join("")
  }#include "/usr/include/asm-generic/unistd.h"\n`
  const generic = execFileSync("gcc", ["-E", "-dM", "-x", "c", "-"], { input: source, encoding: "utf8" })
  const raw = new Map(numbers(generic).map(([, wide, name, value]) => [`__NR${wide ?? ""}_${name}`, value]))
  const resolve = (value) => raw.has(value) ? resolve(raw.get(value)) : value
  const arm = [...raw].filter(([name]) => name.startsWith("__NR_") && !/^__NR_(arch_specific_)?syscalls?$/.test(name))
    .map(([name, value]) => [name.slice("__NR_".length), Number(resolve(value))])
  const sorted = (table) => Object.fromEntries(Object.entries(table).sort(([a], [b]) => a < b ? -1 : 1))
  return {
    x64: sorted({
      ...Object.fromEntries(numbers(x86).map(([, , name, value]) => [name, Number(value)])),
      memfd_secret: 447,
      uretprobe: 335,
      uprobe: 336,
      ...newer
    }),
    arm64: sorted({ ...Object.fromEntries(arm), memfd_secret: 447, ...newer })
  }
}

const check = process.argv.includes("--check")
if (process.argv.includes("--tables")) {
  writeFileSync(file("syscalls.json"), `${JSON.stringify(kernelHeaders(), null, 1)}\n`)
}
const tables = JSON.parse(readFileSync(file("syscalls.json"), "utf8"))
const known = [...new Set([...Object.keys(tables.x64), ...Object.keys(tables.arm64)])]

const textOf = (rules) => {
  const said = new Set(rules.flatMap((rule) => rule.names))
  const rest = known.filter((name) => !said.has(name)).sort()
  const profile = {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: EPERM,
    archMap: [
      { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
      { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] }
    ],
    syscalls: [...rules, refuse(rest, ENOSYS, "everything else that exists, by name: no engine's default matters")]
  }
  return `${JSON.stringify(profile, null, 1)}\n`
}

for (const [name, rules] of Object.entries(profiles)) {
  const [text, path] = [textOf(rules), file(`${name}.json`)]
  if (!check) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    process.stderr.write(`seccomp/${name}.json is not what scripts/seccomp.mjs makes: run it and commit the result\n`)
    process.exitCode = 1
  }
}
