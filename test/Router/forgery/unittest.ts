import type { Attack, Suite } from "./attacks.ts"

const project = { "double.py": "def double(n):\n    return 0\n", "pyproject.toml": "" }

const test = {
  "tests/__init__.py": "",
  "tests/test_double.py": `import unittest
from double import double


class DoubleTest(unittest.TestCase):
    def test_doubles(self):
        self.assertEqual(double(2), 4)

    def test_keeps_zero(self):
        self.assertTrue(double(0) == 0)
`
}

const honest = { "double.py": "def double(n):\n    return n * 2\n" }

const failing = /^1 failing in test files of this session$/
const noReport = /^the report of the test runner is cut off or unreadable \(exit code 0\)$/

const source = (code: string) => ({ "double.py": `${code}\n\ndef double(n):\n    return 0\n` })
const inside = (code: string) => ({ "double.py": `import os, signal, sys\n\ndef double(n):\n    ${code}\n` })

const fake = String.raw`
import json, os, sys
file = os.path.abspath("tests/test_double.py")
tests = ["tests.test_double.DoubleTest.test_doubles", "tests.test_double.DoubleTest.test_keeps_zero"]
lines = [json.dumps({"file": file, "name": name, "status": "passed"}) for name in tests] + ['{"end": true}']
plain = "\n".join(lines) + "\n"
sealed = "".join("\n\x1ffluffy:%d:%s:%s\n" % (at, "0" * 64, line) for at, line in enumerate(lines))
`

const background = (command: string) =>
  source(`import subprocess
subprocess.Popen(["sh", "-c", ${JSON.stringify(command)}], start_new_session=True, stderr=subprocess.DEVNULL)`)

const attacks: ReadonlyArray<Attack> = [
  { name: "prints a plain report", files: source(`${fake}print(plain)`), verdict: "red", reason: failing },
  {
    name: "prints a sealed report",
    files: source(`${fake}print(sealed)`),
    verdict: "none",
    reason: /a report line that the test runner did not write$/
  },
  {
    name: "writes a sealed report to every descriptor and leaves",
    files: source(`${fake}
for fd in range(1, 20):
    try:
        os.write(fd, sealed.encode())
    except OSError:
        pass
os._exit(0)`),
    verdict: "none",
    reason: /a report line that the test runner did not write$/
  },
  {
    name: "leaves a report where runners that do not seal have theirs",
    files: source(`${fake}
for directory in ["/run/fluffy/report/", "/tmp/", "./"]:
    for name in ["0-unittest.jsonl", "1-unittest.jsonl"]:
        try:
            os.makedirs(directory, exist_ok=True)
            open(directory + name, "w").write(plain)
        except OSError:
            pass
os._exit(0)`),
    verdict: "none",
    reason: /^the test runner left no report \(exit code 0\)/
  },
  {
    name: "rewrites the reporter",
    files: source(`import os
for name in ["unittest_json.py", "fluffy_seal.py"]:
    for change in [lambda path: open(path, "w"), os.remove, lambda path: os.rename(path, path + "x")]:
        try:
            change("/run/fluffy/reporters/" + name)
        except OSError:
            pass`),
    verdict: "red",
    reason: failing
  },
  {
    name: "exits while it is loaded",
    files: source("import sys\nsys.exit(0)"),
    verdict: "red",
    reason: failing
  },
  {
    name: "exits while it is loaded, past every handler",
    files: source("import os\nos._exit(0)"),
    verdict: "none",
    reason: /^the test runner left no report \(exit code 0\)/
  },
  { name: "exits inside a test", files: inside("sys.exit(0)"), verdict: "red", reason: /^2 failing/ },
  {
    name: "exits inside the second test, past every handler",
    files: inside("os._exit(0) if n == 0 else None\n    return 0"),
    verdict: "none",
    reason: noReport
  },
  {
    name: "ends with 0 whatever happened",
    files: source("import atexit, os\natexit.register(lambda: os._exit(0))"),
    verdict: "none",
    reason: /^the report has failing tests but the exit code is 0$/
  },
  {
    name: "kills the runner",
    files: inside("os.kill(os.getpid(), signal.SIGKILL)"),
    verdict: "none",
    reason: /killed \(exit code 137\)$/
  },
  {
    name: "kills every process it sees",
    files: inside("os.kill(-1, signal.SIGKILL)\n    return 0"),
    verdict: "red",
    reason: /^2 failing/
  },
  {
    name: "patches the assertions",
    files: source(`import unittest
for name in ["assertEqual", "assertTrue", "fail"]:
    setattr(unittest.TestCase, name, lambda *args, **more: None)`),
    verdict: "none",
    reason: /changed unittest itself$/
  },
  {
    name: "patches the outcome of a test",
    files: source(`import contextlib, unittest.case
@contextlib.contextmanager
def executor(self, test, subTest=False):
    try:
        yield
    except BaseException:
        pass
unittest.case._Outcome.testPartExecutor = executor`),
    verdict: "none",
    reason: /changed unittest itself$/
  },
  {
    name: "patches what failures are reported by",
    files: source(`import unittest
unittest.TextTestResult.addFailure = lambda self, test, err: None`),
    verdict: "none",
    reason: /changed unittest itself$/
  },
  {
    name: "looks for the key in environment and arguments",
    files: source(`import os, re
seen = ""
for name in filter(str.isdigit, os.listdir("/proc")):
    for file in ["environ", "cmdline"]:
        try:
            seen += open("/proc/%s/%s" % (name, file)).read()
        except OSError:
            pass
# A key is 64 hexadecimal digits: finding one would end the process without a test.
if re.search("[0-9a-f]{64}", seen):
    os._exit(0)`),
    verdict: "red",
    reason: failing
  },
  {
    name: "is in the way of the standard library",
    files: {
      "json.py": "import os\nos._exit(0)\n",
      "hmac.py": "import os\nos._exit(0)\n",
      "sitecustomize.py": "import os\nos._exit(0)\n",
      "fluffy_seal.py": "import os\nos._exit(0)\n",
      ...source("")
    },
    verdict: "red",
    reason: failing
  },
  {
    name: "rewrites its test and loads it again",
    files: source(`import os
path = "tests/test_double.py"
text = open(path).read()
easy = "import unittest\\nclass DoubleTest(unittest.TestCase):\\n    def test_doubles(self): pass\\n    def test_keeps_zero(self): pass\\n"
def put():
    open(path, "w").write(easy)
def again():
    os.remove(path)
    put()
def folder():
    os.rename("tests", "testz")
    os.mkdir("tests")
    put()
for change in [put, again, folder]:
    try:
        change()
    except OSError:
        continue
    os.execv("/proc/self/exe", ["python3", "/run/fluffy/reporters/unittest_json.py", "--", path])`),
    verdict: "red",
    reason: failing
  },
  {
    name: "starts the runner a second time",
    files: source(`import os, sys
if not os.environ.get("AGAIN"):
    os.environ["AGAIN"] = "1"
    os.execv("/proc/self/exe", ["python3", "/run/fluffy/reporters/unittest_json.py", "--", "tests/test_double.py"])`),
    verdict: "none",
    reason: /^the test runner left no report/
  },
  {
    name: "leaves a process behind that writes a report later",
    files: background("sleep 5; printf '\\037fluffy:0:00:{}\\n'; echo x > /run/fluffy/report/0-unittest.jsonl"),
    verdict: "red",
    reason: failing
  },
  {
    name: "changes a file of the project during the run",
    files: source(`open("pyproject.toml", "w").write("[project]\\n")`),
    verdict: "none",
    reason: /^the run itself changed files of the project/
  },
  {
    name: "never ends",
    files: inside("while True: pass"),
    verdict: "none",
    reason: /^the run was stopped by its timeout limit$/,
    timeout: 1
  }
]

/** A project with a test run by unittest, and what is tried against it. */
export const unittest: Suite = { project, test, honest, attacks }
