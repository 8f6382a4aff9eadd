"""Checks what no compiler does: who may include whom, lengths, names of files, forbidden words.

    tidy.py TREE        prints what is wrong with the tree; exit code 1 if anything is

Each check is a function of a path and its text that yields problems, and has a bad sample in
tidy_test.py. A line starting with "advice" does not fail the check.
"""
import pathlib
import re
import sys

# A folder includes only folders of a lower layer, and itself.
LAYERS = [
    ["core"],
    ["json", "observe"],
    ["io"],
    ["net"],
    ["http", "dns", "tls", "storage", "compress"],
    ["api", "resilience"],
    ["route", "client"],
    ["ops", "mesh", "saga"],
    ["app"],
    ["test"],
]
LAYER_OF = {folder: layer for layer, folders in enumerate(LAYERS) for folder in folders}

FOLDERS = ["include", "lib", "tests", "services", "benchmarks", "cmake", ".ci"]
CPP = {".hpp", ".cpp"}
CODE = CPP | {".py", ".cmake", ".sh", ".txt"}
LINE_COLUMNS_MAX = 100
FILE_LINES_AIM, FILE_LINES_MAX = 400, 500
FUNCTION_LINES_AIM, FUNCTION_LINES_MAX = 70, 90

FORBIDDEN_EVERYWHERE = {
    r"\b(TODO|FIXME|XXX|HACK)\b": "unfinished work",
    r"(?<![\w.$}/])/(root|home)/\w": "a path of one machine",
}
FORBIDDEN_IN_LIBRARY = {
    r"#include <(iostream|fstream|sstream|iomanip|locale|regex)>": "links std::locale",
    r"\bstd::(function|regex|locale|cout|cerr)\b": "not in the library",
    r"\b(dynamic_cast|typeid)\b": "the library does not depend on RTTI",
    r"\busing namespace std;": "not in the library",
}


def is_library(path):
    return path.parts[0] in ("include", "lib") and path.suffix in CPP


def folder_of(path):
    """The library folder of include/ferrule/<folder>/... or lib/<folder>/...; None elsewhere."""
    parts = path.parts[2:] if path.parts[:2] == ("include", "ferrule") else path.parts[1:]
    return parts[0] if len(parts) > 1 else None


def check_includes(path, text):
    if not is_library(path):
        return
    own = folder_of(path)
    if own is None:
        own = "app"  # the umbrella header
    if own not in LAYER_OF:
        yield f"{path}: the folder {own} has no layer; give it one in {pathlib.Path(__file__).name}"
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include [<"](?:ferrule/)?(\w+)/[^>"]+\.hpp[>"]', line)
        if not match or match.group(1) not in LAYER_OF or match.group(1) == own:
            continue
        if LAYER_OF[match.group(1)] >= LAYER_OF[own]:
            yield f"{path}:{number}: {own} includes {match.group(1)}, which is not below it"


def check_line_length(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_COLUMNS_MAX:
            yield f"{path}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}"


def check_file_length(path, text):
    yield from judge_length(f"{path}", len(text.splitlines()), FILE_LINES_AIM, FILE_LINES_MAX)


def judge_length(what, lines, aim, most):
    if lines > most:
        yield f"{what}: {lines} lines, at most {most}"
    elif lines > aim:
        yield f"advice {what}: {lines} lines, aim at {aim}"


def code_only(text):
    """C++ without comments, literals and the preprocessor; lines stay where they are."""
    other = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                       r"|(?<!\w)'(?:\\.|[^'\\\n])+'|^[ ]*#(?:[^\n]*\\\n)*[^\n]*",
                       re.DOTALL | re.MULTILINE)
    return other.sub(lambda match: "\n" * match.group().count("\n"), text)


def opens_function(head):
    """Whether the text that leads up to a brace has parameters and is not a type's or a block's."""
    return ")" in head and not re.search(
        r"\b(struct|class|union|enum|namespace)\b[^()]*$|^\s*(if|for|while|switch|catch)\b", head)


def functions_in(text):
    """(first line, number of lines) of each outermost function body."""
    text = code_only(text)
    open_braces = []  # (line, is a function, where its head starts)
    head_start = 0
    for brace in re.finditer(r"[{};]", text):
        line = text.count("\n", 0, brace.start()) + 1
        if brace.group() == "{":
            is_function = opens_function(text[head_start:brace.start()])
            open_braces.append((line, is_function, head_start))
        head_start_after = brace.end()
        if brace.group() == "}" and open_braces:
            first, is_function, own_head = open_braces.pop()
            if is_function and not any(outer for _, outer, _ in open_braces):
                yield first, line - first + 1
            if first == line:  # an initialiser, perhaps in a constructor's head
                head_start_after = own_head
        head_start = head_start_after


def check_function_length(path, text):
    if path.suffix in CPP:
        for first, lines in functions_in(text):
            yield from judge_length(f"{path}:{first}: function", lines,
                                    FUNCTION_LINES_AIM, FUNCTION_LINES_MAX)


def check_words(path, text):
    if path.parts[:2] == ("tests", "source"):
        return  # has them as samples
    rules = FORBIDDEN_EVERYWHERE | (FORBIDDEN_IN_LIBRARY if is_library(path) else {})
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, why in rules.items():
            match = re.search(pattern, line)
            if match and not (is_library(path) and line.lstrip().startswith("//")
                              and pattern in FORBIDDEN_IN_LIBRARY):
                yield f"{path}:{number}: {match.group()!r}: {why}"


def check_header_opening(path, text):
    if path.suffix != ".hpp":
        return
    if not text.startswith("#pragma once\n"):
        yield f"{path}: does not open with #pragma once"
    if path.parts[0] == "include" and not text.startswith("#pragma once\n/// @file\n/// "):
        yield f"{path}: does not open with a `/// @file` comment"


def check_mirrors(paths):
    """x.cpp and x_test.cpp stand where x.hpp does; more_x.cpp and x_more_test.cpp will do too.

    In lib/<folder>/<part>/ the headers of that part are enough.
    """
    headers = [path.relative_to("include/ferrule" if path.parts[0] == "include" else "lib")
               for path in paths if is_library(path) and path.suffix == ".hpp"]

    def has_header(folder, name):
        return any(header.parent == folder and
                   (len(folder.parts) > 1 or f"_{header.stem}_" in f"_{name}_")
                   for header in headers)

    for path in paths:
        folder = pathlib.Path(*path.parts[1:-1])
        if path.parts[0] == "lib" and path.suffix == ".cpp":
            if not has_header(folder, path.stem):
                yield f"{path}: no header of that name in include/ferrule/{folder} or lib/{folder}"
        elif path.parts[:2] == ("tests", "unit") and path.name.endswith("_test.cpp"):
            folder = folder.relative_to("unit")
            name = path.name.removesuffix("_test.cpp")
            if folder.parts[0] in LAYER_OF and not has_header(folder, name):
                yield f"{path}: no header in {folder} that it could test"


FAIRNESS_TEST = pathlib.Path("tests/unit/core/task_fairness_test.cpp")


def check_awaitables(tree, paths):
    """Whatever can be awaited is tried in the test that nothing awaited keeps others waiting."""
    tried = (tree / FAIRNESS_TEST).read_text() if (tree / FAIRNESS_TEST).exists() else ""
    for path in paths:
        if not is_library(path) or path.suffix not in CPP:
            continue
        text = code_only((tree / path).read_text())
        name = str(path).removeprefix("include/ferrule/").removeprefix("lib/")
        if "await_suspend(" in text and name not in tried:
            yield f"{path}: defines an awaitable that {FAIRNESS_TEST} does not name"
        for promise in re.finditer(r"(?:class|struct) (?:\w+::)?promise_type\b([^;{]*)\{", text):
            if "promise_base" not in promise.group(1):
                yield f"{path}: a promise that is no promise_base, so that its awaits are not fair"


CHECKS = [check_includes, check_line_length, check_file_length, check_function_length, check_words,
          check_header_opening]


def check_file(path, text):
    for check in CHECKS:
        yield from check(path, text)


def check_tree(tree):
    files = [path.relative_to(tree) for folder in FOLDERS for path in (tree / folder).rglob("*")
             if path.is_file() and "build" not in path.relative_to(tree).parts]
    files += [path for path in [pathlib.Path("CMakeLists.txt")] if (tree / path).exists()]
    for path in sorted(files):
        is_script = not path.suffix and (tree / path).read_bytes().startswith(b"#!")
        if path.suffix in CODE or is_script:
            yield from check_file(path, (tree / path).read_text())
    yield from check_mirrors(sorted(files))
    yield from check_awaitables(tree, sorted(files))


def main():
    problems = list(check_tree(pathlib.Path(sys.argv[1])))
    print("\n".join(problems) or "nothing wrong")
    return 1 if any(not problem.startswith("advice") for problem in problems) else 0


if __name__ == "__main__":
    sys.exit(main())
