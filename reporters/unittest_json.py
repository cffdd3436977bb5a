"""Runs unittest files for Fluffy's kernel: one sealed JSON line per test, then {"end": true}. See fluffy_seal.py.

Arguments: [-k TEXT] [--] FILE...; without files every test*.py and *_test.py below the current directory. Exit code 0 when all
passed, 1 when one failed, 5 when there was none.
"""
import importlib
import importlib.util
import os
import sys
import traceback
import unittest

import fluffy_seal

MAX_MESSAGE = 4000
SKIPPED_DIRECTORIES = {"node_modules", "venv", "env", "site-packages", "__pycache__", "build", "dist"}


def discover():
    for directory, names, files in os.walk("."):
        names[:] = sorted(name for name in names if name not in SKIPPED_DIRECTORIES and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".py") and (name.startswith("test") or name.endswith("_test.py")):
                yield os.path.normpath(os.path.join(directory, name))


class Result(unittest.TextTestResult):
    file = None
    write = None
    bad = 0
    ran = 0

    def report(self, test, status, message=None):
        self.ran += 1
        if status in ("failed", "error"):
            self.bad += 1
        line = {"file": self.file, "name": test.id(), "status": status}
        if message is not None:
            line["message"] = message[-MAX_MESSAGE:]
        self.write(line)

    def addSuccess(self, test):
        super().addSuccess(test)
        if not getattr(test, "_fluffy_failed", False):
            self.report(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report(test, "failed", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        load = type(test).__name__ == "_FailedTest"
        self.report(test, "error" if load else "failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            test._fluffy_failed = True
            self.report(test, "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.report(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.report(test, "failed", "it was expected to fail and passed")


def load(path):
    """Imports a test file by its dotted name from the current directory, or by its path where that names another file."""
    full = os.path.abspath(path)
    folder = os.path.dirname(full)
    if folder not in sys.path:
        sys.path.append(folder)
    parts = os.path.splitext(os.path.relpath(full))[0].split(os.sep)
    name = ".".join(parts)
    if all(part.isidentifier() for part in parts):
        found = None
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            pass
        if found is not None and found.origin is not None and os.path.realpath(found.origin) == os.path.realpath(full):
            return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("fluffy_test_" + "_".join(parts).replace(".", "_"), full)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def machinery():
    """What decides whether a test passes: everything of unittest that code under test could replace."""
    parts = (unittest, unittest.case, unittest.suite, unittest.result, unittest.runner, unittest.TestCase)
    parts += (unittest.case._Outcome, unittest.TestSuite, unittest.TestResult, unittest.TextTestResult, Result)
    return [dict(vars(part)) for part in parts]


def main():
    write = fluffy_seal.take()
    sys.path[0] = os.getcwd()
    args = sys.argv[1:]
    loader = unittest.TestLoader()
    if args[:1] == ["-k"]:
        text = args[1]
        loader.testNamePatterns = [text if "*" in text else "*" + text + "*"]
        args = args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    stream = unittest.runner._WritelnDecorator(sys.stderr)
    result = Result(stream, True, 2)
    result.write = write
    before = machinery()
    for path in args or list(discover()):
        result.file = os.path.abspath(path)
        try:
            module = load(path)
            suite = loader.loadTestsFromModule(module)
        except unittest.SkipTest as skip:
            result.ran += 1
            write({"file": result.file, "name": "(file)", "status": "skipped", "message": str(skip)[-MAX_MESSAGE:]})
            continue
        except BaseException:
            result.ran += 1
            result.bad += 1
            message = traceback.format_exc()
            sys.stderr.write(message)
            write({"file": result.file, "name": "(file)", "status": "error", "message": message[-MAX_MESSAGE:]})
            continue
        suite.run(result)
    result.printErrors()
    if any(now.get(name) is not value for then, now in zip(before, machinery()) for name, value in then.items()):
        write({"problem": "the tests or the code under test changed unittest itself"})
    write({"end": True})
    sys.exit(1 if result.bad else 0 if result.ran else 5)


main()
