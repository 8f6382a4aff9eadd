"""Compiles every header on its own, and the examples that public headers open with.

    compile_alone.py --tree DIR --out DIR [--examples] [--library] -- COMPILER FLAG...

Every header under include/ and lib/ must compile as the first line of a source file, without a
warning; where a private one is the first line of a source file, building that shows it. clang does
so with modules: header_modules.py. With --library, which GCC is quick enough for, all of them must
compile together, and every .cpp under lib/, a folder at a time. With --examples, every public
header must have at least one ```cpp fence in its opening `/// @file` comment, and each must compile
after including just that header. The rule for one:

  * `#include` lines in it go to the top;
  * the rest compiles at namespace scope or, failing that, as the body of a function, which is a
    coroutine (ferrule::task<>) if it says co_await. What it declares need not be used.
"""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import textwrap

from header_modules import module_flags

# What an example that is a function's body has at the beginning of a line.
STATEMENT = re.compile(r"^(if|for|while|return|co_\w+|FERRULE_\w+)\b|^[\w.:]+(\(|\.| \+?= |\+\+)",
                       re.MULTILINE)
UNUSED_IS_FINE = ["-Wno-unused", "-Wno-unused-value", "-Wno-unused-parameter"]
# GCC warns of what a header makes of an anonymous namespace, and takes these for headers.
ONE_OF_SEVERAL = ["-Wno-subobject-linkage"]
ERROR_LINES_MAX = 15


@dataclasses.dataclass
class Compiler:
    command: list
    out: pathlib.Path

    def errors_in(self, source, flags=()):
        """Compiles a source file; returns what the compiler says of it."""
        command = [*self.command, *flags, "-fsyntax-only", source]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            return ""
        return shorten(done.stderr or "the compiler failed silently")

    def errors(self, name, text, flags=()):
        """Compiles `text` as a source file of that name."""
        source = self.out / (re.sub(r"\W", "_", name) + ".cpp")
        if not source.exists() or source.read_text() != text:
            source.write_text(text)
        return self.errors_in(source, flags)


def examples_in(header_text):
    """The ```cpp fences of the comment that starts with `/// @file`."""
    opening = re.search(r"^/// @file\n((?:///.*\n)*)", header_text, re.MULTILINE)
    if not opening:
        return []
    comment = re.sub(r"^/// ?", "", opening.group(1), flags=re.MULTILINE)
    return re.findall(r"^```cpp\n(.*?)^```", comment, re.MULTILINE | re.DOTALL)


def as_declarations(include, example):
    return f'#include "{include}"\n{example}'


def as_function_body(include, example):
    includes = "".join(re.findall(r"^#include.*\n", example, re.MULTILINE))
    body = re.sub(r"^#include.*\n", "", example, flags=re.MULTILINE)
    is_coroutine = re.search(r"\bco_(await|return|yield)\b", body)
    result = "ferrule::task<>" if is_coroutine else "void"
    includes += '#include "ferrule/core/task.hpp"\n' if is_coroutine else ""
    return (f'#include "{include}"\n{includes}{result} example();\n'
            f"{result} example() {{\n{textwrap.indent(body, '  ')}}}\n")


def check_header(compiler, include, text):
    """Returns what is wrong with one header, or an empty string."""
    errors = compiler.errors(include, f'#include "{include}"\n')
    return f"{include} does not compile alone:\n{errors}" if errors else ""


def check_examples(compiler, include, text):
    """The same for a public header and its examples, whose first line is the header."""
    examples = examples_in(text)
    if not examples:
        return f"{include} has no ```cpp example in an opening `/// @file` comment"
    for number, example in enumerate(examples, 1):
        name = f"{include} example {number}"
        places = [(name, as_declarations), (f"{name} in a function", as_function_body)]
        if STATEMENT.search(example):  # the likelier place first
            places.reverse()
        errors = {}
        for place, written in places:
            errors[place] = compiler.errors(place, written(include, example), UNUSED_IS_FINE)
            if not errors[place]:
                break
        else:
            return check_header(compiler, include, text) or "\n".join(
                f"{place} does not compile:\n{said}" for place, said in errors.items())
    return ""


def check_sources(compiler, tree, paths):
    """Returns what is wrong with each of the source files of a folder. They are compiled as one,
    which is several times quicker; where that fails, perhaps only because two of them use a name,
    the halves are tried."""
    name = str(paths[0].relative_to(tree))
    if len(paths) == 1:
        errors = compiler.errors_in(paths[0])
        return [f"{name} does not compile:\n{errors}" if errors else ""]
    together = "".join(f'#include "{path}"\n' for path in paths)
    if not compiler.errors(f"{name} and {len(paths) - 1} more", together, ONE_OF_SEVERAL):
        return [""] * len(paths)
    middle = len(paths) // 2
    return (check_sources(compiler, tree, paths[:middle]) +
            check_sources(compiler, tree, paths[middle:]))


def one_of_each(problems):
    """One of those that have the first error in common, because they include the same header."""
    first = {}
    for problem in problems:
        error = re.search(r"^.*\berror: .*$", problem, re.MULTILINE)
        first.setdefault(error.group() if error else problem, problem)
    return first.values()


def shorten(text):
    lines = text.splitlines()
    shown, hidden = lines[:ERROR_LINES_MAX], lines[ERROR_LINES_MAX:]
    return "\n".join(shown + ([f"... {len(hidden)} more lines"] if hidden else []))


def headers_of(tree, folder):
    """Each header as it is included, with its path."""
    for path in sorted((tree / folder).rglob("*.hpp")):
        yield str(path.relative_to(tree / folder)), path


def include_all(tree):
    return "".join(f'#include "{include}"\n' for folder in ("include", "lib")
                   for include, _ in headers_of(tree, folder))


def built_alone(tree):
    """The headers that are the first line of a source file, which is compiled whenever the library
    is built."""
    openings = (path.read_text().lstrip() for path in (tree / "lib").rglob("*.cpp"))
    found = (re.match(r'#include "(.*)"', opening) for opening in openings)
    return {match.group(1) for match in found if match}


def check_tree(compiler, tree, with_examples):
    """Returns what is wrong with each header in turn; an empty string is a good one."""
    headers = [path for folder in ("include", "lib") for _, path in headers_of(tree, folder)]
    flags = module_flags(compiler.command, headers, compiler.out)
    compiler = dataclasses.replace(compiler, command=compiler.command + flags)
    # Builds each module once; several compilers at a time could meet in building one.
    compiler.errors("every header", include_all(tree))
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        check = check_examples if with_examples else check_header
        for include, path in headers_of(tree, "include"):
            jobs.append(pool.submit(check, compiler, include, path.read_text()))
        built = built_alone(tree)
        for include, path in headers_of(tree, "lib"):
            if include not in built:
                jobs.append(pool.submit(check_header, compiler, include, path.read_text()))
        return [job.result() for job in jobs]


def check_library(compiler, tree):
    """The same for a file that includes every header, and for each source file."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        headers = pool.submit(compiler.errors, "all headers", include_all(tree))
        folders = {}
        for path in sorted((tree / "lib").rglob("*.cpp")):
            folders.setdefault(path.relative_to(tree / "lib").parts[0], []).append(path)
        jobs = [pool.submit(check_sources, compiler, tree, paths) for paths in folders.values()]
        return [headers.result(), *(result for job in jobs for result in job.result())]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tree", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--examples", action="store_true")
    parser.add_argument("--library", action="store_true")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()

    out = args.out / args.command[0]
    out.mkdir(parents=True, exist_ok=True)
    compiler = Compiler(args.command, out)
    if args.library:
        results = check_library(compiler, args.tree)
    else:
        results = check_tree(compiler, args.tree, args.examples)
    problems = [problem for problem in results if problem]
    for problem in one_of_each(problems):
        print(problem, end="\n\n")
    print(f"{len(results)} files compiled by {args.command[0]}, {len(problems)} with problems")
    return 1 if problems or not results else 0


if __name__ == "__main__":
    sys.exit(main())
