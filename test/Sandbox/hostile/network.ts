import { attempts } from "./HostileCommand.ts"

/** Reaching anything but itself. */
export const network = attempts("network", [
  [
    "TCP",
    "ENETUNREACH",
    "tcp('1.1.1.1', 443)",
    "tcp('2606:4700:4700::1111', 443)",
    "tcp('10.0.0.1', 22)",
    "tcp('192.168.1.1', 80)"
  ],
  ["UDP", "ENETUNREACH", "send('8.8.8.8')", "send('2001:4860:4860::8888')", "send('172.17.0.1')"],
  ["multicast and broadcast", "ENETUNREACH", "send('224.0.0.251', 5353)", "send('255.255.255.255', 67)"],
  [
    "name service",
    "nothing",
    "resolve('example.com')",
    "resolve('host.docker.internal')",
    "resolve('host.containers.internal')",
    "resolve('metadata.google.internal')"
  ],
  [
    "cloud metadata",
    "ENETUNREACH",
    "tcp('169.254.169.254', 80)",
    "tcp('fd00:ec2::254', 80)",
    "tcp('168.63.129.16', 80)",
    "tcp('100.100.100.200', 80)"
  ],
  [
    "a server on the host's loopback",
    "ECONNREFUSED",
    "tcp('127.0.0.1', given['port'])",
    "tcp('127.0.0.2', given['port'])",
    "tcp('0.0.0.0', given['port'])"
  ],
  ["an abstract socket of the host", "ECONNREFUSED", "unix('\\0' + given['abstract'])"],
  ["a list of the host's abstract sockets", "nothing", "abstract_sockets()"],
  ["a socket file of the host", "refused", "unix(given['socket'])", "unix('/proc/1/root' + given['socket'])"],
  [
    "an engine's socket",
    "refused",
    "unix('/var/run/docker.sock')",
    "unix('/run/docker.sock')",
    "unix('/run/podman/podman.sock')",
    "unix('/run/containerd/containerd.sock')"
  ],
  ["interfaces besides its own loopback", "lo", "[name for _, name in socket.if_nameindex()]"],
  [
    "routes",
    "nothing",
    "read('/proc/net/route').splitlines()[1:]",
    "[l for l in read('/proc/net/ipv6_route').splitlines() if l.split()[-1] != 'lo']"
  ],
  [
    "raw and packet sockets",
    "EPERM",
    "sock(socket.AF_INET, socket.SOCK_RAW, 1)",
    "sock(socket.AF_INET6, socket.SOCK_RAW, 58)",
    "sock(17, socket.SOCK_RAW)",
    "sock(17, socket.SOCK_DGRAM)"
  ],
  ["vsock", "EPERM", "sock(40, socket.SOCK_STREAM)", "sock(40, socket.SOCK_DGRAM)"],
  [
    "netlink but for routes",
    "EPERM",
    "sock(16, socket.SOCK_RAW, 12)",
    "sock(16, socket.SOCK_RAW, 9)",
    "sock(16, socket.SOCK_RAW, 6)",
    "sock(16, socket.SOCK_RAW, 15)",
    "sock(16, socket.SOCK_RAW, 16)"
  ],
  [
    "rare socket families",
    "EPERM",
    "sock(38, socket.SOCK_SEQPACKET)",
    "sock(31, socket.SOCK_RAW)",
    "sock(44, socket.SOCK_RAW)",
    "sock(30, socket.SOCK_STREAM)",
    "sock(21, socket.SOCK_SEQPACKET)",
    "sock(29, socket.SOCK_RAW, 1)",
    "sock(41, socket.SOCK_DGRAM)"
  ],
  [
    "a new interface",
    "refused",
    "run('ip', 'link', 'add', 'evil0', 'type', 'dummy')",
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0))"
  ],
  [
    "git and other programs",
    "refused",
    "run('git', 'ls-remote', 'https://github.com/git/git')",
    "run('git', 'ls-remote', 'ssh://git@github.com/git/git')",
    "run('bash', '-c', 'exec 3<>/dev/tcp/1.1.1.1/80')"
  ],
  ["its own loopback works", "connected", "own_loopback()"]
])
