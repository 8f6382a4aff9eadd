#!/usr/bin/env python3
"""Where release executables listen: listeners_test.py BIN"""
import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(sys.argv.pop(1))
BACKENDS = ("auto", "epoll")
THREADS = ("1", "3")
REQUEST = "GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Listening:
    """An executable with all that its start says, where each place is a line."""

    def __init__(self, executable, *arguments, lines=1, **options):
        self.process = subprocess.Popen([BIN / executable, *arguments], stderr=subprocess.PIPE,
                                        text=True, **options)
        self.lines = [self.process.stderr.readline().strip() for _ in range(lines)]

    def __enter__(self):
        return self

    def place(self, line=0):
        """For `connect`: a port or a path."""
        place = self.lines[line].rsplit(" ", 1)[1]
        return place[5:] if place.startswith("unix:") else int(place.rsplit(":", 1)[1])

    def ask_to_end(self):
        self.process.send_signal(signal.SIGTERM)

    def end(self):
        self.rest = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.wait(20)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.ask_to_end()
            self.end()


def connect(place):
    if isinstance(place, int):
        return socket.create_connection(("127.0.0.1", place), timeout=10)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(10)
    client.connect(place)
    return client


def response_on(client):
    received = b""
    while piece := client.recv(65536):
        received += piece
    client.close()
    return received.decode()


def ask(place, path="/"):
    client = connect(place)
    client.sendall(REQUEST.format(path).encode())
    return response_on(client)


def status(place, path="/"):
    return int(ask(place, path).split()[1])


class WithDirectory(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)


class Tables(WithDirectory):
    def test_each_listener_has_its_routes(self):
        for backend in BACKENDS:
            for threads in THREADS:
                with Listening("two-listeners", "--backend", backend, "--threads", threads,
                               "--admin-listen", "127.0.0.1:0,unix:" + self.path("a.sock"),
                               lines=3) as service:
                    first, admin, admin_path = (service.place(i) for i in range(3))
                    self.assertTrue(service.lines[1].startswith("info: admin on http://"))
                    self.assertEqual((status(first), status(first, "/status")), (200, 404))
                    for place in (admin, admin_path):
                        self.assertEqual((status(place, "/status"), status(place)), (200, 404))

    def test_one_can_be_left_out(self):
        with Listening("two-listeners", "--admin-listen", "none") as service:
            self.assertEqual(status(service.place()), 200)
            service.ask_to_end()
            self.assertEqual(service.end(), 0)
            self.assertNotIn("admin", service.rest)

    def keep_open(self, place, path):
        client = connect(place)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.assertIn(b" 200 ", client.recv(65536))
        return client

    def test_the_operators_find_room_however_many_others_there_are(self):
        for threads in THREADS:
            with Listening("two-listeners", "--connections-max", "14", "--threads", threads,
                           lines=2) as service:
                first, admin = service.place(0), service.place(1)
                kept = [self.keep_open(first, "/") for _ in range(10)]
                self.assertEqual(status(first), 503)
                kept += [self.keep_open(admin, "/status") for _ in range(4)]
                self.assertEqual(status(admin, "/status"), 503)
                for client in kept:
                    client.close()

    def test_all_of_them_end_in_order(self):
        for backend in BACKENDS:
            for threads in THREADS:
                path = self.path("drain.sock")
                with Listening("two-listeners", "--backend", backend, "--threads", threads,
                               "--listen", "127.0.0.1:0,unix:" + path, lines=3) as service:
                    clients = [connect(service.place(i)) for i in range(3) for _ in range(4)]
                    for client in clients:
                        client.sendall(REQUEST.format("/slow").encode())
                    time.sleep(0.1)
                    service.ask_to_end()
                    for client in clients:
                        self.assertTrue(response_on(client).endswith("slowly"))
                    self.assertEqual(service.end(), 0)
                    self.assertFalse(os.path.exists(path))

    def test_what_is_wrong_is_said(self):
        for arguments, code, text in (
                (("--admin-listen", "8001"), 2,
                 "--admin-listen must be IP:PORT, unix:PATH, systemd[:NAME] or fd:N, not '8001'"),
                (("--listen", "unix:"), 2, "--listen must have a path of 1 to 107 bytes"),
                (("--socket-mode", "8"), 2, "--socket-mode must be octal permissions"),
                (("--connections-max", "4"), 1, "--connections-max must be more than all"),
                (("--listen", "unix:/no/such/dir"), 1,
                 "cannot listen on unix:/no/such/dir: No such file or directory"),
                (("--admin-listen", "systemd:admin"), 1,
                 "listener admin: cannot listen on systemd:admin: no sockets were passed"),
                (("--listen", "fd:77"), 1, "cannot listen on fd:77: descriptor 77: Bad file")):
            service = Listening("two-listeners", *arguments)
            self.assertIn(text, service.lines[0])
            self.assertEqual(service.end(), code)


class UnixSocket(WithDirectory):
    def setUp(self):
        super().setUp()
        self.socket = self.path("hello.sock")

    def hello(self, *arguments):
        return Listening("hello", "--listen", "unix:" + self.socket, *arguments)

    def test_curl_finds_it(self):
        for backend in BACKENDS:
            for threads in THREADS:
                with self.hello("--backend", backend, "--threads", threads):
                    got = subprocess.run(["curl", "-sS", "--unix-socket", self.socket,
                                          "http://hello/users/[1-50]"], capture_output=True,
                                         text=True, check=True, timeout=20).stdout
                    self.assertEqual(got, "".join(f'{{"id":{i},"name":"User {i}"}}'
                                                  for i in range(1, 51)))

    def test_what_a_killed_process_left_is_replaced_and_a_live_one_is_not(self):
        with self.hello() as first:
            second = self.hello()
            self.assertIn("Address already in use; end what listens there or choose another path",
                          second.lines[0])
            self.assertEqual(second.end(), 1)
            self.assertEqual(status(self.socket), 200)
            first.process.kill()
            first.end()
        self.assertTrue(os.path.exists(self.socket))
        with self.hello() as third:
            self.assertEqual(status(self.socket), 200)
            third.ask_to_end()
            self.assertEqual(third.end(), 0)
        self.assertFalse(os.path.exists(self.socket))

    def test_one_of_many_that_start_at_once_has_it(self):
        for _ in range(5):
            services = [subprocess.Popen([BIN / "hello", "--listen", "unix:" + self.socket,
                                          "--threads", "1"], stderr=subprocess.PIPE, text=True)
                        for _ in range(8)]
            lines = [each.stderr.readline() for each in services]
            got = status(self.socket)
            for each in services:
                each.kill()  # so that the next find it dead
                each.wait(20)
                each.stderr.close()
            self.assertEqual(got, 200)
            self.assertEqual(sum(line.startswith("info: hello on ") for line in lines), 1, lines)

    def test_another_file_is_left_alone(self):
        pathlib.Path(self.socket).write_text("precious")
        service = self.hello()
        self.assertIn("the file that is there was not made for a socket", service.lines[0])
        self.assertEqual(service.end(), 1)
        self.assertEqual(pathlib.Path(self.socket).read_text(), "precious")

    def test_its_permissions_are_those_that_were_asked_for(self):
        for arguments, mode in (((), 0o660), (("--socket-mode", "0600"), 0o600)):
            with self.hello(*arguments):
                self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), mode)

    def test_the_next_may_listen_as_soon_as_the_first_begins_to_end(self):
        with self.hello("--threads", "1") as first:
            kept = connect(self.socket)
            kept.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            kept.recv(65536)
            first.ask_to_end()
            while os.path.exists(self.socket):
                time.sleep(0.001)
            with self.hello("--threads", "1"):
                kept.close()
                self.assertEqual(first.end(), 0)
                self.assertEqual(status(self.socket), 200, "the first's end leaves it alone")


class Inherited(WithDirectory):
    """As systemd passes sockets."""

    def setUp(self):
        super().setUp()
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.unix.bind(self.path("admin.sock"))
        self.unix.listen(4096)
        self.addCleanup(self.tcp.close)
        self.addCleanup(self.unix.close)
        self.places = (self.tcp.getsockname()[1], self.unix.getsockname())

    def start(self, *arguments, lines=2):
        def pass_sockets():
            copies = [os.dup(each.fileno()) for each in (self.tcp, self.unix)]
            for number, copy in zip((3, 4), copies):
                os.dup2(copy, number)
            os.putenv("LISTEN_PID", str(os.getpid()))
            os.putenv("LISTEN_FDS", "2")
            os.putenv("LISTEN_FDNAMES", "shop:admin")
        return Listening("two-listeners", "--listen", "systemd", "--admin-listen", "systemd:admin",
                         "--admin-connections-max", "100", *arguments, lines=lines,
                         preexec_fn=pass_sockets, pass_fds=(3, 4))

    def test_each_listener_has_those_of_its_name_and_the_first_the_others(self):
        for backend in BACKENDS:
            for threads in THREADS:
                with self.start("--backend", backend, "--threads", threads) as service:
                    self.assertEqual((service.place(0), service.place(1)), self.places)
                    self.assertEqual(status(self.places[0]), 200)
                    self.assertEqual(status(self.places[1], "/status"), 200)
                    service.ask_to_end()
                    self.assertEqual(service.end(), 0)
                self.assertTrue(os.path.exists(self.places[1]), "the file is systemd's")

    def test_a_restart_refuses_nobody(self):
        for backend in BACKENDS:
            for threads in THREADS:
                ended, wrong, asked = threading.Event(), [], [0, 0]

                def ask_on(which, path):
                    while not ended.is_set():
                        try:
                            if (got := status(self.places[which], path)) != 200:
                                wrong.append((path, got))
                        except (OSError, IndexError) as lost:
                            wrong.append(repr(lost))
                        asked[which] += 1
                clients = [threading.Thread(target=ask_on, args=one)
                           for one in ((0, "/"), (1, "/status"), (0, "/slow"), (1, "/slow"))]
                service = self.start("--backend", backend, "--threads", threads)
                for client in clients:
                    client.start()
                for _ in range(3):
                    time.sleep(0.1)
                    service.ask_to_end()
                    following = self.start("--backend", backend, "--threads", threads)
                    self.assertEqual(service.end(), 0)
                    service = following
                ended.set()
                for client in clients:
                    client.join()
                service.ask_to_end()
                self.assertEqual(service.end(), 0)
                self.assertEqual(wrong, [])
                self.assertGreater(min(asked), 20)


if __name__ == "__main__":
    unittest.main()
