"""Tries to get out of, or to see beyond, the sandbox it runs in. Prints {attempt: outcome}: an errno name, or what was got."""
import ctypes, errno, fcntl, glob, json, os, resource, signal, socket, struct, subprocess, sys

given = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
calls = given["calls"]


def call(name, *arguments):
    number = calls[name] if isinstance(name, str) else name
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def read(path):
    with open(path, "rb") as file:
        return file.read(4096).decode("latin1")


def write(path):
    with open(path, "r+b" if os.path.exists(path) else "wb") as file:
        file.write(b"|/tmp/x")


def connect(family, kind, address):
    s = socket.socket(family, kind)
    s.settimeout(2)
    s.connect(address)
    return "connected"


def sock(family, kind, protocol=0):
    socket.socket(family, kind, protocol).close()
    return "opened"


def in_child(action):
    """The signal or code a child ends with."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        except OSError as e:
            os._exit(e.errno)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return errno.errorcode.get(os.WEXITSTATUS(status), os.WEXITSTATUS(status))


def push_input():
    master, slave = os.openpty()
    fcntl.ioctl(slave, 0x5412, b"x")


def seen_elsewhere(needle):
    """Files of /proc that hold what only the host knows."""
    found = []
    for pattern in ("/proc/[0-9]*/environ", "/proc/[0-9]*/cmdline", "/proc/[0-9]*/root/etc/shadow"):
        for path in glob.glob(pattern):
            try:
                if path.endswith("shadow") or (needle in read(path) and path.split("/")[2] != str(os.getpid())):
                    found.append(path)
            except OSError:
                pass
    return found


def open_places():
    """What our descriptors lead to, but for nothing and, as the first three, the command's own streams."""
    places = []
    for number in os.listdir("/proc/self/fd"):
        try:
            places.append((int(number), os.readlink("/proc/self/fd/" + number)))
        except OSError:
            pass
    return [p for n, p in places if p != "/dev/null" and not p.startswith("socket:" if n < 3 else "/proc/")]


def suid():
    """The user a setuid-root copy of id runs as."""
    return subprocess.run([given["readonly"] + "/id", "-u"], capture_output=True, text=True).stdout.strip()


BUFFER = ctypes.create_string_buffer(256)
ADDRESS = ctypes.addressof(BUFFER)
NEWUSER, NEWNS, NEWNET = 0x10000000, 0x00020000, 0x40000000
attempts = {
    # reading
    "list /root": lambda: sorted(os.listdir("/root")),
    "list /home": lambda: os.listdir("/home"),
    "list /var": lambda: os.listdir("/var"),
    "list /run": lambda: os.listdir("/run"),
    "list /sys": lambda: os.listdir("/sys"),
    "list /boot": lambda: os.listdir("/boot"),
    "list /": lambda: sorted(os.listdir("/")),
    "read the host's secret": lambda: read(given["secret"]),
    "read it by a link": lambda: (os.symlink(given["secret"], "/tmp/link"), read("/tmp/link")),
    "read it through init's root": lambda: read("/proc/1/root" + given["secret"]),
    "read it through init's cwd": lambda: read("/proc/1/cwd/../../../.." + given["secret"]),
    "read /etc/shadow": lambda: read("/etc/shadow"),
    "read /etc/sudoers": lambda: read("/etc/sudoers"),
    "list /etc/ssh": lambda: os.listdir("/etc/ssh"),
    "find the host's environment": lambda: seen_elsewhere(given["needle"]),
    "find the stage's host path": lambda: seen_elsewhere(given["stage"]),
    "read /proc/kcore": lambda: read("/proc/kcore"),
    "read /proc/kmsg": lambda: read("/proc/kmsg"),
    "read /dev/mem": lambda: read("/dev/mem"),
    "find block devices": lambda: [d for d in os.listdir("/dev") if d.startswith(("vd", "sd", "nvme", "dm-", "loop"))],
    "find the docker socket": lambda: os.path.exists("/var/run/docker.sock") or os.path.exists("/run/docker.sock"),
    "count foreign processes": lambda: len([p for p in os.listdir("/proc") if p.isdigit()]) - 2,
    "signal a host process": lambda: os.kill(given["pid"], 0),
    "find a descriptor to somewhere": lambda: open_places(),
    "hostname": lambda: socket.gethostname(),
    "environment": lambda: sorted(os.environ),
    # writing
    "write /usr": lambda: write("/usr/bin/evil"),
    "write /etc": lambda: write("/etc/evil"),
    "write /etc/passwd": lambda: write("/etc/passwd"),
    "write /": lambda: write("/evil"),
    "write /dev": lambda: write("/dev/evil"),
    "write core_pattern": lambda: write("/proc/sys/kernel/core_pattern"),
    "write hostname's sysctl": lambda: write("/proc/sys/kernel/hostname"),
    "write sysrq-trigger": lambda: write("/proc/sysrq-trigger"),
    "write uid_map": lambda: write("/proc/self/uid_map"),
    "change /dev/null": lambda: os.chmod("/dev/null", 0o666),
    "own /dev/zero": lambda: os.chown("/dev/zero", 1000, 1000),
    "write a read-only mount": lambda: write(given["readonly"] + "/evil"),
    "remove from a read-only mount": lambda: os.unlink(given["readonly"] + "/kept"),
    "leave by .. in the stage": lambda: sorted(os.listdir(given["project"] + "/..")),
    # network
    "connect to the internet": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 443)),
    "connect to the internet by IPv6": lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("2606:4700:4700::1111", 443)),
    "send a datagram": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)),
    "reach the metadata service": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("169.254.169.254", 80)),
    "connect to the host's loopback": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", given["port"])),
    "connect to the host's abstract socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + given["abstract"]),
    "connect to the host's socket file": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, given["socket"]),
    "resolve a name": lambda: (socket.getaddrinfo("example.com", 80), "resolved")[1],
    "network interfaces": lambda: [name for _, name in socket.if_nameindex()],
    "use its own loopback": lambda: own_loopback(),
    "raw socket": lambda: sock(socket.AF_INET, socket.SOCK_RAW, 1),
    "packet socket": lambda: sock(17, socket.SOCK_RAW),
    "vsock": lambda: sock(40, socket.SOCK_STREAM),
    "crypto socket": lambda: sock(38, socket.SOCK_SEQPACKET),
    "bluetooth socket": lambda: sock(31, socket.SOCK_RAW),
    "netlink netfilter": lambda: sock(16, socket.SOCK_RAW, 12),
    "netlink audit": lambda: sock(16, socket.SOCK_RAW, 9),
    "netlink xfrm": lambda: sock(16, socket.SOCK_RAW, 6),
    # calls
    "io_uring": lambda: call("io_uring_setup", 8, ADDRESS),
    "ptrace": lambda: call("ptrace", 16, 1, 0, 0),
    "process_vm_readv": lambda: call("process_vm_readv", 1, ADDRESS, 1, ADDRESS, 1, 0),
    "pidfd_getfd": lambda: call("pidfd_getfd", 0, 0, 0),
    "keyctl": lambda: call("keyctl", 0, -3, 0),
    "add_key": lambda: call("add_key", b"user", b"x", b"y", 1, -3),
    "bpf": lambda: call("bpf", 0, ADDRESS, 64),
    "unshare user": lambda: call("unshare", NEWUSER),
    "unshare mount": lambda: call("unshare", NEWNS),
    "setns": lambda: call("setns", 0, 0),
    "clone user": lambda: call("clone", NEWUSER | 17, 0, 0, 0, 0),
    "clone net": lambda: call("clone", NEWNET | 17, 0, 0, 0, 0),
    "clone3": lambda: call("clone3", ADDRESS, 64),
    "mount": lambda: call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, 0),
    "umount": lambda: call("umount2", b"/etc/alternatives", 2),
    "remount /proc writable": lambda: call("mount", b"", b"/proc", b"", 32 | 4096, 0),
    "move_mount": lambda: call("move_mount", -100, b"/tmp", -100, b"/usr", 0),
    "open_tree": lambda: call("open_tree", -100, b"/", 1),
    "fsopen": lambda: call("fsopen", b"tmpfs", 0),
    "pivot_root": lambda: call("pivot_root", b"/tmp", b"/tmp"),
    "chroot": lambda: call("chroot", b"/tmp"),
    "perf_event_open": lambda: call("perf_event_open", ADDRESS, 0, -1, -1, 0),
    "userfaultfd": lambda: call("userfaultfd", 0),
    "open_by_handle_at": lambda: call("open_by_handle_at", -100, ADDRESS, 0),
    "name_to_handle_at": lambda: call("name_to_handle_at", -100, b"/usr", ADDRESS, ADDRESS, 0),
    "init_module": lambda: call("init_module", ADDRESS, 0, b""),
    "kexec_load": lambda: call("kexec_load", 0, 0, 0, 0),
    "reboot": lambda: call("reboot", 0xFEE1DEAD, 672274793, 0x89ABCDEF, 0),
    "sethostname": lambda: call("sethostname", b"evil", 4),
    "settimeofday": lambda: call("settimeofday", ADDRESS, 0),
    "swapon": lambda: call("swapon", b"/tmp/x", 0),
    "quotactl": lambda: call("quotactl", 0, 0, 0, 0),
    "fanotify_init": lambda: call("fanotify_init", 0, 0),
    "syslog": lambda: call("syslog", 3, ADDRESS, 256),
    "personality": lambda: call("personality", 0x0040000),
    "a call newer than the filter": lambda: call(9999),
    "device node": lambda: os.mknod("/tmp/null", 0o20666, os.makedev(1, 3)),
    "block node": lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0)),
    "push terminal input": push_input,
    # privileges
    "become root": lambda: os.setuid(0),
    "run a setuid program": suid,
    "no new privileges": lambda: [l.split()[1] for l in read("/proc/self/status").split("\n") if l.startswith("NoNewPrivs")],
    "capabilities": lambda: sorted({l.split()[1] for l in read("/proc/self/status").split("\n") if l.startswith("Cap")}),
    "filter": lambda: [l.split()[1] for l in read("/proc/self/status").split("\n") if l.startswith("Seccomp:")],
    "raise its limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20)),
    "core limit": lambda: resource.getrlimit(resource.RLIMIT_CORE),
    "write a file over the limit": lambda: in_child(lambda: os.truncate(os.open("/tmp/big", 65, 0o600), 1 << 40)),
}
if os.uname().machine == "x86_64":
    attempts["a call of the x32 kind"] = lambda: in_child(lambda: call(0x40000000 | 39))
    attempts["a 32-bit call"] = lambda: in_child(compat_call)


def own_loopback():
    server = socket.create_server(("127.0.0.1", 0))
    return connect(socket.AF_INET, socket.SOCK_STREAM, server.getsockname())


def compat_call():
    """int 0x80 from 64-bit code: getpid by the 32-bit table (mov eax, 20; int 0x80; ret)."""
    import mmap
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()


outcomes = {}
for name, attempt in attempts.items():
    try:
        result = attempt()
        outcomes[name] = "done" if result is None else result
    except socket.gaierror:
        outcomes[name] = "no name service"
    except TimeoutError:
        outcomes[name] = "timed out"
    except ValueError as e:
        outcomes[name] = "ValueError"
    except OSError as e:
        outcomes[name] = errno.errorcode.get(e.errno, str(e))
print(json.dumps(outcomes))
