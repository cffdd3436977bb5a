"""Plugin of pytest for Fluffy's kernel: one sealed JSON line per test, then {"end": true}. See fluffy_seal.py.

It is loaded before pytest could rewrite its assertions, and has none: PYTEST_DONT_REWRITE.
"""
import os

import pytest

import fluffy_seal

MAX_MESSAGE = 4000

# A worker of pytest-xdist has its own use for standard input, and its tests are reported by the process that started it.
write = None if "PYTEST_XDIST_WORKER" in os.environ else fluffy_seal.take()
root = None


def report_line(report, name, status):
    line = {"file": os.path.join(root, report.nodeid.split("::")[0]), "name": name, "status": status}
    if status in ("failed", "error"):
        line["message"] = report.longreprtext[-MAX_MESSAGE:]
    write(line)


def pytest_configure(config):
    global root
    root = str(config.rootpath)


def pytest_collectreport(report):
    if write is not None and report.outcome != "passed":
        report_line(report, "(file)", "error" if report.failed else "skipped")


def pytest_runtest_logreport(report):
    if write is None or report.outcome not in ("passed", "failed", "skipped"):
        return
    if report.when == "call" or report.outcome != "passed":
        report_line(report, " > ".join(report.nodeid.split("::")[1:]), report.outcome)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    if write is not None:
        write({"end": True})
