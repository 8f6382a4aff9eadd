#!/usr/bin/env python3
"""Checks that each program of services/examples/ does what its opening comment says.

    examples_test.py SOURCES EXECUTABLES

In the comment a line "$ name arguments..." starts the example: in the background if the
arguments have a --port, else its output follows. Other lines that begin with "$ " are commands of
a shell, in an empty folder, each followed by what it prints; 8000 stands for the port and FOLDER
for that folder. A line that ends with a backslash goes on in the next. An example has at most 100
lines, and says something in its comment.
"""
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from service_process import Service

LINES_MAX = 100
sources, executables = map(pathlib.Path, sys.argv[1:3])


def steps_of(source):
    """The commands of the opening comment, each with what it prints."""
    comment = re.match(r"(//.*\n)*", source.read_text())[0]
    steps = []
    for line in re.sub(r"\\\n// *", "", comment).splitlines():
        text = line.removeprefix("//").removeprefix("   ")
        if text.startswith("$ "):
            steps.append((text[2:], []))
        elif steps:
            steps[-1][1].append(text)
    return [(command, "\n".join(lines).strip()) for command, lines in steps]


def normalised(text):
    return re.sub(r'"trace_id":"[^"]*"', '"trace_id":"..."', text.replace("\r", "")).strip()


class Examples(unittest.TestCase):
    def try_example(self, source):
        name = source.stem
        steps = steps_of(source)
        self.assertLessEqual(len(source.read_text().splitlines()), LINES_MAX)
        self.assertTrue(steps, "its comment shows nothing")
        with tempfile.TemporaryDirectory() as folder:
            self.run_steps(name, folder, steps)

    def run_steps(self, name, folder, steps):
        program = str(executables / name)
        first, printed = steps[0]
        self.assertEqual(shlex.split(first)[0], name, "it is started first")
        if "--port" not in first:
            self.check(program, folder, first.replace(name, shlex.quote(program), 1), printed, "")
            return
        self.assertEqual(printed, "")
        port = free_port()
        arguments = first.replace("8000", str(port)).replace("FOLDER", folder)
        with Service(program, *shlex.split(arguments)[1:], cwd=folder) as service:
            self.assertEqual(service.port, port)
            for command, printed in steps[1:]:
                if shlex.split(command)[0] == name:
                    command = command.replace(name, shlex.quote(program), 1)
                self.check(program, folder, command, printed, str(port))
        self.assertEqual(service.code, 0, "how it ended")

    def check(self, program, folder, command, printed, port):
        if port:
            command = command.replace("8000", port).replace("FOLDER", folder)
            printed = printed.replace("8000", port)
        done = subprocess.run(["bash", "-c", command], cwd=folder, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(normalised(done.stdout), normalised(printed), command)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def add_tests():
    for source in sorted(sources.glob("*.cpp")):
        setattr(Examples, f"test_{source.stem}",
                lambda self, source=source: self.try_example(source))


class Uploads(unittest.TestCase):
    def test_of_two_processes_on_one_folder_do_not_mix(self):  # as while one is restarted
        program = executables / "uploads"
        with tempfile.TemporaryDirectory() as folder:
            with Service(program, "--folder", folder) as one, \
                    Service(program, "--folder", folder) as other:
                begun = []
                for service, name in ((one, "a"), (other, "b")):
                    client = socket.create_connection(("127.0.0.1", service.port), timeout=30)
                    client.sendall(f"PUT /files/{name} HTTP/1.1\r\nHost: a\r\n"
                                   f"Content-Length: 2000\r\n\r\n{name * 1000}".encode())
                    begun.append((client, name))
                    self.wait_for_parts(folder, len(begun))
                for client, name in begun:
                    client.sendall(name.encode() * 1000)
                    self.assertIn(b" 200 ", client.recv(1000))
                    client.close()
            for _, name in begun:
                self.assertEqual((pathlib.Path(folder) / name).read_text(), name * 2000)

    def wait_for_parts(self, folder, count):
        end = time.monotonic() + 30
        while len(list(pathlib.Path(folder).glob(".part*"))) < count:
            self.assertLess(time.monotonic(), end, "each has a part of its own")
            time.sleep(0.01)


class BackgroundWork(unittest.TestCase):
    def test_sends_what_is_queued_before_it_ends(self):
        with Service(executables / "background_work") as service:
            for number in range(20):
                urllib.request.urlopen(service.url + "/mails", data=b"m%d" % number, timeout=30)
            service.process.send_signal(signal.SIGTERM)
            log = service.process.stderr.read()
        self.assertEqual(re.findall(r"sent to (m\d+)", log), [f"m{n}" for n in range(20)])


class Count(unittest.TestCase):
    def test_there_are_a_dozen_and_the_readme_has_each(self):
        names = {source.stem for source in sources.glob("*.cpp")}
        readme = (sources.parents[1] / "README.md").read_text()
        self.assertGreaterEqual(len(names), 12)
        self.assertEqual(names, set(re.findall(r"services/examples/(\w+)\.cpp", readme)))


if __name__ == "__main__":
    add_tests()
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
