import type { Bomb } from "./HostileCommand.ts"

const MiB = 1 << 20

const sh = (script: string) => ["sh", "-c", script] as const
const python = (source: string) => ["python3", "-B", "-c", source] as const

const bomb = (name: string, expected: string, line: Bomb["line"], limits: Bomb["limits"] = {}): Bomb => ({
  kind: "bomb",
  topic: "exhaust",
  name,
  expected,
  line,
  limits
})

const survivor = (name: string, expected: string, script: string): Bomb => ({
  ...bomb(name, expected, sh(script), expected === "timeout" ? { timeoutMs: 1500 } : {}),
  topic: "survive"
})

// Free space is what is looked at, and others use the disk meanwhile.
const small = { memoryBytes: 128 * MiB, diskBytes: 128 * MiB } as const
const file = { fileBytes: 4 * MiB } as const
const files = { ...file, diskBytes: 64 * MiB } as const

/** Programs that take all there is. The outcome is the limit that ends them, `held` where it is memory, or their last word. */
export const exhausting: ReadonlyArray<Bomb> = [
  bomb("processes", "processes", python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"), {
    processes: 20
  }),
  bomb("processes of a shell", "processes", sh("(while :; do sleep 60 & done) 2>/dev/null; sleep 60"), {
    processes: 20
  }),
  bomb(
    "threads",
    "bounded",
    python(
      "import threading, time\ntry:\n  for n in range(5000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nexcept RuntimeError: print(\"bounded\", flush=True)\nimport os; os._exit(0)"
    ),
    { processes: 20 }
  ),
  bomb(
    "the memory of one process",
    "held",
    python("blocks = []\nwhile True: blocks.append(bytearray(8 << 20))"),
    small
  ),
  bomb(
    "the memory of many processes",
    "held",
    python(
      "import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n    block = b\"x\" * (40 << 20)\n    time.sleep(60)\n    os._exit(0)\nos.wait()\ntime.sleep(1)\nos._exit(1)"
    ),
    small
  ),
  bomb(
    "shared memory",
    "held",
    python(
      "import mmap, time\nblock = mmap.mmap(-1, 300 << 20)\nfor at in range(0, 300 << 20, 4096): block[at] = 1\ntime.sleep(60)"
    ),
    small
  ),
  bomb(
    "memory that no process maps",
    "held",
    python(
      "import os, time\nheld = [os.memfd_create(\"x\") for _ in range(100)]\nfor file in held: os.write(file, bytes(4 << 20))\ntime.sleep(60)"
    ),
    small
  ),
  bomb("one file", "4194304", sh("head -c 50000000 /dev/zero > big; stat -c %s big"), file),
  bomb(
    "one file of holes",
    "EFBIG",
    python(
      "import errno, os\ntry: os.truncate(os.open(\"holes\", 65), 1 << 40)\nexcept OSError as e: print(errno.errorcode[e.errno])"
    ),
    file
  ),
  bomb(
    "the disk by many files",
    "disk",
    sh("i=0; while :; do i=$((i+1)); head -c 4000000 /dev/zero > f$i; done"),
    files
  ),
  bomb(
    "the disk by files without a name",
    "disk",
    python(
      "import os, time\nheld = []\nfor n in range(200):\n  held.append(os.open(\"f\", 65))\n  os.write(held[-1], bytes(4000000))\n  os.unlink(\"f\")\ntime.sleep(60)"
    ),
    files
  ),
  bomb(
    "the directories in memory",
    "268435456 67108864",
    sh(
      "head -c 400000000 /dev/zero > /tmp/x; head -c 400000000 /dev/zero > /dev/shm/x; echo $(stat -c %s /tmp/x /dev/shm/x)"
    ),
    { fileBytes: 500 * MiB }
  ),
  bomb(
    "descriptors",
    "4096",
    python("import os\nn = 3\ntry:\n  while n < 100000: n = os.dup(0) + 1\nexcept OSError: print(n)")
  ),
  bomb("output", "output", sh("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"), { outputBytes: 100_000 }),
  bomb("output to both streams", "output", sh("while :; do echo y; echo y >&2; done"), { outputBytes: 100_000 }),
  bomb("time", "timeout", sh("while :; do :; done"), { timeoutMs: 500 }),
  bomb("time, deaf to signals", "timeout", sh("trap '' TERM HUP INT QUIT; while :; do :; done"), { timeoutMs: 500 }),
  bomb("every process it can reach", "alive", sh("kill -9 -1 2>/dev/null; echo alive")),
  // Five ways to outlive the command; whether one did is looked at on the host after every command.
  survivor("in a session of its own", "up", "setsid sleep 3600 >/dev/null 2>&1 & sleep 0.1; echo up"),
  survivor("deaf to hang-ups", "up", "nohup sleep 3600 >/dev/null 2>&1 & sleep 0.1; echo up"),
  survivor("forked twice", "up", "(setsid sh -c 'sleep 3600 & sleep 3600 &' >/dev/null 2>&1 &); sleep 0.1; echo up"),
  survivor(
    "deaf to every signal it may be",
    "up",
    "sh -c 'trap \"\" TERM HUP INT QUIT USR1 PIPE; while :; do sleep 3600; done' >/dev/null 2>&1 & sleep 0.1; echo up"
  ),
  survivor(
    "with the output held open",
    "timeout",
    "sh -c 'trap \"\" TERM; while :; do sleep 3600; done' & trap '' TERM; while :; do sleep 3600; done"
  ),
  survivor("stopped", "up", "sleep 3600 >/dev/null 2>&1 & kill -STOP $!; sleep 0.1; echo up")
]
