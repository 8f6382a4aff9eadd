#!/usr/bin/env python3
"""A thousand slow clients at a time, by slowhttptest: slow_clients_test.py BIN

They send heads or bodies byte by byte, or read their answer so. Meanwhile an ordinary client is
answered, the server's memory stays bounded, and it gets rid of every one of them.
"""
import http.client
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

from service_process import Service

BIN = pathlib.Path(sys.argv.pop(1))
ATTACKERS = 1000
# Long enough for all of them to come, which takes the tool up to 2 s on a busy machine.
LIMITS = ("--header-timeout", "5s", "--body-timeout", "5s", "--write-timeout", "5s")
SECONDS_MAX = 20
PEAK_KB_MAX = 2_000 + ATTACKERS * 200  # a slow reader may hold an answer of output_bytes_max


class OrdinaryClient(threading.Thread):
    """Asks one thing after the other on one connection until told to end."""

    def __init__(self, port):
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.statuses = []
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(0.01):
            self.connection.request("GET", "/users/7")
            answer = self.connection.getresponse()
            answer.read()
            self.statuses.append(answer.status)

    def end(self):
        self.ending.set()
        self.join()
        self.connection.close()


class SlowClients(unittest.TestCase):
    def attack(self, *mode, path):
        with Service(BIN / "bench-app", "--threads", "1", *LIMITS) as app:
            client = OrdinaryClient(app.port)
            client.start()
            attack = subprocess.Popen(
                ["slowhttptest", "-c", str(ATTACKERS), "-r", str(ATTACKERS), "-l",
                 str(SECONDS_MAX), *mode, "-u", app.url + path],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                self.wait_for(attack, lambda: app.open_files() > ATTACKERS, "they did not come")
                self.wait_for(attack, lambda: app.open_files() < 50, "the server kept some")
            finally:
                attack.terminate()
                attack.wait(10)
                client.end()
            peak_kb = int(re.search(r"VmHWM:\s+(\d+)", app.status())[1])
        self.assertGreater(len(client.statuses), 50)
        self.assertEqual(set(client.statuses), {200})
        self.assertLess(peak_kb, PEAK_KB_MAX)
        self.assertEqual(app.code, 0)

    def wait_for(self, attack, condition, otherwise):
        while not condition():
            self.assertIsNone(attack.poll(), otherwise)
            time.sleep(0.05)

    def test_heads_that_never_end(self):
        self.attack("-H", "-i", "1", path="/users/1")

    def test_bodies_that_drip(self):
        self.attack("-B", "-i", "1", "-s", "8192", path="/echo")

    def test_answers_that_are_not_read(self):
        self.attack("-X", "-n", "1", "-z", "5", "-w", "512", "-y", "1024", path="/bytes/1000000")

    def test_an_answer_that_is_read_steadily_is_sent_to_its_end(self):
        # 22 kB/s are due. The kernel takes more at a time than is read in three seconds.
        with Service(BIN / "bench-app", "--threads", "1", "--write-timeout", "3s") as app:
            with socket.socket() as client:
                # Over the loopback a kernel whose buffer was full takes more when all is free.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 49152)
                client.settimeout(10)
                client.connect(("127.0.0.1", app.port))
                client.sendall(b"GET /bytes/20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
                end = time.monotonic() + 12
                while time.monotonic() < end:
                    self.assertNotEqual(client.recv(4096), b"")
                    time.sleep(0.1)


if __name__ == "__main__":
    unittest.main()
