import { attempts } from "./HostileCommand.ts"

const x64 = process.arch === "x64"

/** Gaining privileges, and calls that have been a way to them. */
export const privileges = attempts("privileges", [
  ["capabilities", "0000000000000000", "capabilities()"],
  ["new privileges", "1", "status('NoNewPrivs')"],
  [
    "life without the filter",
    "2",
    "status('Seccomp')",
    "(ignoring(lambda: call('prctl', 22, 0, 0, 0, 0), lambda: call('seccomp', 0, 0, 0)), status('Seccomp'))[1]"
  ],
  [
    "capabilities by becoming root",
    "0000000000000000",
    "(ignoring(lambda: os.setgid(0), lambda: os.setuid(0)), capabilities())[1]"
  ],
  [
    "raising capabilities",
    "refused",
    "call('prctl', 47, 2, 21, 0, 0)",
    "call('prctl', 8, 1, 0, 0, 0) or call('capset', ctypes.addressof(ctypes.create_string_buffer(struct.pack('<II', 0x20080522, 0))), ctypes.addressof(ctypes.create_string_buffer(b'\\xff' * 24)))"
  ],
  ["a setuid program", "the same user", "run_setuid()"],
  [
    "sudo and su",
    "refused",
    "run('sudo', '-n', 'id')",
    "run('su', '-c', 'id')",
    "run('pkexec', 'id')",
    "run('mount', '-t', 'tmpfs', 'x', '/tmp')"
  ],
  ["groups", "refused", "os.setgroups([0])", "os.setresgid(12345, 12345, 12345)", "os.setresuid(12345, 12345, 12345)"],
  [
    "user namespaces",
    "EPERM",
    "call('unshare', NEWUSER)",
    "call('clone', NEWUSER | 17, 0, 0, 0, 0)",
    "call('clone', NEWUSER | NEWNS | NEWNET | 17, 0, 0, 0, 0)"
  ],
  [
    "other namespaces",
    "EPERM",
    "call('unshare', NEWNS)",
    "call('unshare', NEWPID)",
    "call('clone', NEWNET | 17, 0, 0, 0, 0)",
    "call('setns', 0, 0)",
    "call('setns', os.open('/proc/1/ns', 0), 0)"
  ],
  ["namespaces by clone3", "ENOSYS", "call('clone3', address, 64)"],
  [
    "a sandbox in the sandbox",
    "refused",
    "run('unshare', '-Ur', 'id')",
    "run('bwrap', '--ro-bind', '/', '/', 'id')",
    "run('nsenter', '-t', '1', '-m', 'id')"
  ],
  [
    "mounts",
    "EPERM",
    "call('mount', b'tmpfs', b'/tmp', b'tmpfs', 0, 0)",
    "call('mount', b'', b'/proc', b'', 32 | 4096, 0)",
    "call('mount', b'/', b'/tmp', b'', 4096, 0)",
    "call('umount2', b'/proc', 2)"
  ],
  [
    "the new mount calls",
    "EPERM",
    "call('move_mount', -100, b'/tmp', -100, b'/usr', 0)",
    "call('open_tree', -100, b'/', 1)",
    "call('fsopen', b'tmpfs', 0)",
    "call('mount_setattr', -100, b'/', 0, address, 32)"
  ],
  ["another root", "EPERM", "call('chroot', b'/tmp')", "call('pivot_root', b'/tmp', b'/tmp')"],
  [
    "files by their handles",
    "EPERM",
    "call('open_by_handle_at', -100, address, 0)",
    "call('name_to_handle_at', -100, b'/usr', address, address, 0)"
  ],
  [
    "ptrace",
    "EPERM",
    "call('ptrace', 16, 1, 0, 0)",
    "call('ptrace', 0, 0, 0, 0)",
    "call('process_vm_readv', 1, address, 1, address, 1, 0)",
    "call('process_vm_writev', 1, address, 1, address, 1, 0)",
    "call('pidfd_getfd', 0, 0, 0)",
    "call('kcmp', 1, 1, 0, 0, 0)"
  ],
  ["signals to the host", "ESRCH", "os.kill(given['pid'], 0)", "os.kill(given['pid'], 9)"],
  [
    "the keyring",
    "EPERM",
    "call('keyctl', 0, -3, 0)",
    "call('add_key', b'user', b'x', b'y', 1, -3)",
    "call('request_key', b'user', b'x', 0, 0)"
  ],
  [
    "io_uring",
    "EPERM",
    "call('io_uring_setup', 8, address)",
    "call('io_uring_enter', 0, 0, 0, 0, 0)",
    "call('io_uring_register', 0, 0, 0, 0)"
  ],
  ["bpf", "EPERM", "call('bpf', 0, address, 64)", "call('bpf', 5, address, 64)"],
  ["perf", "EPERM", "call('perf_event_open', address, 0, -1, -1, 0)"],
  ["userfaultfd", "EPERM", "call('userfaultfd', 0)", "call('userfaultfd', 1)"],
  [
    "kernel modules and kexec",
    "EPERM",
    "call('init_module', address, 0, b'')",
    "call('finit_module', 0, b'', 0)",
    "call('delete_module', b'x', 0)",
    "call('kexec_load', 0, 0, 0, 0)",
    "call('kexec_file_load', 0, 0, 0, 0, 0)"
  ],
  [
    "a restart",
    "EPERM",
    "call('reboot', 0xFEE1DEAD, 672274793, 0x89ABCDEF, 0)",
    "call('swapon', b'/tmp/x', 0)",
    "call('swapoff', b'/tmp/x')",
    "call('acct', b'/tmp/x')",
    "call('quotactl', 0, 0, 0, 0)"
  ],
  [
    "the machine's clock and name",
    "EPERM",
    "call('settimeofday', address, 0)",
    "call('clock_settime', 0, address)",
    "call('adjtimex', address)",
    "call('sethostname', b'evil', 4)",
    "call('setdomainname', b'evil', 4)"
  ],
  ["watching the file system", "EPERM", "call('fanotify_init', 0, 0)"],
  [
    "input and output ports",
    "EPERM",
    "call('iopl', 3)",
    "call('ioperm', 0, 1, 1)",
    "call('modify_ldt', 0, address, 16)"
  ],
  ["a softer personality", "EPERM", "call('personality', 0x0040000)"],
  ["calls newer than the filter", "ENOSYS", "call(9999)", "call(600)"],
  [
    "calls of another kind",
    x64 ? "SIGSYS" : "EPERM",
    ...(x64 ? ["in_child(lambda: call(0x40000000 | 39))", "in_child(compat_call)"] : ["call('bpf', 0, address, 64)"])
  ],
  [
    "device nodes",
    "EPERM",
    "os.mknod('/tmp/null', 0o20666, os.makedev(1, 3))",
    "os.mknod('/tmp/disk', 0o60666, os.makedev(254, 0))",
    "os.mknod(project + '/mem', 0o20666, os.makedev(1, 1))"
  ],
  ["another's terminal", "EPERM", "terminal(0x5412, b'x')", "terminal(0x541C, b'\\x02')"],
  ["its own terminal", "ENXIO", "os.open('/dev/tty', os.O_RDWR)"],
  [
    "higher limits",
    "refused",
    "resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))",
    "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))",
    "resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))"
  ],
  [
    "a better place in the queue",
    "refused",
    "os.setpriority(os.PRIO_PROCESS, 0, -20)",
    "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))"
  ],
  ["core dumps", "0,0", "list(resource.getrlimit(resource.RLIMIT_CORE))"]
])
