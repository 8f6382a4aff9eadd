#!/usr/bin/env python3
"""Services that keep data and call each other, as processes: stores_test.py BIN"""
import concurrent.futures
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from service_process import Service

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
ADA = {"name": "Ada", "email": "ada@example.com"}
ORDER = {"user_id": 1, "product_id": "p-1", "quantity": 2}


def send(url, body, key=None):
    """Posts JSON; gives the status, the header fields and the parsed answer."""
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        answer = urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as failed:
        answer = failed
    with answer:
        return answer.status, answer.headers, json.loads(answer.read())


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, program, *options, **more):
        service = Service(BIN / program, "--threads", "2", *options, **more)
        self.addCleanup(service.kill)
        self.assertIn(" http://", service.line)
        return service

    def users(self, *options):
        return self.start("users", "--db", self.folder / "users.db", *options)

    def orders(self, *users):
        """On one thread, for each has a breaker of its own."""
        options = [option for each in users for option in ("--users", each.url)]
        return self.start("orders", "--db", self.folder / "orders.db", "--threads", "1", *options)


class Stores(InFolder):
    def test_what_was_answered_survives_a_kill(self):
        users = self.users()
        self.assertEqual(send(users.url + "/users", ADA)[0], 201)
        users.kill()
        users = self.users()
        self.assertEqual(json.loads(users.get("/users/1"))["name"], "Ada")
        self.assertEqual(send(users.url + "/users", ADA)[0], 409)

    def test_two_processes_agree_on_one_file(self):
        one, other = self.users(), self.users()
        self.assertEqual(send(one.url + "/users", ADA)[0], 201)
        self.assertEqual(json.loads(other.get("/users/1"))["name"], "Ada")
        self.assertEqual(send(other.url + "/users", ADA)[0], 409)

        def add(i):
            return send((one, other)[i % 2].url + "/users", {"name": "U", "email": f"{i // 2}@u"})

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = [status for status, _, _ in pool.map(add, range(80))]
        self.assertEqual((statuses.count(201), statuses.count(409)), (40, 40))

    def test_reads_are_answered_while_another_process_holds_the_file(self):
        users = self.users()
        self.assertEqual(send(users.url + "/users", ADA)[0], 201)
        other = sqlite3.connect(self.folder / "users.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            writes = [pool.submit(send, users.url + "/users", {"name": "U", "email": f"{i}@u"})
                      for i in range(8)]
            for _ in range(20):
                self.assertEqual(json.loads(users.get("/users/1"))["name"], "Ada")
            self.assertFalse(any(write.done() for write in writes))
            other.execute("ROLLBACK")
            self.assertEqual([write.result()[0] for write in writes], [201] * 8)
        other.close()

    def test_the_file_is_where_it_was_said(self):
        self.start("users", cwd=self.folder)
        self.start("users", cwd=self.folder,
                   env={**os.environ, "FERRULE_DB": str(self.folder / "variable.db")})
        self.start("users", "--db", ":memory:", cwd=self.folder)
        self.assertEqual({path.name for path in self.folder.glob("*.db")},
                         {"users.db", "variable.db"})

    def test_a_file_that_cannot_be_had_ends_the_start(self):
        (self.folder / "letter").write_text("Dear Ada, " * 1000)
        for path, why in (("no/folder/users.db", "unable to open database file"),
                          ("letter", "file is not a database")):
            done = subprocess.run([BIN / "users", "--db", self.folder / path],
                                  capture_output=True, text=True, timeout=10)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f"users: cannot open {self.folder / path}: {why}\n")

    def test_options_are_shown_and_checked(self):
        shown = subprocess.run([BIN / "orders", "--help"], capture_output=True, text=True).stdout
        self.assertIn("--db FILE", shown)
        self.assertIn("--users URL", shown)
        wrong = subprocess.run([BIN / "orders", "--users", "users:8001"], capture_output=True,
                               text=True)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("--users must be a URL", wrong.stderr)


class Orders(InFolder):
    def order(self, orders, key=None):
        return send(orders.url + "/orders", ORDER, key)

    def expect_unavailable(self, orders, seconds):
        start = time.monotonic()
        status, headers, answer = self.order(orders)
        took = time.monotonic() - start
        self.assertEqual(status, 503, answer)
        self.assertIn("users service", answer["title"])
        self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertLess(took, seconds)

    def expect_return(self, orders):
        deadline = time.monotonic() + 10
        while self.order(orders)[0] != 201:
            self.assertLess(time.monotonic(), deadline, "it did not come back")
            time.sleep(0.1)

    def test_a_key_outlives_the_process(self):
        users = self.users()
        send(users.url + "/users", ADA)
        orders = self.orders(users)
        first = self.order(orders, "k")
        orders.kill()
        orders = self.orders(users)
        again = self.order(orders, "k")
        self.assertEqual((first[0], first[2]), (again[0], again[2]))
        self.assertEqual(again[1]["Location"], "/orders/1")
        self.assertEqual(self.order(orders, "other")[2]["id"], 2)

    def test_many_with_one_key_make_one_order(self):
        users = self.users()
        send(users.url + "/users", ADA)
        orders = self.orders(users)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send(orders.url + "/orders", ORDER, "k"), range(40)))
        self.assertLessEqual({status for status, _, _ in answers}, {201, 409})
        self.assertEqual({answer["id"] for status, _, answer in answers if status == 201}, {1})
        self.assertEqual(self.order(orders, "k")[2]["id"], 1)
        self.assertEqual(self.order(orders, "other")[2]["id"], 2)

    def test_without_users_there_is_a_clear_answer_until_it_returns(self):
        users = self.users()
        send(users.url + "/users", ADA)
        orders = self.orders(users)
        self.assertEqual(self.order(orders)[0], 201)
        users.kill()
        for _ in range(10):
            self.expect_unavailable(orders, 3)
        self.expect_unavailable(orders, 0.3)  # the breaker is open
        self.users("--port", str(users.port))
        self.expect_return(orders)

    def test_users_that_hangs_is_waited_for_so_long_and_no_longer(self):
        users = self.users()
        send(users.url + "/users", ADA)
        orders = self.orders(users)
        self.assertEqual(self.order(orders)[0], 201)
        users.process.send_signal(signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda _: self.expect_unavailable(orders, 3), range(12)))
        self.expect_unavailable(orders, 0.3)
        users.process.send_signal(signal.SIGCONT)
        self.expect_return(orders)

    def test_one_of_two_users_is_enough(self):
        one, other = self.users(), self.users()
        send(one.url + "/users", ADA)
        orders = self.orders(one, other)
        for kill in (None, one):
            if kill:
                kill.kill()
            self.assertEqual([self.order(orders)[0] for _ in range(50)], [201] * 50)


if __name__ == "__main__":
    unittest.main()
