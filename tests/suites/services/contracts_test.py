#!/usr/bin/env python3
"""Has schemathesis look for what the services' OpenAPI documents promise and the services do not
keep: contracts_test.py BIN VENV

Its packages come from PyPI into the folder VENV, once. Where PyPI cannot be reached the test is
skipped (exit code 77).
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from service_process import Service

BIN, VENV = pathlib.Path(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).parent
PACKAGE = "schemathesis==4.32.5"
SKIPPED_EXIT_CODE = 77
PROGRAM = VENV / "bin" / "schemathesis"
# Methods that no route can have (TRACE, QUERY) are answered 501 (RFC 9110 section 9.1), which it
# holds for a fault.
SETTINGS = """[phases.coverage]
unexpected-methods = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"]
"""


def install():
    """Returns why that was not possible, or nothing."""
    mark = VENV / PACKAGE
    if mark.exists():
        return ""
    for command in ([sys.executable, "-m", "venv", VENV],
                    [VENV / "bin" / "pip", "install", "--quiet", "--timeout", "10", "--retries",
                     "1", "--disable-pip-version-check", PACKAGE]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()
            return lines[-1] if lines else "no reason given"
    mark.touch()
    return ""


def look_for_faults(url, *options):
    """Runs it; returns its exit code and report."""
    with tempfile.TemporaryDirectory() as folder:  # it keeps notes where it runs
        settings = pathlib.Path(folder) / "settings.toml"
        settings.write_text(SETTINGS)
        done = subprocess.run(
            [PROGRAM, "--config-file", settings, "run", f"{url}/openapi.json", "--checks", "all",
             "--max-examples", "100", "--seed", "1", "--generation-database", "none",
             "--no-color", "--warnings", "off", "--continue-on-failure", *options],
            cwd=folder, capture_output=True, text=True, timeout=400,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "contract_checks", "PYTHONPATH": str(HERE)})
    return done.returncode, done.stdout + done.stderr


class Contracts(unittest.TestCase):
    def check(self, url, *options):
        code, report = look_for_faults(url, *options)
        self.assertEqual(code, 0, report)
        self.assertIn("No issues found", report)

    def test_users_keeps_what_its_document_promises(self):
        with Service(BIN / "users", "--db", ":memory:") as users:
            self.check(users.url)

    def test_orders_keeps_what_its_document_promises(self):
        with Service(BIN / "users", "--db", ":memory:") as users, \
                Service(BIN / "orders", "--db", ":memory:", "--users", users.url) as orders:
            # Whether there is a user, or another order with a key, no schema can tell: the check of
            # the same purpose in contract_checks.py knows such refusals from those of a value.
            self.check(orders.url, "--exclude-checks", "positive_data_acceptance")


if __name__ == "__main__":
    failure = install()
    if failure:
        print(f"skipped: {PACKAGE} cannot be installed: {failure}")
        sys.exit(SKIPPED_EXIT_CODE)
    unittest.main()
