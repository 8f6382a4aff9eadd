"""A service as a process of its own, on a free port, for as long as a `with` block."""
import os
import pathlib
import signal
import subprocess
import urllib.request


class Service:
    def __init__(self, executable, *arguments, **options):
        # A port among the arguments wins, for it comes last.
        self.process = subprocess.Popen([executable, "--port", "0", *arguments],
                                        stderr=subprocess.PIPE, text=True, **options)
        self.line = self.process.stderr.readline().strip()

    def __enter__(self):
        return self

    def kill(self):
        """Ends it without a word; harmless when it has ended."""
        self.process.kill()
        self.process.wait(20)
        self.process.stderr.close()

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.code = self.process.wait(20)
        self.process.stderr.close()

    @property
    def url(self):
        return self.line.rsplit(" ", 1)[1]

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def status(self):
        """What /proc says of its memory."""
        return pathlib.Path(f"/proc/{self.process.pid}/status").read_text()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))
