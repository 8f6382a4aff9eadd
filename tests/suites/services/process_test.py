#!/usr/bin/env python3
"""Tests of release executables as processes: process_test.py BIN"""
import ctypes
import json
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

from service_process import Service

BIN = pathlib.Path(sys.argv.pop(1))

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
IO_URING_SETUP = 425  # on every architecture


def deny_io_uring():
    """What container runtimes do by default: io_uring_setup fails with EPERM."""
    load_number, jump_equal, answer = 0x20, 0x15, 0x06
    allow, eperm = 0x7FFF0000, 0x00050001
    program = b"".join(struct.pack("HBBI", *step) for step in (
        (load_number, 0, 0, 0), (jump_equal, 0, 1, IO_URING_SETUP), (answer, 0, 0, eperm),
        (answer, 0, 0, allow)))
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HP", 4, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0) == 0


class Fallback(unittest.TestCase):
    def test_without_io_uring_epoll_serves_and_the_start_line_says_why(self):
        with Service(BIN / "hello", preexec_fn=deny_io_uring) as hello:
            self.assertIn("on epoll (io_uring: Operation not permitted)", hello.line)
            self.assertEqual(hello.get("/"), "Hello, World!")
            self.assertEqual(hello.get("/users/7"), '{"id":7,"name":"User 7"}')
        self.assertEqual(hello.code, 0)

    def test_io_uring_that_was_asked_for_is_not_replaced(self):
        service = Service(BIN / "hello", "--backend", "uring", preexec_fn=deny_io_uring)
        self.assertIn("Operation not permitted", service.line)
        self.assertEqual(service.process.wait(10), 1)
        service.process.stderr.close()


class Start(unittest.TestCase):
    def test_whatever_a_reactor_lacks_is_said(self):
        ended = 0
        for descriptors in range(6, 40):
            for backend in ("auto", "epoll"):
                limit = (descriptors, descriptors)
                service = Service(BIN / "hello", "--threads", "4", "--backend", backend,
                                  preexec_fn=lambda: resource.setrlimit(
                                      resource.RLIMIT_NOFILE, limit))
                if service.line.startswith("info: hello on "):
                    service.process.terminate()
                    self.assertEqual(service.process.wait(20), 0, descriptors)
                else:
                    ended += 1
                    self.assertRegex(service.line, "^hello: .*Too many open files")
                    self.assertEqual(service.process.wait(20), 1, descriptors)
                service.process.stderr.close()
        self.assertGreater(ended, 10)


class Connections(unittest.TestCase):
    def test_ten_thousand_stay_open_and_are_answered(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = 10_000 if hard > 10_100 or hard == resource.RLIM_INFINITY else hard - 100
        for backend in ("auto", "epoll"):
            with Service(BIN / "hello", "--backend", backend) as hello:
                done = subprocess.run(
                    [BIN / "many-connections", "--port", str(hello.port), "--path", "/",
                     "--connections", str(count)], capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout)["answered"], 2 * count)
            self.assertEqual(hello.code, 0)


class Executable(unittest.TestCase):
    def test_is_one_small_static_file(self):
        headers = subprocess.run(["readelf", "-ld", BIN / "hello"], capture_output=True, text=True,
                                 check=True).stdout
        self.assertNotIn("INTERP", headers)
        self.assertNotIn("NEEDED", headers)
        self.assertLessEqual((BIN / "hello").stat().st_size, 1_200_000)


class Restart(unittest.TestCase):
    def test_a_port_is_free_again_at_once(self):
        with Service(BIN / "hello", "--threads", "2") as first:
            port = first.port
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                while client.recv(4096):
                    pass
        second = subprocess.Popen([BIN / "hello", "--port", str(port), "--threads", "2"],
                                  stderr=subprocess.PIPE, text=True)
        self.assertTrue(second.stderr.readline().strip().endswith(f"http://127.0.0.1:{port}"))
        second.terminate()
        self.assertEqual(second.wait(20), 0)
        second.stderr.close()


REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
BACKENDS = ("auto", "epoll")


def connect(service):
    return socket.create_connection(("127.0.0.1", service.port), timeout=10)


def answer_of(client):
    """What comes until the whole answer is there or the connection ends."""
    received = b""
    while not received.endswith(b"Hello, World!"):
        try:
            piece = client.recv(4096)
        except ConnectionError as lost:
            return received + str(lost).encode()
        if not piece:
            break
        received += piece
    return received


def stop_running(service):
    service.process.send_signal(signal.SIGSTOP)
    while "State:\tT" not in service.status():
        pass


class Drain(unittest.TestCase):
    def check(self, clients, are_told=True):
        answers = [answer_of(client) for client in clients]
        for client in clients:
            client.close()
        self.assertEqual(sum(each.endswith(b"Hello, World!") for each in answers), len(clients))
        for each in answers if are_told else ():
            self.assertIn(b"\r\nConnection: close\r\n", each)

    def test_what_lies_in_the_kernel_is_answered(self):
        for backend in BACKENDS:
            for threads in ("1", "2"):
                with Service(BIN / "hello", "--backend", backend, "--threads", threads) as hello:
                    stop_running(hello)
                    clients = [connect(hello) for _ in range(100)]
                    for client in clients:
                        client.sendall(REQUEST)
                    hello.process.send_signal(signal.SIGTERM)
                    hello.process.send_signal(signal.SIGCONT)
                    self.check(clients, are_told=False)  # some before it saw the signal
                    self.assertEqual(hello.process.wait(20), 0)

    def test_connections_whose_request_comes_later_are_answered(self):
        for backend in BACKENDS:
            with Service(BIN / "hello", "--backend", backend) as hello:
                clients = [connect(hello) for _ in range(20)]
                hello.process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
                for client in clients:
                    client.sendall(REQUEST)
                self.check(clients)
                self.assertEqual(hello.process.wait(20), 0)

    def test_kept_connections_may_ask_once_more(self):
        for backend in BACKENDS:
            with Service(BIN / "hello", "--backend", backend) as hello:
                clients = [connect(hello) for _ in range(20)]
                for client in clients:
                    client.sendall(REQUEST)
                    answer_of(client)
                hello.process.send_signal(signal.SIGTERM)
                time.sleep(0.2)
                for client in clients:
                    client.sendall(REQUEST)
                self.check(clients)
                self.assertEqual(hello.process.wait(20), 0)


class Standstill(unittest.TestCase):
    def test_what_came_meanwhile_is_answered_however_late(self):
        limits = [f"--{name}-timeout=2s" for name in ("idle", "header", "body")]
        for backend in BACKENDS:
            with Service(BIN / "hello", "--backend", backend, "--threads", "1",
                         *limits) as hello:
                idle = [connect(hello) for _ in range(300)]
                for client in idle:
                    client.sendall(REQUEST)
                    answer_of(client)
                halves = [connect(hello) for _ in range(300)]
                for client in halves:
                    client.sendall(REQUEST[:10])
                hello.get("/")  # by now they were read
                stop_running(hello)
                for client in idle:
                    client.sendall(REQUEST)
                for client in halves:
                    client.sendall(REQUEST[10:])
                time.sleep(2.5)
                hello.process.send_signal(signal.SIGCONT)
                answers = [answer_of(client) for client in idle + halves]
                for client in idle + halves:
                    client.close()
                self.assertEqual(sum(b" 200 OK" in each for each in answers), 600, backend)


if __name__ == "__main__":
    unittest.main()
