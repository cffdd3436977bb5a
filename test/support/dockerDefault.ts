/**
 * What Docker's default profile lets a container do that has no capability: a table of ours, made from what
 * https://github.com/moby/profiles says in seccomp/default_linux.go at 02e898b137aed1024e232d59bcb05e6179b72177 (Apache-2.0), for the
 * calls of x86-64 and arm64 on kernels from 4.8. Names it allows for a capability only (mount, bpf, setns, ...) are not in it.
 */
const always = new Set(
  `
  accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown clock_adjtime clock_getres
  clock_gettime clock_nanosleep close close_range connect copy_file_range creat dup dup2 dup3 epoll_create
  epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 execve
  execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2
  fchown fchownat fcntl fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync
  ftruncate futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_robust_list get_thread_area getcpu
  getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid
  getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday
  getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy
  io_getevents io_pgetevents io_setup io_submit ioctl ioprio_get ioprio_set kill landlock_add_rule
  landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listmount listxattr listxattrat
  llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack membarrier memfd_create memfd_secret
  mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open
  mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap
  name_to_handle_at nanosleep newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2
  pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_mrelease
  process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat
  readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2
  restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
  rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr
  sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto
  set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority
  setregid setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr setxattrat shmat shmctl shmdt
  shmget shutdown sigaltstack signalfd signalfd4 socketpair splice stat statfs statmount statx symlink symlinkat
  sync sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime
  timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat
  uretprobe utime utimensat utimes vfork vmsplice wait4 waitid write writev
`.trim().split(/\s+/)
)

const CLONE_NEW = 0x7e020000n

/** Address families that it takes from socket(2), beside these none: DECnet, Econet, ATM SVCs, IrDA, WANPIPE, ISDN, CAIF, ALG, vsock. */
const families = (family: bigint) =>
  family > 0n && family < 46n && ![12n, 19n, 20n, 23n, 25n, 34n, 37n, 38n, 40n].includes(family)

const onCondition: Readonly<Record<string, (args: ReadonlyArray<bigint>, architecture: "x64" | "arm64") => boolean>> = {
  arch_prctl: (_, architecture) => architecture === "x64",
  clone: ([flags = 0n]) => (flags & CLONE_NEW) === 0n,
  modify_ldt: (_, architecture) => architecture === "x64",
  personality: ([persona = 0n]) => [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn].includes(persona),
  socket: ([family = 0n]) => families(family)
}

/** Whether it allows a call with these arguments to a container without capabilities. */
export const dockerAllows = (name: string, args: ReadonlyArray<bigint>, architecture: "x64" | "arm64"): boolean =>
  always.has(name) || onCondition[name]?.(args, architecture) === true
