#!/usr/bin/env python3
"""Plays the cases against nginx and haproxy and writes where they differ from Ferrule.

    differential.py [--write] [TOPIC...]    without topics: all that DIFFERENCES.md is about

Both servers run as this user on free ports of 127.0.0.1, with a small configuration of their own in
a temporary folder. Their routes are not Ferrule's, so what is compared is what the wire decides:
the class of each final status (2xx, 3xx, 404 and 405 count as "served") and whether the connection
goes on. Without nginx or haproxy it says so and compares with the other; without both it exits with
77. A difference for which reasons.py has no reason is an error.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import itertools
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source tree stays as it is
from reasons import REASONS

HERE = pathlib.Path(__file__).resolve().parent
# Not these: they are about Ferrule's routes, its limits, or its handlers.
SKIPPED_TOPICS = {"answers", "body", "limits", "methods"}
SKIPPED_EXIT_CODE = 77
PATIENCE_SECONDS = 1.0
AFTERTHOUGHT_SECONDS = 0.1
PLAYERS = 100  # at a time; most of the time they wait
PROBE = b"GET / HTTP/1.1\r\nHost: probe\r\n\r\n"

Case = collections.namedtuple("Case", "topic name section sent expected fate")


# Cases


def unescape(text):
    plain = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)",
                  lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "x" else plain[m[1]],
                  text).encode("latin-1")


def bytes_of(line):
    parts = re.split(r"\{(\d+)\*([^}]*)\}", line)
    sent = unescape(parts[0])
    for times, item, rest in zip(parts[1::3], parts[2::3], parts[3::3]):
        sent += unescape(item) * int(times) + unescape(rest)
    return sent


def alternatives(text):
    for one in text.split("|"):
        ends = re.fullmatch(r"(\\x..|\\.|[^\\])\.\.(\\x..|\\.|[^\\])", one)
        if not ends:
            yield one
            continue
        first, last = (unescape(end)[0] for end in ends.groups())
        for byte in sorted({first, first + 1, (first + last) // 2, last} & set(range(last + 1))):
            yield f"\\x{byte:02x}"


def expand(lines):
    for at, line in enumerate(lines):
        found = re.search(r"\{each ([^}]*)\}", line)
        if found and at:
            for one in alternatives(found[1]):
                yield from expand(lines[:at] + [line[:found.start()] + one + line[found.end():]]
                                  + lines[at + 1:])
            return
    yield lines


def cases_of(path):
    lines = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        lines.append(line)
        if not line.startswith("= "):
            continue
        name, section = re.fullmatch(r"\[(.*)\] (.*)", lines[0]).groups()
        for one in expand(lines):
            kinds = [each[:2] for each in one]
            talks = "< " in kinds and "> " in kinds[kinds.index("< "):]
            if not talks and one[-1] != "= cut":  # those are left to test_wire
                sent = b"".join(bytes_of(each[2:]) for each in one if each.startswith("> "))
                expected = [each for each in one if each.startswith("< ") and "?" not in each]
                yield Case(path.stem, name, section, sent, tuple(expected), one[-1][2:])
        lines = []


def klass(status):
    return "served" if status < 400 or status in (404, 405) else "refused"


# Playing


def read_answers(data, heads):
    """The final statuses in what a server sent; a partial or odd rest counts as nothing.

    `heads` are the numbers of those that answer HEAD.
    """
    statuses = []
    while True:
        head, end, rest = data.partition(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if not end or not status:
            return statuses
        status = int(status[1])
        data = rest
        if status < 200:
            continue
        statuses.append(status)
        length = re.search(rb"(?im)^content-length: *(\d+)\r?$", head)
        if status in (204, 304) or len(statuses) - 1 in heads:
            continue
        if re.search(rb"(?im)^transfer-encoding: *chunked", head):
            chunks = re.match(rb"(?s).*?(?:^|\r\n)0\r\n\r\n", data)
            data = data[chunks.end():] if chunks else b""
        elif length:
            data = data[int(length[1]):]
        else:
            return statuses


def play(port, case):
    """Returns the classes of the answers and what became of the connection."""
    heads = [at for at, line in enumerate(case.expected) if line.endswith(" HEAD")]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as to:
        received, ended = exchange(to, case.sent, b"", len(expectation(case)[0]), heads)
        answers = read_answers(received, heads)
        fate = "closed" if ended else "waits"
        if answers and not ended:
            received, _ = exchange(to, PROBE, received, len(answers) + 1, heads)
            more = read_answers(received, heads)[len(answers):]
            fate = "open" if more and klass(more[0]) == "served" else "closed"
        return [klass(each) for each in answers], fate


def exchange(to, sent, received, wanted, heads):
    """Sends, then receives until there are so many answers, nothing comes, or the server closes.

    Returns all that was received and whether the server closed.
    """
    with contextlib.suppress(OSError):
        to.sendall(sent)
    to.settimeout(PATIENCE_SECONDS)
    while True:
        try:
            part = to.recv(65536)
        except TimeoutError:
            return received, False
        except OSError:
            return received, True
        if not part:
            return received, True
        received += part
        if len(read_answers(received, heads)) >= max(wanted, 1):
            to.settimeout(AFTERTHOUGHT_SECONDS)  # for an answer too much, or the end


# Servers


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


@contextlib.contextmanager
def process(command, port):
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        running.terminate()
        running.wait(10)


@contextlib.contextmanager
def nginx(folder):
    port = free_port()
    paths = "".join(f"{name}_temp_path {folder}/{name};\n"
                    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/nginx.pid; error_log /dev/null;
events {{}}
http {{
  access_log off; {paths}
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello"; }} }}
}}
""")
    with process(["nginx", "-p", str(folder), "-e", "/dev/null", "-c", str(folder / "nginx.conf")],
                 port) as listening:
        yield listening


@contextlib.contextmanager
def haproxy(folder):
    port = free_port()
    (folder / "haproxy.cfg").write_text(f"""
defaults
  mode http
  timeout client 5s
frontend front
  bind 127.0.0.1:{port}
  http-request wait-for-body time 4s
  http-request return status 200 content-type text/plain string hello
""")
    with process(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], port) as listening:
        yield listening


SERVERS = {"nginx": nginx, "haproxy": haproxy}


# The comparison


def expectation(case):
    served = case.fate == "open"  # whatever the routes say, the request was understood
    answers = []
    for line in case.expected:
        times = re.search(r" x(\d+)", line)
        one = "served" if served else klass(int(line[2:5]))
        answers += [one] * (int(times[1]) if times else 1)
    return answers, "waits" if case.fate == "waits" else "open" if served else "closed"


def shown(answers, fate):
    runs = [f"{one} x{count}" if (count := len(list(same))) > 1 else one
            for one, same in itertools.groupby(answers)]
    if not runs and fate == "closed":
        return "closed without an answer"
    return ", ".join(runs + [fate])


def compare(cases, server):
    """Yields (case, what Ferrule does, what the server did) where they differ."""
    with tempfile.TemporaryDirectory() as folder, SERVERS[server](pathlib.Path(folder)) as port:
        with concurrent.futures.ThreadPoolExecutor(PLAYERS) as players:
            played = players.map(lambda case: play(port, case), cases)
            for case, (answers, fate) in zip(cases, played):
                if (answers, fate) != expectation(case):
                    yield case, shown(*expectation(case)), shown(answers, fate)


def reason_for(case):
    for topics, pattern, reason in REASONS:
        if case.topic in topics.split() and re.search(pattern, case.name):
            return reason
    return None


def table(differences):
    """A row for each reason; what has none comes as a row without one."""
    rows = {}
    for server, found in differences.items():
        for case, ours, theirs in found:
            row = rows.setdefault(reason_for(case) or f"? {case.topic}: {case.name}", {})
            for column, text in (("cases", f"`{case.topic}`: {case.name} ({case.section})"),
                                 ("ferrule", ours), (server, theirs)):
                row.setdefault(column, {})[text] = None
    for reason, row in rows.items():
        cells = ["<br>".join(row["cases"])]
        cells += [" or ".join(row.get(each, ["as Ferrule"])) for each in ("ferrule", *SERVERS)]
        yield "| " + " | ".join([*cells, reason]) + " |"


def version(server):
    asked = subprocess.run([server, "-v"], capture_output=True, text=True, check=True)
    return re.search(r"[0-9]+\.[0-9]+\.[0-9]+", asked.stdout + asked.stderr)[0]


def document(rows):
    return f"""\
# Where nginx and haproxy differ

Written by `differential.py --write` with nginx {version("nginx")} and haproxy {version("haproxy")}.
A row has the cases that differ for one reason, what the cases ask of Ferrule, what the others do,
and why Ferrule's way is the right one. A "served" answer is one that the routes decide, "refused"
is any other of 400 and more; then the connection stays open, is closed, or waits for more bytes.

| cases (RFC, section) | Ferrule | nginx | haproxy | why |
| --- | --- | --- | --- | --- |
""".replace('\\"', '"') + "\n".join(rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the rows to DIFFERENCES.md")
    parser.add_argument("topics", nargs="*")
    asked = parser.parse_args()
    files = [path for path in sorted((HERE / "cases").glob("*.wire"))
             if (path.stem in asked.topics if asked.topics else path.stem not in SKIPPED_TOPICS)]
    cases = [case for path in files for case in cases_of(path)]
    differences = {}
    for server in SERVERS:
        if shutil.which(server) is None:
            print(f"skipped: {server} is not installed (apt-get install {server})")
        else:
            differences[server] = list(compare(cases, server))
            print(f"{server}: {len(differences[server])} of {len(cases)} cases differ")
    if not differences:
        return SKIPPED_EXIT_CODE
    rows = list(table(differences))
    unexplained = [row for row in rows if "| ? " in row]
    if asked.write and len(differences) == len(SERVERS) and not asked.topics:
        (HERE / "DIFFERENCES.md").write_text(document(rows))
    print("\n".join(unexplained if asked.write else rows))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
