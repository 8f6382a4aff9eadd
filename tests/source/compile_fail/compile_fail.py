"""Checks what the compiler must refuse, and that its message helps.

    compile_fail.py DIR -- COMPILER FLAG...

Every DIR/*.cpp holds cases of one subject:

    #include ...                      the head, for all cases of the file

    //! case: what is refused
    //! expect: a piece of the error message; every line of these must appear
    //! first: a piece of the first error, where what it says first matters
    //! lines: how many lines all errors have at most
    ... declarations for both ...
    #ifdef REFUSED
    ... what must not compile ...
    #else
    ... its twin, which must ...
    #endif

The head is precompiled. The twins of a file are compiled together, each in a namespace of its own.
What is refused is compiled on its own: it must fail, with all that is expected in the message.
"""
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile


@dataclasses.dataclass
class Case:
    name: str
    expected: list
    first: str
    lines_max: int
    code: str


def parse(text):
    """The head of a file and its cases."""
    head, *parts = re.split(r"^//! case: ", text, flags=re.MULTILINE)
    cases = []
    for part in parts:
        name, _, rest = part.partition("\n")
        expected = re.findall(r"^//! expect: (.*)$", rest, re.MULTILINE)
        first = re.search(r"^//! first: (.*)$", rest, re.MULTILINE)
        lines = re.search(r"^//! lines: (\d+)$", rest, re.MULTILINE)
        cases.append(Case(name, expected, first.group(1) if first else "",
                          int(lines.group(1)) if lines else 0, rest))
    return head, cases


class Checker:
    """Compiles the cases of one file."""

    def __init__(self, command, file, folder):
        self.command = command
        self.name = file.name
        self.stem = pathlib.Path(folder) / file.stem
        self.head, self.cases = parse(file.read_text())

    def run(self, *arguments):
        done = subprocess.run([*self.command, *arguments], capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr

    def errors(self, name, text):
        source = self.stem.with_name(f"{self.stem.name}_{name}.cpp")
        source.write_text(text)
        return self.run("-fsyntax-only", "-include-pch", f"{self.stem}.pch", source)

    def precompile(self):
        header = self.stem.with_suffix(".hpp")
        header.write_text(self.head)
        errors = self.run("-x", "c++-header", header, "-o", f"{self.stem}.pch")
        return f"{self.name}: the head does not compile:\n{errors[:3000]}" if errors else ""

    def check_twins(self):
        spaces = (f"namespace case_{i} {{\n{case.code}}}\n" for i, case in enumerate(self.cases))
        errors = self.errors("twins", "".join(spaces))
        return f"{self.name}: a twin does not compile:\n{errors[:3000]}" if errors else ""

    def check_refused(self, number, case):
        errors = self.errors(number, "#define REFUSED\n" + case.code)
        where = f"{self.name}: {case.name}"
        if errors is None:
            return f"{where}: compiles"
        if not case.expected and not case.first:
            return f"{where}: says nothing of what it expects"
        missing = [text for text in case.expected if text not in " ".join(errors.split())]
        if missing:
            return f"{where}: the message lacks {missing}:\n{errors[:3000]}"
        first = next((line for line in errors.splitlines() if "error: " in line), "")
        if case.first not in first:
            return f"{where}: the first error lacks '{case.first}': {first}"
        lines = len(errors.splitlines())
        if case.lines_max and lines > case.lines_max:
            return f"{where}: {lines} lines, more than {case.lines_max}:\n{errors[:6000]}"
        return ""


def check(command, files):
    """Returns the number of cases and what is wrong with them."""
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        checkers = [Checker(command, file, folder) for file in files]
        problems = list(pool.map(Checker.precompile, checkers))
        jobs = []
        for checker in checkers:
            jobs.append(pool.submit(checker.check_twins))
            jobs += [pool.submit(checker.check_refused, number, case)
                     for number, case in enumerate(checker.cases)]
        problems += [job.result() for job in jobs]
    cases = sum(len(checker.cases) for checker in checkers)
    return cases, [problem for problem in problems if problem]


def main():
    folder, _, *command = sys.argv[1:]
    count, problems = check(command, sorted(pathlib.Path(folder).glob("*.cpp")))
    for problem in problems:
        print(problem, end="\n\n")
    print(f"{count} cases, {len(problems)} problems")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
