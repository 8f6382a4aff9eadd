#!/usr/bin/env python3
"""tools_test.py BIN: tests of the measuring tools, which are in the folder BIN."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "benchmarks"))
import harness  # noqa: E402

SCRIPT = pathlib.Path(harness.__file__).with_name("cpu_per_request")
AT_RATE = SCRIPT.with_name("at_rate")
BIN = pathlib.Path(sys.argv.pop(1)).resolve()
REQUEST = harness.get_request(harness.APP_ANSWER_PATH)


def run(tool, *flags):
    return subprocess.run([str(word) for word in (BIN / tool, *flags)], capture_output=True,
                          text=True, timeout=120)


def receive(connection, length):
    received = bytearray()
    while len(received) < length and (piece := connection.recv(length - len(received))):
        received += piece
    return received


class NullServers(unittest.TestCase):
    def each(self, answer=b"pong"):
        for twin in (False, True):
            with self.subTest(twin=twin), harness.null_server(
                    BIN, twin=twin, answer=answer) as server:
                yield server

    def test_answers_each_request_once_however_the_bytes_arrive(self):
        for server in self.each():
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
                for cut in (1, len(REQUEST) - 1, len(REQUEST), len(REQUEST) + 1):
                    peer.sendall((3 * REQUEST)[:cut])
                    peer.sendall((3 * REQUEST)[cut:])
                    self.assertEqual(receive(peer, 12), 3 * b"pong")
                peer.shutdown(socket.SHUT_WR)
                self.assertEqual(receive(peer, 1), b"", "no more answers than requests")

    def test_answers_more_than_the_socket_takes_at_once(self):
        count = 2000
        for server in self.each(answer=20_000 * b"x"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=60) as peer:
                peer.sendall(count * REQUEST)
                self.assertEqual(len(receive(peer, count * 20_000)), count * 20_000)

    def test_ends_connections_after_so_many_requests_when_told_to(self):
        with harness.null_server(BIN, answer=b"pong", requests_max=2) as server:
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer:
                for expected in (b"pong", b"pong", b""):
                    peer.sendall(REQUEST)
                    self.assertEqual(receive(peer, 4), expected)

    def test_ends_with_0_when_asked_to_with_connections_open(self):
        for server in self.each():
            with socket.create_connection(("127.0.0.1", server.port)):
                self.assertEqual(server.stop(), 0)


class Clients(unittest.TestCase):
    def setUp(self):
        self.server = harness.null_server(BIN)
        self.addCleanup(self.server.stop)

    def test_the_generator_counts_what_it_was_answered(self):
        answer = harness.whole_answer(self.server.port, harness.APP_ANSWER_PATH)
        for pipeline in (1, 16):
            done = run("bare-generator", "--port", self.server.port, "--path",
                       harness.APP_ANSWER_PATH, "--duration", 1, "--pipeline", pipeline)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)
            self.assertGreaterEqual(report["requests"], 64 * pipeline)
            self.assertEqual(report["requests"] % pipeline, 0)
            self.assertEqual(report["request_bytes"], len(REQUEST))
            self.assertEqual(report["answer_bytes"], len(answer))

    def test_the_clients_count_what_they_were_answered(self):
        for tool, *flags in (["pool-client"], ["pool-client", "--backend", "epoll"],
                             ["curl-client"]):
            if not (BIN / tool).exists():
                continue  # libcurl is not installed
            done = run(tool, "--port", self.server.port, "--path", harness.APP_ANSWER_PATH,
                       "--duration", 1, *flags)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreaterEqual(json.loads(done.stdout)["requests"], 64)

    def test_many_connections_are_all_answered(self):
        done = run("many-connections", "--port", self.server.port, "--path",
                   harness.APP_ANSWER_PATH, "--connections", 1000, "--pid", self.server.pid)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["answered"], 2000)

    def test_many_connections_fail_when_answers_stay_away(self):
        # A shorter request than the server counts by is never complete.
        done = run("many-connections", "--port", self.server.port, "--connections", 10,
                   "--timeout", 1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not answered in time", done.stderr)

    def test_a_failure_says_which_client_and_which_server(self):
        with self.assertRaises(SystemExit) as failed:
            harness.run_client(self.server, ["false"])
        self.assertIn("false failed", str(failed.exception))
        self.assertRegex(str(failed.exception), "(?s)null-server.* runs on; it printed: .*http://")

    def test_a_failure_says_that_its_server_ended(self):
        with harness.null_server(BIN, answer=b"pong") as server:
            server.process.kill()
            server.process.wait()
            self.assertIn("ended with -9", server.last_words())

    def test_clients_fail_when_the_answer_is_no_200(self):
        missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        with harness.null_server(BIN, answer=missing) as server:
            for tool in ("bare-generator", "many-connections"):
                done = run(tool, "--port", server.port, "--path", harness.APP_ANSWER_PATH)
                self.assertEqual(done.returncode, 1)
                self.assertIn("not a 200", done.stderr)

    def test_clients_fail_when_nobody_listens(self):
        port = harness.free_port()
        for tool in ("bare-generator", "many-connections"):
            done = run(tool, "--port", port)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Connection refused", done.stderr)


class FirstAnswer(unittest.TestCase):
    def test_times_each_start(self):
        done = run("first-answer", "--rounds", 3, "--path", harness.APP_ANSWER_PATH,
                   "--processor", harness.SERVER_CPU, "--",
                   BIN / "null-server", "--request-bytes", len(REQUEST), "--port", "{port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["rounds"], 3)
        self.assertLess(0, report["min_ms"])

    def test_fails_when_the_server_ends_without_an_answer(self):
        done = run("first-answer", "--processor", harness.SERVER_CPU, "--", "false", "{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ended without an answer", done.stderr)


class Load(unittest.TestCase):
    """ferrule-load from outside."""
    @staticmethod
    def url(server):
        return f"http://127.0.0.1:{server.port}{harness.APP_ANSWER_PATH}"

    def test_no_socket_takes_the_place_of_what_is_closed(self):
        with harness.app(BIN) as server:
            child = subprocess.Popen(
                [BIN / "ferrule-load", "--duration", "30s", self.url(server)],
                preexec_fn=lambda: os.closerange(0, 3))
            try:
                deadline = time.monotonic() + 30
                fds = pathlib.Path(f"/proc/{child.pid}/fd")
                while len(list(fds.iterdir())) < 20:  # connections
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.01)
                self.assertEqual({os.readlink(fds / name) for name in "012"}, {"/dev/null"})
            finally:
                child.kill()
                child.wait()

    def test_a_report_that_cannot_be_written_is_a_failure_that_says_so(self):
        with harness.app(BIN) as server, open("/dev/full", "w") as full:
            for form in ((), ("--json",)):
                done = subprocess.run(
                    [BIN / "ferrule-load", "--duration", "200ms", *form, self.url(server)],
                    text=True, timeout=60, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual((done.returncode, done.stderr), (
                    1, "ferrule-load: cannot write the report: No space left on device\n"))

    def test_ctrl_c_ends_it_at_once_while_it_tries_the_url(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            child = subprocess.Popen([BIN / "ferrule-load", "--timeout", "60s",
                                      f"http://127.0.0.1:{silent.getsockname()[1]}/"])
            try:
                with silent.accept()[0] as asked:
                    asked.recv(1)
                    child.send_signal(signal.SIGINT)
                    self.assertEqual(child.wait(30), -signal.SIGINT)
            finally:
                child.kill()
                child.wait()


class UnknownFlags(unittest.TestCase):
    def test_are_refused_with_the_usage(self):
        for tool in ("null-server", "null-server-epoll", "bare-generator", "many-connections",
                     "first-answer"):
            done = run(tool, "--prot", 1)
            self.assertEqual(done.returncode, 2)
            self.assertIn("cannot use '--prot'\nusage:", done.stderr)


class Scripts(unittest.TestCase):
    def test_explain_themselves(self):
        scripts = [path for path in pathlib.Path(harness.__file__).parent.iterdir()
                   if path.is_file() and not path.suffix]
        self.assertGreater(len(scripts), 5)
        for script in scripts:
            with self.subTest(script=script.name):
                done = subprocess.run([script, "--help"], capture_output=True, text=True,
                                      timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("usage:", done.stdout)


def load_script():
    loader = importlib.machinery.SourceFileLoader("cpu_per_request", str(SCRIPT))
    script = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("cpu_per_request", loader))
    sys.modules["cpu_per_request"] = script  # where its dataclasses look for it
    loader.exec_module(script)
    return script


def written_by(script, *flags):
    """The figures of a script that must succeed."""
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run([script, "--bin", BIN, "--json", file.name, *flags],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return json.load(file)


def made_run(us, rate):
    return {"us_per_request": us, "rate": rate, "server_cpu": 1, "server_user_cpu": 0,
            "requests": 1, "server_busy": 1, "client_us_per_request": 1, "is_disturbed": False}


class Comparisons(unittest.TestCase):
    def test_the_first_of_two_runs_is_another_in_the_next_round(self):
        ran = []

        def run(name):
            return lambda: ran.append(name) or name

        for number in range(3):
            self.assertEqual(harness.in_turns(number, run("own"), run("basis")), ("own", "basis"))
        self.assertEqual(ran, ["own", "basis", "basis", "own", "own", "basis"])

    def test_the_median_lies_between_two_ranks_of_the_binomial_distribution(self):
        for count, low, high in ((1, 0, 0), (3, 0, 2), (5, 0, 4), (9, 1, 7), (40, 13, 26)):
            values = list(range(count))[::-1]
            self.assertEqual(harness.interval_of_median(values), (low, high))


class CpuPerRequest(unittest.TestCase):
    def test_compares_each_run_with_the_one_at_its_side(self):
        pairs = [(made_run(2, 10), made_run(1, 40)), (made_run(30, 8), made_run(30, 8)),
                 (made_run(9, 10), made_run(3, 20))]
        null, app = load_script().summaries({"app": pairs})
        self.assertEqual(app["case"], "app")
        self.assertEqual(app["us_per_request"], 9)
        self.assertEqual(app["cpu_against_null"], 2)
        self.assertEqual(app["cpu_against_null_95"], (1, 3))
        self.assertEqual(app["rate_against_null"], 0.5)
        self.assertEqual(null["case"], "null")
        self.assertEqual(null["us_per_request"], 3)
        self.assertIsNone(null["cpu_against_null"])

    def test_starts_measures_and_keeps_every_run(self):
        written = written_by(SCRIPT, "--rounds", "2", "--seconds", "0.05", "--only", "null-epoll")
        self.assertEqual([each["case"] for each in written["summary"]], ["null", "null-epoll"])
        self.assertEqual([len(pair) for pair in written["pairs"]["null-epoll"]], [2, 2])
        for own, basis in written["pairs"]["null-epoll"]:
            self.assertLess(own["seconds"], 1)
            self.assertGreater(basis["requests"], 0)


class AtRate(unittest.TestCase):
    def test_measures_both_servers_at_one_rate(self):
        # Long enough that a backlog of the warm-up is little of it.
        figures = written_by(AT_RATE, "--rounds", "1", "--seconds", "0.4", "--only",
                             "tail,churn")["figures"]
        tail, churn = figures["tail"], figures["churn"]
        self.assertGreater(tail["most"], tail["rate"])
        self.assertGreaterEqual(tail["p50_us"], 1000)
        for over, interval in (("over_us", "over_us_95"), ("null_over_us", "null_over_us_95")):
            self.assertGreater(tail[over], 0)
            self.assertEqual(tail[interval], [tail[over]] * 2)
        self.assertEqual(churn["failed"], 0)
        self.assertGreater(churn["rate_ratio"], 0)


if __name__ == "__main__":
    unittest.main()
