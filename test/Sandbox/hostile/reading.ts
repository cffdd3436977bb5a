import { attempts } from "./HostileCommand.ts"

/** Reading what belongs to the host: files, environments, other processes, devices. */
export const reading = attempts("read", [
  ["a secret by its path", "refused", "read(given['secret'])", "os.stat(given['secret'])", "os.listdir(host)"],
  ["a secret through a link", "refused", "by_link(given['secret'])", "by_link('/root')"],
  [
    "a secret through another process's root and cwd",
    "refused",
    "read('/proc/1/root' + given['secret'])",
    "read('/proc/1/cwd/../../../..' + given['secret'])",
    "read('/proc/self/root' + given['secret'])"
  ],
  ["beside the project", "project,readonly", "sorted(os.listdir(project + '/..'))"],
  [
    "passwords",
    "nothing",
    "leak('/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/sudoers.d', '/etc/security/opasswd')"
  ],
  [
    "accounts of the machine",
    "nothing",
    "[l for l in read('/etc/passwd').splitlines() if l.split(':')[0] in given['accounts']]"
  ],
  [
    "SSH keys and the agent",
    "nothing",
    "leak('/root/.ssh', '/home/*/.ssh', '/etc/ssh', os.path.expanduser('~/.ssh'))",
    "variables('SSH_AUTH_SOCK', 'SSH_AGENT_PID', 'GPG_AGENT_INFO') + there('/tmp/ssh-*', '/run/user/*/gnupg')"
  ],
  [
    "shell history",
    "nothing",
    "leak('/root/.*history', '/home/*/.*history', os.path.expanduser('~/.bash_history'), '/root/.*rc', '/home/*/.*rc')"
  ],
  [
    "credentials of tools",
    "nothing",
    "leak(*[h + f for h in ('/root', '/home/*', os.path.expanduser('~')) for f in given['credentials']])",
    "variables('AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'NPM_TOKEN', 'OPENAI_API_KEY', 'ANTHROPIC_API_KEY')"
  ],
  [
    "secrets that machines are given",
    "nothing",
    "leak('/run/secrets', '/var/run/secrets', '/run/credentials', '/etc/kubernetes')"
  ],
  [
    "home directories and what is mounted",
    "nothing",
    "leak('/root', '/home', '/home/*', '/mnt', '/media', '/boot', '/lost+found')"
  ],
  [
    "the kernel's environment",
    "nothing",
    "holding(given['needle'], '/proc/[0-9]*/environ', '/proc/[0-9]*/task/*/environ')"
  ],
  ["its own environment", "GIVEN,HOME,LANG,PATH,PWD,TMPDIR", "sorted(os.environ)"],
  ["the host's paths in command lines", "nothing", "holding(host, '/proc/[0-9]*/cmdline')"],
  ["other processes", "nothing", "foreign_processes()"],
  ["open descriptors", "nothing", "open_places()"],
  [
    "files of other users in /tmp",
    "nothing",
    "there('/tmp/' + given['marker'] + '*', '/var/tmp/' + given['marker'] + '*')"
  ],
  ["the machine's name", "sandbox", "socket.gethostname()", "read('/proc/sys/kernel/hostname').strip()"],
  [
    "the machine's memory",
    "nothing",
    "leak('/proc/kcore', '/proc/kmsg', '/dev/mem', '/dev/kmem', '/dev/port', '/dev/kmsg')"
  ],
  ["kernel messages", "EPERM", "call('syslog', 3, address, 256)"],
  [
    "disks",
    "nothing",
    "there('/dev/[svx]d[a-z]*', '/dev/nvme*', '/dev/dm-*', '/dev/loop*', '/dev/mapper', '/dev/disk')"
  ],
  [
    "cameras, sound, keys, GPUs, virtual machines",
    "nothing",
    "there('/dev/video*', '/dev/snd', '/dev/input', '/dev/uinput', '/dev/dri', '/dev/kvm', '/dev/fuse', '/dev/net')"
  ],
  ["engines' sockets", "nothing", "there(*given['sockets'])"],
  [
    "desktop, bus and init sockets",
    "nothing",
    "there('/tmp/.X11-unix', '/run/user', '/run/dbus', '/run/systemd', '/run/docker', '/run/containerd', '/dev/log')"
  ],
  [
    "logs and package data",
    "nothing",
    "leak('/var/log', '/var/log/*', '/var/lib/docker', '/var/lib/containers', '/var/spool', '/var/mail')"
  ],
  [
    "the machine's mounts",
    "nothing",
    "[l for l in read('/proc/self/mounts').splitlines() if l.split()[1] in ('/home', '/root', '/var', host)]"
  ]
])
