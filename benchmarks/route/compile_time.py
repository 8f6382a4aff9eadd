#!/usr/bin/env python3
"""How much longer one translation unit compiles because its handlers are routed.

    compile_time.py [--routes N ...] [--runs N] [--compiler NAME] [--max SECONDS ...]

Generates N handlers of five kinds. Compiles them with -O2, once in a route table with a dispatcher
(patterns of two to five segments) and once merely pointed at, and prints the difference of the
medians, in seconds of CPU time, which is the wall time of an idle machine. With --max, exits with 1
if a difference is above its budget.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROLOGUE = """
#include "ferrule/core/sleep.hpp"
#include "ferrule/route/dispatcher.hpp"
using namespace ferrule;
struct item { std::uint64_t id; std::string name; };
struct draft { std::string name; std::optional<int> count; };
struct store { int size = 0; };
"""

KINDS = [
    ("GET /area{n}/things/{{id}}",
     "[](std::uint64_t id) {{ return item{{id + {n}, \"thing\"}}; }}"),
    ("POST /area{n}/things",
     "[](json_body<draft> d, store& s) {{ s.size += {n};"
     " return created<item>{{{{{n}, d->name}}}}; }}"),
    ("GET /area{n}/by-name/{{name}}/parts/{{part}}",
     "[](std::string_view name, std::uint32_t part) {{ return name.substr(part + {n}); }}"),
    ("GET /area{n}/later/{{id}}",
     "[](std::uint64_t id) -> task<item> {{ co_return item{{id + {n}, \"later\"}}; }}"),
    ("DELETE /area{n}/things/{{id}}",
     "[](std::uint64_t id, store& s) {{ s.size -= static_cast<int>(id) + {n}; }}"),
]


def source(handlers, routed):
    lines = []
    for n in range(handlers):
        pattern, handler = (text.format(n=n) for text in KINDS[n % len(KINDS)])
        lines.append(f'    route<"{pattern}">({handler})' if routed
                     else f"    reinterpret_cast<void (*)()>(+{handler})")
    listed = ",\n".join(lines)
    if not routed:
        return (f"{PROLOGUE}extern void (*const handlers[])();\n"
                f"void (*const handlers[])() = {{\n{listed}}};\n")
    return (f"{PROLOGUE}constexpr auto routes = route_table(\n{listed});\n"
            "http::service& service(store& s) {\n"
            "  static dispatcher<routes, store> made(s);\n  return made;\n}\n")


def flags():
    simdjson = subprocess.run([ROOT / "cmake/install-deps.sh", "--simdjson-dir"],
                              capture_output=True, text=True, check=True).stdout.strip()
    return ["-std=c++20", "-O2", "-DFMT_HEADER_ONLY=1", "-DFMT_STATIC_THOUSANDS_SEPARATOR=1",
            f"-I{ROOT / 'include'}", "-isystem", f"{simdjson}/include", "-c", "-o", "/dev/null"]


def seconds(compiler, text, runs, folder):
    """The median CPU time of compiling `text`."""
    file = pathlib.Path(folder) / "generated.cpp"
    file.write_text(text)
    times = []
    for _ in range(runs):
        before = os.times()
        done = subprocess.run([compiler, *flags(), file], capture_output=True, text=True)
        after = os.times()
        if done.returncode != 0:
            sys.exit(done.stderr[:2000])
        times.append(after.children_user - before.children_user +
                     after.children_system - before.children_system)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--routes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("--max", type=float, nargs="+", default=[])
    args = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for i, routes in enumerate(args.routes):
            base, routed = (seconds(args.compiler, source(routes, is_routed), args.runs, folder)
                            for is_routed in (False, True))
            extra = routed - base
            budget = args.max[i] if i < len(args.max) else None
            over = budget is not None and extra > budget
            failed |= over
            verdict = "" if budget is None else f", budget {budget} s{': OVER' if over else ''}"
            print(f"{args.compiler} -O2, {routes} routes: {routed:.2f} s - {base:.2f} s = "
                  f"{extra:.2f} s extra{verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
