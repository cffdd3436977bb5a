"""Tries what templates differ in. Prints {attempt: "done" or the name of an error}."""
import asyncio, ctypes, errno, json, os, socket, sys, threading

libc = ctypes.CDLL(None, use_errno=True)
calls = json.loads(sys.argv[1])


def call(name, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(calls[name]), *[ctypes.c_long(a) for a in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "")


def child():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def spawned():
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def thread():
    done = []
    one = threading.Thread(target=done.append, args=(1,))
    one.start()
    one.join()
    assert done == [1]


def sock(*arguments):
    return lambda: socket.socket(*arguments).close()


def urgent():
    left, right = socket.socketpair()
    try:
        left.send(b"x", socket.MSG_OOB)
    except OSError as e:
        # A kernel may know none in Unix sockets; here it is asked whether the filter lets it be asked.
        if e.errno == errno.EPERM:
            raise


def descriptor():
    left, right = socket.socketpair()
    socket.send_fds(left, [b"x"], [0])


def loopback():
    server = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(server.getsockname()).close()


attempts = {
    "a thread": thread,
    "an event loop": lambda: asyncio.run(asyncio.sleep(0)),
    "a file": lambda: open(os.path.join(os.environ["HOME"], "file"), "w").close(),
    "a child": child,
    "a spawned program": spawned,
    "a loopback connection": loopback,
    "a UDP socket": sock(socket.AF_INET, socket.SOCK_DGRAM),
    "a Unix stream": sock(socket.AF_UNIX, socket.SOCK_STREAM),
    "a Unix datagram": sock(socket.AF_UNIX, socket.SOCK_DGRAM),
    "a descriptor in a message": descriptor,
    "urgent data": urgent,
    "the interfaces": socket.if_nameindex,
    "a shared segment": lambda: call("shmget", 0, 4096, 0o1600),
    "asynchronous input": lambda: call("io_destroy", 0),
    "an SCTP socket": sock(socket.AF_INET, socket.SOCK_STREAM, 132),
    "a raw socket": sock(socket.AF_INET, socket.SOCK_RAW, 1),
    "a vsock": sock(40, socket.SOCK_STREAM),
    "io_uring": lambda: call("io_uring_setup", 1, 0),
    "ptrace": lambda: call("ptrace", 0, 0, 0, 0),
    "a namespace": lambda: call("unshare", 0x10000000),
}

outcomes = {}
for name, attempt in attempts.items():
    try:
        attempt()
        outcomes[name] = "done"
    except OSError as e:
        outcomes[name] = errno.errorcode.get(e.errno, str(e.errno))
json.dump(outcomes, sys.stdout)
