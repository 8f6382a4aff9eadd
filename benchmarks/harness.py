"""Starts servers, loads them, reads what they cost. For the scripts beside it; Linux only.

The server has one processor and the generator another, so that neither's cost hides in the other's.
"""

import ctypes
import fcntl
import functools
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER_CPU, CLIENT_CPU = PROCESSORS[0], PROCESSORS[-1]
APP_ANSWER_PATH = "/users/42"
# Of one processor's time. Below, /proc/stat's ticks of 10 ms are the noise.
FOREIGN_SHARE_MAX, STEAL_SHARE_MAX = 0.05, 0.01
# The kernel counts in ticks, so that less than this cannot be told from nothing.
FOREIGN_TICKS_MIN, STEAL_TICKS_MIN = 3, 1
RETRIES = 3  # of a disturbed run


def add_bin_flag(parser):
    parser.add_argument("--bin", type=pathlib.Path, metavar="DIR",
                        default=HERE.parent / "build/release/bin",
                        help="where the executables are (build/release/bin)")


def get_request(path):
    """The bytes that bare-generator sends."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def request_bytes_with_port(path):
    """How long the request is of tools that name the port, which has five digits, in Host."""
    return len(get_request(path)) + len(":12345")


def whole_answer(port, path, more_fields=b""):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(get_request(path).removesuffix(b"\r\n") + more_fields + b"\r\n")
        received = b""
        while True:
            head, end, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            if end and length and len(body) >= int(length[1]):
                return received
            piece = connection.recv(65536)
            if not piece:
                raise RuntimeError(f"port {port} closed before its answer to {path} was complete")
            received += piece


class Server:
    """A server process on the server's processor, from start to SIGTERM."""

    def __init__(self, command, port=None, has_worker=False, asks=True, cpus=SERVER_CPU):
        """`asks`: return when it has answered once, not as soon as it has printed its URL."""
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cpus), *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.port = port or self.port_it_prints()
            if asks:
                self.wait_until_it_answers()
            self.pid = self.worker() if has_worker else self.process.pid
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def port_it_prints(self):
        for _ in range(500):
            self.log.seek(0)
            text = self.log.read().decode(errors="replace")
            if url := re.search(r"http://[\d.]+:(\d+)", text):
                return int(url[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"{self.process.args} printed no URL but: {text}")

    def wait_until_it_answers(self):
        for _ in range(500):
            try:
                return whole_answer(self.port, APP_ANSWER_PATH)
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise RuntimeError(f"{self.process.args} does not listen on port {self.port}")

    def worker(self):
        pid = self.process.pid
        return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def cpu_seconds(self):
        return cpu_seconds_of(self.pid)

    def user_seconds(self):
        """User time alone, in whole ticks of the clock: of use only for long runs."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) / os.sysconf("SC_CLK_TCK")

    def last_words(self):
        """Which server this is, whether it still runs, and what it has printed."""
        asked = " ".join(map(str, self.process.args))
        code = self.process.poll()
        self.log.seek(0)
        return (f"{asked} {'runs on' if code is None else f'ended with {code}'}; it printed: "
                f"{self.log.read().decode(errors='replace')}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=30)
        self.log.close()
        return code


def null_server(bin, path=APP_ANSWER_PATH, twin=False, answer=None, delay_us=0,
                request_bytes=None, requests_max=0):
    """For requests for `path`, or of another length: it tells them apart by nothing else."""
    command = [bin / ("null-server-epoll" if twin else "null-server"),
               "--request-bytes", request_bytes or len(get_request(path))]
    if delay_us:
        command += ["--delay-us", delay_us]
    if requests_max:
        command += ["--requests-max", requests_max]
    if not answer:
        return Server(command, asks=False)
    with tempfile.NamedTemporaryFile() as file:
        file.write(answer)
        file.flush()
        return Server([*command, "--answer", file.name], asks=False)


def app(bin, *flags):
    return Server([bin / "bench-app", "--port", 0, "--threads", 1, *flags])


def nginx_binary():
    return shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(prefix):
    """One worker that answers every request with the same JSON, from memory and without a log."""
    port = free_port()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {kind}_temp_path {prefix}/{kind};\n" for kind in kinds)
    configuration = pathlib.Path(prefix, "nginx.conf")
    configuration.write_text(f"""
daemon off;
worker_processes 1;
pid {prefix}/nginx.pid;
error_log stderr;
events {{ worker_connections 16384; }}
http {{
{temporary}
  access_log off;
  keepalive_requests 1000000000;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      return 200 '{{"id":"42","name":"User 42","email":"user42@example.com"}}';
    }}
  }}
}}
""")
    return Server([nginx_binary(), "-p", prefix, "-e", "stderr", "-c", configuration],
                  port=port, has_worker=True)


def processor_times():
    """Busy and stolen seconds of the two processors since boot."""
    busy = stolen = 0
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name in (f"cpu{SERVER_CPU}", f"cpu{CLIENT_CPU}"):
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    tick = os.sysconf("SC_CLK_TCK")
    return busy / tick, stolen / tick


def cpu_seconds_of(pid):
    """User and system time of a process, to the nanosecond: clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)


@functools.cache
def softirq_threads():
    """The kernel threads that take packets over from the processes when there are many; none where
    they cannot be seen."""
    names = {f"ksoftirqd/{cpu}" for cpu in (SERVER_CPU, CLIENT_CPU)}
    found = []
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text().strip() in names:
                found.append(int(comm.parent.name))
        except OSError:
            pass  # it has ended
    return found


def run_client(server, command, timeout=None, check=True):
    """Runs `command` on the client's processor: what it printed, the CPU seconds that it and the
    server used, and what of the two processors others took meanwhile."""
    softirq = softirq_threads()
    busy, stolen = processor_times()
    softirq_cpu = sum(map(cpu_seconds_of, softirq))
    server_cpu, server_user = server.cpu_seconds(), server.user_seconds()
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    done = subprocess.run(["taskset", "-c", str(CLIENT_CPU), *map(str, command)],
                          capture_output=True, text=True, timeout=timeout)
    seconds = time.monotonic() - begin
    if (check and done.returncode != 0) or not done.stdout:
        sys.exit(f"{' '.join(map(str, command))} failed: {done.stderr}\n"
                 f"It asked {server.last_words()}")
    used = {"server_cpu": server.cpu_seconds() - server_cpu,
            "server_user_cpu": server.user_seconds() - server_user}
    own_after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used["client_user_cpu"] = own_after.ru_utime - own.ru_utime
    used["client_cpu"] = used["client_user_cpu"] + own_after.ru_stime - own.ru_stime
    used["softirq_cpu"] = sum(map(cpu_seconds_of, softirq)) - softirq_cpu
    busy_after, stolen_after = processor_times()
    # The packets that those threads handle are this run's: there are no others.
    own_cpu = used["server_cpu"] + used["client_cpu"] + used["softirq_cpu"]
    foreign = busy_after - busy - own_cpu
    used["foreign_share"] = max(0.0, foreign / seconds)
    used["steal_share"] = (stolen_after - stolen) / seconds
    tick = 1 / os.sysconf("SC_CLK_TCK")
    used["is_disturbed"] = (
        foreign > max(FOREIGN_SHARE_MAX * seconds, FOREIGN_TICKS_MIN * tick) or
        stolen_after - stolen > max(STEAL_SHARE_MAX * seconds, STEAL_TICKS_MIN * tick))
    return done.stdout, used


def undisturbed(run_once):
    """What `run_once()` returns when nothing disturbed it; else its fourth result, which says so in
    `is_disturbed`."""
    for _ in range(1 + RETRIES):
        run = run_once()
        if not run["is_disturbed"]:
            break
    return run


def in_turns(number, own, basis):
    """What the runs `own` and `basis` return; which is first changes from round to round."""
    first, second = (own, basis) if number % 2 == 0 else (basis, own)
    runs = first(), second()
    return runs if first is own else runs[::-1]


def interval_of_median(values):
    """Which two of the values the median of all there could be lies between, 95 times of 100 (the
    sign test's interval); with less than 6 the smallest and the largest."""
    ranked = sorted(values)
    outside = max(0, int((len(ranked) - 1.96 * len(ranked) ** 0.5) / 2))
    return ranked[outside], ranked[-1 - outside]


def load(bin, server, path, seconds, pipeline=1, connections=64, client=("bare-generator",)):
    """One run of the generator: what it reports, and what the server and others used meanwhile."""
    tool, *own_flags = client
    command = [bin / tool, *own_flags, "--port", server.port, "--path", path,
               "--duration", seconds, "--connections", connections]
    if pipeline != 1:
        command += ["--pipeline", pipeline]
    printed, used = run_client(server, command, timeout=seconds + 120)
    run = json.loads(printed) | used
    run["us_per_request"] = run["server_cpu"] * 1e6 / run["requests"]
    run["server_busy"] = run["server_cpu"] / run["seconds"]
    return run


def enter_own_network():
    """Moves this process to a network namespace of its own, with loopback and Linux's default
    congestion control, so that a machine's settings (BBR's pacing timers cost every program about
    1 us a request) do not blur what is compared. Needs root; does nothing without."""
    new_network, get_flags, set_flags, up = 0x40000000, 0x8913, 0x8914, 1
    if os.geteuid() != 0 or ctypes.CDLL(None).unshare(new_network) != 0:
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        loopback = struct.pack("16sH22x", b"lo", 0)
        flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, get_flags, loopback))[1]
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", b"lo", flags | up))
    try:
        pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").write_text("cubic")
    except OSError:
        pass  # /proc/sys is read-only in many containers; `machine` says what is in force


def machine():
    """What figures depend on."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    tcp = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return (f"{cpu[1] if cpu else os.uname().machine}, {len(PROCESSORS)} CPUs, "
            f"Linux {os.uname().release}, TCP {tcp}")


def print_table(columns, rows):
    """`columns` maps a title to a function from row to text; the first is left-aligned."""
    table = [list(columns), *([cell(row) for cell in columns.values()] for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        print("  ".join(cell.rjust(width) if i else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))))
