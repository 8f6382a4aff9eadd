#!/usr/bin/env python3
"""Checks that what the README files show is what happens.

    check_readme.py --root DIR --bin DIR [--compiler CXX] [FILE...]

In each file (README.md, services/*/README.md and include/ferrule/**/*.md by default):
  * the first ```cpp block of README.md is services/hello/main.cpp, to the letter;
  * every ```cpp block compiles, unless the block after it is ```text: then it must fail, with
    every line of that text in what the compiler prints ("..." stands for anything);
  * every line `$ curl ...` of a ```console block is run against the service whose port it names
    (hello 8000, users 8001 and 8011, orders 8002), started anew on a free port, and must print what
    follows it. Dates and trace ids are compared as if they were all the same.

Prints what differs; exits 1 if anything does.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

# By the port that is shown; "{folder}" is a new one, "{p8001}" the URL that this port stands for.
SERVICES = {
    "8000": ("hello",),
    "8001": ("users", "--db", "{folder}/users.db"),
    "8011": ("users", "--db", "{folder}/users.db"),
    "8002": ("orders", "--db", "{folder}/orders.db", "--users", "{p8001}", "--users", "{p8011}"),
}


def blocks(text):
    """The fenced blocks of a Markdown text as (language, body) in order."""
    return [(m[1], m[2]) for m in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)]


def console_commands(body):
    """The `$ ` lines of a console block, each with what is printed after it."""
    commands = []
    for line in body.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif commands:
            commands[-1][1].append(line)
    return [(command, "\n".join(lines).strip()) for command, lines in commands]


def normalised(text):
    text = re.sub(r"Date: [^\r\n]*", "Date: (now)", text.replace("\r", ""))
    return re.sub(r'"trace_id":"[0-9a-f]{32}"', '"trace_id":"(any)"', text).strip()


class Services:
    """The services that commands talk to, each on a free port of its own."""

    def __init__(self, folder):
        self.folder, self.running, self.ports = folder, [], {}

    def __enter__(self):
        self.data = tempfile.TemporaryDirectory()
        known = {"folder": self.data.name}
        for shown_port, (name, *options) in SERVICES.items():
            process = subprocess.Popen(
                [self.folder / name, "--port", "0", "--threads", "1",
                 *(option.format(**known) for option in options)],
                stderr=subprocess.PIPE, text=True)
            self.running.append(process)
            url = process.stderr.readline().strip().rsplit(" ", 1)[1]
            known["p" + shown_port] = url
            self.ports[shown_port] = url.rsplit(":", 1)[1]
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.terminate()
            process.wait(10)
            process.stderr.close()
        self.data.cleanup()

    def run(self, command):
        for shown, real in self.ports.items():
            command = command.replace(f"127.0.0.1:{shown}", f"127.0.0.1:{real}")
        done = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=20)
        answer = done.stdout
        for shown, real in self.ports.items():
            answer = answer.replace(f"127.0.0.1:{real}", f"127.0.0.1:{shown}")
        return answer


def check_commands(text, services):
    wrong = []
    for language, body in blocks(text):
        for command, expected in console_commands(body) if language == "console" else []:
            if not command.startswith("curl "):
                continue
            got = normalised(services.run(command))
            # services/up goes on after the answers; its next words are no part of them.
            if got != normalised(expected).split("\n\n")[0] and got != normalised(expected):
                wrong.append(f"$ {command}\nshown:  {expected}\nprints: {got}")
    return wrong


def compiler_output(source, root, compiler):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp") as file:
        file.write(source)
        file.flush()
        done = subprocess.run(
            [compiler, "-std=c++20", "-fsyntax-only", "-Werror=dangling", "-DFMT_HEADER_ONLY=1",
             f"-I{root}/include", f"-I{root}", file.name], capture_output=True, text=True)
    return done.returncode, done.stderr


def contains(output, line):
    pattern = ".*".join(re.escape(part) for part in line.strip().split("..."))
    return re.search(pattern, output) is not None


def check_code(text, root, compiler):
    wrong, all_blocks = [], blocks(text)
    for i, (language, body) in enumerate(all_blocks):
        if language != "cpp":
            continue
        expected = all_blocks[i + 1] if i + 1 < len(all_blocks) else ("", "")
        source = body if "#include" in body else "#include <ferrule/ferrule.hpp>\n" \
                                                 "using namespace ferrule;\n" + body
        code, output = compiler_output(source, root, compiler)
        if expected[0] != "text":
            if code != 0:
                wrong.append(f"does not compile:\n{body}\n{output}")
            continue
        missing = [line for line in expected[1].splitlines() if line and not contains(output, line)]
        if code == 0 or missing:
            wrong.append(f"should not compile:\n{body}\nmissing: {missing}\n{output}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    given = parser.parse_args()
    readme = given.root / "README.md"
    files = given.files or [readme, *sorted(given.root.glob("services/*/README.md")),
                            *sorted(given.root.glob("include/ferrule/**/*.md"))]
    wrong = []
    for path in files:
        text = path.read_text()
        if path == readme:
            first = next(body for language, body in blocks(text) if language == "cpp")
            if first != (given.root / "services/hello/main.cpp").read_text():
                wrong.append("README.md: the first example is not services/hello/main.cpp")
        with Services(given.bin) as services:  # new ones: each file tells its own story
            wrong += [f"{path.name}: {what}" for what in check_commands(text, services)]
        wrong += [f"{path.name}: {what}" for what in check_code(text, given.root, given.compiler)]
    print("\n\n".join(wrong) or "what is shown is what happens")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
