"""Checks on a disassembled object that dispatch is one indirect jump and handlers are inlined.

    dispatch_jumps_once.py OBJDUMP OBJECT
"""
import re
import subprocess
import sys

THUNKS = 4 + 4  # the routes of dispatch_object.cpp, and what answers requests without one


def functions(objdump, path):
    """The instructions of each function, by its demangled name."""
    text = subprocess.run([objdump, "-d", "-r", "-C", "--no-show-raw-insn", path],
                          capture_output=True, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if head:
            body = found.setdefault(head.group(1), [])
        elif found:
            body.append(line)
    return found


def indirect_transfers(body):
    return [line for line in body if re.search(r"\b(call|jmp)q?\s+\*", line)]


def main():
    objdump, path = sys.argv[1:]
    found = functions(objdump, path)
    invoke = [body for name, body in found.items() if re.search(r"dispatcher<.*>::invoke\(", name)]
    thunks = [name for name in found if re.search(r"_thunk<.*>::run\(", name)]
    problems = []
    if len(invoke) != 1:
        problems.append(f"{len(invoke)} functions named invoke")
    for body in invoke:
        transfers = indirect_transfers(body)
        if len(transfers) != 1:
            problems.append(f"invoke has {len(transfers)} indirect jumps or calls: {transfers}")
    if len(thunks) != THUNKS:
        problems.append(f"{len(thunks)} thunks, not {THUNKS}: {thunks}")
    # Everything in that object's anonymous namespace is a handler.
    handlers = [name for name in found if name.startswith("(anonymous namespace)::")]
    problems += [f"a handler was not inlined: {name}" for name in handlers]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
