#!/usr/bin/env python3
"""peers_test.py CLIENT_CALLS: the client against nginx, haproxy and Node's server.

What is not installed is skipped, and said so.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

CLIENT = pathlib.Path(sys.argv.pop(1)).resolve()
PATHS = os.environ["PATH"] + ":/usr/sbin"

NGINX = """
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  access_log off;
  server {{
    listen 127.0.0.1:{port};
    keepalive_requests 3;
    root {dir};
    location = /hello {{ return 200 hello; }}
    location = /empty {{ return 204; }}
    location = /moved {{ return 302 /hello; }}
    location = /away {{ return 302 http://localhost:{port}/hello; }}
    location = /old {{ keepalive_timeout 0; return 200 last; }}
  }}
}}
"""

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout http-keep-alive 100ms
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server only 127.0.0.1:{backend}
"""

NODE = """
const http = require('http');
const server = http.createServer((request, response) => {
  if (request.url === '/hello') return response.end('hello');
  if (request.url === '/hints') {
    response.writeEarlyHints({link: '</style.css>; rel=preload'});
    return response.end('hinted');
  }
  if (request.url === '/trailers') {
    response.writeHead(200, {Trailer: 'X-Sum'});
    response.write('in ');
    setTimeout(() => { response.addTrailers({'X-Sum': '1'}); response.end('parts'); }, 10);
    return;
  }
  if (request.url === '/until-close') {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, {Connection: 'close'});
    response.write('as long');
    return response.end(' as it lasts');
  }
  if (request.url === '/large') return response.end('x'.repeat(1000000));
  if (request.url === '/cut') {
    response.writeHead(200, {'Content-Length': 100});
    response.write('half');
    return setTimeout(() => response.destroy(), 10);
  }
  if (request.url === '/destroyed') return request.socket.destroy();
  if (request.url.startsWith('http://')) return response.end('proxied ' + request.url);
  response.writeHead(404).end();
});
server.keepAliveTimeout = 100;
server.listen(PORT, '127.0.0.1');
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(*words, **environment):
    """What client_calls prints, a dictionary for each URL."""
    clean = {name: value for name, value in os.environ.items()
             if name.lower() not in ("http_proxy", "no_proxy")}
    done = subprocess.run([CLIENT, *map(str, words)], capture_output=True, text=True, timeout=60,
                          env=clean | environment, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Peer(unittest.TestCase):
    """A server of the class, started once; `program` names what has to be installed."""
    program = None

    @classmethod
    def setUpClass(cls):
        found = shutil.which(cls.program, path=PATHS) if cls.program else None
        if not found:
            raise unittest.SkipTest(f"{cls.program} is not installed")
        cls.dir = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.dir.cleanup)
        cls.port = free_port()
        cls.start(found)
        cls.base = f"http://127.0.0.1:{cls.port}"

    @classmethod
    def run_until_the_end(cls, command, port):
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True)
        cls.addClassCleanup(cls.end, process)
        for _ in range(500):
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]}: {process.stderr.read()}")
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise RuntimeError(f"{command[0]} does not listen")

    @classmethod
    def end(cls, process):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        process.stderr.close()

    @classmethod
    def start_nginx(cls, program, port):
        configuration = pathlib.Path(cls.dir.name, "nginx.conf")
        configuration.write_text(NGINX.format(dir=cls.dir.name, port=port))
        pathlib.Path(cls.dir.name, "file").write_text("y" * 300_000)
        os.chmod(cls.dir.name, 0o755)
        cls.run_until_the_end([program, "-p", cls.dir.name, "-e", "stderr", "-c", configuration],
                              port)

    def bodies(self, *paths, flags=()):
        return [out["error"] or out["body"]
                for out in call(*flags, *(self.base + path for path in paths))]


class Nginx(Peer):
    program = "nginx"

    @classmethod
    def start(cls, program):
        cls.start_nginx(program, cls.port)

    def test_connections_are_kept_as_long_as_it_keeps_them(self):
        out = call(*[self.base + "/hello"] * 7)
        self.assertEqual([each["body"] for each in out], ["hello"] * 7)
        self.assertEqual([each["connections_made"] for each in out], [1, 1, 1, 2, 2, 2, 3])

    def test_answers_of_every_kind(self):
        self.assertEqual(self.bodies("/hello", "/empty", "/file", "/old", "/hello"),
                         ["hello", "", "y" * 300_000, "last", "hello"])
        self.assertEqual(self.bodies("/file", "/file", flags=["--streamed"]), ["y" * 300_000] * 2)

    def test_redirects(self):
        self.assertEqual([each["status"] for each in call(self.base + "/moved")], [302])
        self.assertEqual(self.bodies("/moved", "/away", flags=["--redirects", 3]), ["hello"] * 2)


class Haproxy(Peer):
    program = "haproxy"

    @classmethod
    def start(cls, program):
        nginx = shutil.which("nginx", path=PATHS)
        if not nginx:
            raise unittest.SkipTest("nginx, which stands behind haproxy, is not installed")
        backend = free_port()
        cls.start_nginx(nginx, backend)
        configuration = pathlib.Path(cls.dir.name, "haproxy.cfg")
        configuration.write_text(HAPROXY.format(port=cls.port, backend=backend))
        cls.run_until_the_end([program, "-db", "-q", "-f", configuration], cls.port)

    def test_answers_of_every_kind(self):
        self.assertEqual(self.bodies("/hello", "/empty", "/file", "/old", "/hello"),
                         ["hello", "", "y" * 300_000, "last", "hello"])

    def test_a_connection_that_it_has_closed_is_not_used(self):
        out = call("--pause-ms", 200, *[self.base + "/hello"] * 3)
        self.assertEqual([each["body"] for each in out], ["hello"] * 3)
        self.assertEqual([each["connections_made"] for each in out], [1, 2, 3])


class Node(Peer):
    program = "node"

    @classmethod
    def start(cls, program):
        script = pathlib.Path(cls.dir.name, "server.js")
        script.write_text(NODE.replace("PORT", str(cls.port)))
        cls.run_until_the_end([program, script], cls.port)

    def test_answers_of_every_kind(self):
        paths = ["/hello", "/hints", "/trailers", "/until-close", "/large", "/hello"]
        wanted = ["hello", "hinted", "in parts", "as long as it lasts", "x" * 1_000_000, "hello"]
        self.assertEqual(self.bodies(*paths), wanted)
        self.assertEqual(self.bodies(*paths, flags=["--streamed"]), wanted)

    def test_one_connection_serves_until_an_answer_ends_it(self):
        out = call(*(self.base + path for path in ("/hello", "/trailers", "/hello", "/until-close",
                                                   "/hello")))
        self.assertEqual([each["connections_made"] for each in out], [1, 1, 1, 1, 2])

    def test_answers_that_are_cut_off(self):
        self.assertEqual(self.bodies("/cut", "/hello", "/destroyed", "/hello"),
                         ["the connection ended early", "hello",
                          "the server had closed the connection", "hello"])

    def test_a_connection_that_it_has_closed_is_not_used(self):
        out = call("--pause-ms", 200, *[self.base + "/hello"] * 3)
        self.assertEqual([each["body"] for each in out], ["hello"] * 3)

    def test_as_a_proxy(self):
        out = call("http://users.example/7", self.base + "/hello", http_proxy=self.base,
                   no_proxy="127.0.0.0/8")
        self.assertEqual([each["body"] for each in out],
                         ["proxied http://users.example/7", "hello"])


if __name__ == "__main__":
    unittest.main()
