#!/usr/bin/env python3
"""orders under load while what it calls misbehaves: bad_neighbours_test.py BIN uring|epoll

An instance of users is killed, stopped, refuses, says nothing at all (its packets are dropped),
answers late, not to the end, or not in HTTP. As long as another instance is well no order fails; in
no case does an answer take longer than a call's time; and what is back is used again.
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from service_process import Service

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
BACKEND = sys.argv.pop(1)
ADA = json.dumps({"name": "Ada", "email": "ada@example.com"})
ORDER = json.dumps({"user_id": 1, "product_id": "p-1", "quantity": 2})
CLIENTS = 6
# Of a whole order: the call of users may take 2 s, and this machine may be busy.
ANSWER_SECONDS_MAX = 3
RETURN_SECONDS_MAX = 10


class Load:
    """Orders from several clients, from each one after the other, as long as the block lasts."""

    def __init__(self, url, pause=0.004):
        self.address = url.removeprefix("http://")
        self.pause = pause
        self.answers = []  # (status, seconds, Retry-After)
        self.over = threading.Event()

    def __enter__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(CLIENTS)
        self.clients = [self.pool.submit(self.client) for _ in range(CLIENTS)]
        return self

    def __exit__(self, *_):
        self.over.set()
        self.pool.shutdown()
        for each in self.clients:
            each.result()

    def client(self):
        with contextlib.closing(http.client.HTTPConnection(self.address, timeout=20)) as to:
            while not self.over.is_set():
                begun = time.monotonic()
                to.request("POST", "/orders", ORDER, {"Content-Type": "application/json"})
                answer = to.getresponse()
                answer.read()
                self.answers.append((answer.status, time.monotonic() - begun,
                                     answer.getheader("Retry-After")))
                time.sleep(self.pause)

    def statuses(self):
        return {status for status, _, _ in self.answers}

    def slowest(self):
        return max(seconds for _, seconds, _ in self.answers)


class Impostor:
    """In the place of users: does with each connection what `behave` does."""

    def __init__(self, behave):
        self.behave = behave
        self.visits = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self.socket.accept()
                self.visits += 1
                threading.Thread(target=self.serve, args=(visitor,), daemon=True).start()

    def serve(self, visitor):
        with visitor, contextlib.suppress(OSError):
            while visitor.recv(4096) and self.behave(visitor):
                pass

    def close(self):
        self.socket.close()


def answer_garbage(visitor):
    visitor.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")


def answer_in_part(visitor):
    visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: 50\r\n\r\n{\"id\":1,")


def answer_twice(visitor):
    """The second answer is nobody's: whoever gets it has the wrong user."""
    user = json.dumps({"id": 1, "name": "Ada", "email": "ada@example.com"}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    other = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    visitor.sendall(head % len(user) + user + other)
    return True


def answer_nothing(visitor):
    visitor.shutdown(socket.SHUT_RDWR)


def delayed(url, seconds):
    """A proxy that holds each answer back."""
    port = int(url.rsplit(":", 1)[1])

    def behave(visitor):
        # What came first is read already: it is one request for the one user that there is.
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as users:
            users.request("GET", "/users/1")
            answer = users.getresponse()
            body = answer.read()
        time.sleep(seconds)
        visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return True
    return Impostor(behave)


class BadNeighbours(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, program, *options):
        service = Service(BIN / program, "--backend", BACKEND, "--threads", "1", "--db",
                          self.folder / f"{program}.db", *options)
        self.addCleanup(service.kill)
        self.assertIn(" http://", service.line)
        return service

    def users(self, *options):
        service = self.start("users", *options)
        to = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        with contextlib.closing(to):
            to.request("POST", "/users", ADA, {"Content-Type": "application/json"})
            self.assertIn(to.getresponse().status, (201, 409))
        return service

    def orders(self, *users):
        return self.start("orders", *(option for each in users for option in ("--users", each)))

    def expect_all_well(self, load):
        self.assertGreater(len(load.answers), CLIENTS, "hardly any load")
        self.assertEqual(load.statuses(), {201})
        self.assertLess(load.slowest(), ANSWER_SECONDS_MAX)

    def picks_of(self, orders, url):
        """How often the instance was asked, by all reactors."""
        reports = json.loads(orders.get("/resilience"))["users"]
        return sum(each["balance"]["picks"] for report in reports for each in report["endpoints"]
                   if each["origin"] == url)

    def expect_used_again(self, orders, url):
        before, deadline = self.picks_of(orders, url), time.monotonic() + RETURN_SECONDS_MAX
        while self.picks_of(orders, url) < before + 10:
            self.assertLess(time.monotonic(), deadline, "it is not asked again")
            time.sleep(0.05)

    def test_one_is_killed_and_comes_back(self):
        one, other = self.users(), self.users()
        orders = self.orders(one.url, other.url)
        with Load(orders.url) as load:
            time.sleep(0.5)
            one.kill()
            time.sleep(1.5)
            self.users("--port", str(one.port))
            self.expect_used_again(orders, one.url)
        self.expect_all_well(load)

    def test_one_is_stopped_and_goes_on(self):
        one, other = self.users(), self.users()
        orders = self.orders(one.url, other.url)
        with Load(orders.url) as load:
            time.sleep(0.5)
            one.process.send_signal(signal.SIGSTOP)
            time.sleep(2)
            one.process.send_signal(signal.SIGCONT)
            self.expect_used_again(orders, one.url)
        self.expect_all_well(load)

    def test_one_is_not_what_it_should_be(self):
        users = self.users()
        slow = delayed(users.url, 0.05)
        for impostor in (Impostor(answer_garbage), Impostor(answer_in_part),
                         Impostor(answer_nothing), Impostor(answer_twice), slow):
            with self.subTest(impostor.behave.__name__), contextlib.closing(impostor):
                orders = self.orders(users.url, impostor.url)
                with Load(orders.url) as load:
                    time.sleep(1)
                self.expect_all_well(load)
                self.assertGreater(impostor.visits, 0, "it was never asked")
                orders.kill()

    def test_a_late_one_is_asked_less(self):
        users = self.users()
        with contextlib.closing(delayed(users.url, 0.05)) as slow:
            orders = self.orders(users.url, slow.url)
            with Load(orders.url):
                time.sleep(1)
            asked = {url: self.picks_of(orders, url) for url in (users.url, slow.url)}
            self.assertGreater(asked[users.url], 4 * asked[slow.url])

    def test_all_are_away_and_return(self):
        one, other = self.users(), self.users()
        orders = self.orders(one.url, other.url)
        with Load(orders.url, pause=0.02) as load:
            time.sleep(0.3)
            self.assertEqual(load.statuses(), {201})
            one.kill()
            other.kill()
            time.sleep(2)
            self.assertEqual(load.statuses(), {201, 503})
            while_open = load.answers[-CLIENTS:]
            self.users("--port", str(one.port))
            back, deadline = len(load.answers), time.monotonic() + RETURN_SECONDS_MAX
            while not any(status == 201 for status, _, _ in load.answers[back:]):
                self.assertLess(time.monotonic(), deadline, "it did not come back")
                time.sleep(0.05)
        self.assertLess(load.slowest(), ANSWER_SECONDS_MAX)
        for status, _, retry_after in load.answers:
            self.assertEqual(status == 503, retry_after is not None)
        self.assertEqual({status for status, _, _ in while_open}, {503})
        self.assertLess(max(seconds for _, seconds, _ in while_open), 0.5, "the breaker is open")


def in_own_network(*command):
    """Loopback, and nothing else that this machine has."""
    return ["unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\"", *command]


NFTABLES_CAN = os.geteuid() == 0 and shutil.which("nft") and subprocess.run(
    in_own_network("nft", "add", "table", "inet", "black"), capture_output=True).returncode == 0


class BlackHole(BadNeighbours):
    """Runs itself again in a network of its own, where packets to an instance can be dropped."""

    @unittest.skipUnless(NFTABLES_CAN, "needs root, unshare and nft")
    def test_packets_of_one_are_dropped(self):
        if "BLACK_HOLE" not in os.environ:
            done = subprocess.run(
                in_own_network(sys.executable, __file__, str(BIN), BACKEND,
                               "BlackHole.test_packets_of_one_are_dropped"),
                env={**os.environ, "BLACK_HOLE": "1"}, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            return
        one, other = self.users(), self.users()
        orders = self.orders(one.url, other.url)
        with Load(orders.url) as load:
            time.sleep(0.5)
            self.nft("add table inet black; add chain inet black in "
                     "{ type filter hook input priority 0; }; "
                     f"add rule inet black in tcp dport {one.port} drop")
            time.sleep(2)
            self.nft("delete table inet black")
            self.expect_used_again(orders, one.url)
        self.expect_all_well(load)

    def nft(self, commands):
        subprocess.run(["nft", commands], check=True)


def load_tests(loader, _tests, _pattern):
    """The inherited tests run once."""
    suite = loader.loadTestsFromTestCase(BadNeighbours)
    suite.addTest(BlackHole("test_packets_of_one_are_dropped"))
    return suite


if __name__ == "__main__":
    unittest.main()
