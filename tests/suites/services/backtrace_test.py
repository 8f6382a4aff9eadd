#!/usr/bin/env python3
"""Checks that gdb shows waiting tasks as include/ferrule/debugging.md says, in a process and in a
core file.

    backtrace_test.py ROOT PROGRAM

Without gdb, or where it may not attach, nothing is checked (exit code 77).
"""
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from service_process import Service

SKIPPED = 77
root, program = map(pathlib.Path, sys.argv[1:3])
script = root / "cmake" / "ferrule_gdb.py"


def tasks(*arguments):
    """What `ferrule tasks` prints."""
    done = subprocess.run(["gdb", "-nx", "-batch", "-ex", f"source {script}", "-ex",
                           "ferrule tasks", *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    printed = re.search(r"(^Task 1:.*)?^\d+ tasks wait\.$", done.stdout, re.S | re.M)
    return printed[0] if printed else done.stdout


def as_shown():
    page = (root / "include/ferrule/debugging.md").read_text()
    return re.search(r"^Task 1:.*?tasks wait\.$", page, re.S | re.M)[0]


def without_places(text):
    """The folder of a file depends on how it was built."""
    return re.sub(r" at \S*?([\w.]+:\d+)$", r" at \1", text, flags=re.M)


class Backtraces(unittest.TestCase):
    maxDiff = None

    def test_a_process_and_a_core_file_show_what_waits(self):
        with Service(program, "--threads", "1", "--drain", "100ms") as service:
            self.assertEqual(tasks("-p", str(service.process.pid)), "0 tasks wait.")
            with socket.create_connection(("127.0.0.1", service.port)) as client:
                client.sendall(b"GET /users/7 HTTP/1.1\r\nHost: a\r\n\r\n")
                deadline = time.monotonic() + 10
                shown = ""
                while "tasks wait" not in shown or shown.startswith("0"):
                    self.assertLess(time.monotonic(), deadline, shown)
                    shown = tasks("-p", str(service.process.pid))
                self.assertEqual(without_places(shown), as_shown())
                with tempfile.TemporaryDirectory() as folder:
                    subprocess.run(["gcore", "-o", f"{folder}/core", str(service.process.pid)],
                                   check=True, capture_output=True, timeout=60)
                    (core,) = pathlib.Path(folder).iterdir()
                    self.assertEqual(without_places(tasks(str(program), str(core))), as_shown())


if __name__ == "__main__":
    if not shutil.which("gdb") or not shutil.which("gcore"):
        print("skipped: there is no gdb")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
