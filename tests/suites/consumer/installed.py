"""What the tests of the installed package share: commands, and a service that runs for a while."""
import argparse
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import urllib.request

WAIT_SECONDS = 30
CLANG = "-DCMAKE_CXX_COMPILER=clang++-19"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cmake", required=True)
    for option in ("--build", "--root", "--out"):
        parser.add_argument(option, type=pathlib.Path, required=True)
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    args.out.mkdir(parents=True)
    return args


def attempt(*command, **options):
    """The exit code of a command, and what it printed."""
    done = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    return done.returncode, done.stdout


def run(*command, **options):
    code, output = attempt(*command, **options)
    if code != 0:
        raise AssertionError(f"{command} failed:\n{output}")
    return output


@contextlib.contextmanager
def started(program, *options):
    """Runs a service on a free port; gives its URL, then ends it and checks that it ended well. The
    program is a path, or a command that ends with it."""
    command = program if isinstance(program, list) else [program]
    service = subprocess.Popen([*command, "--port", "0", *options], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        line = service.stdout.readline()
        url = re.search(r"http://\S+$", line.strip())
        if not url:
            raise AssertionError(f"no URL in the start-up line: {line!r}")
        yield url.group(0)
        service.send_signal(signal.SIGTERM)
        if service.wait(WAIT_SECONDS) != 0:
            raise AssertionError(f"the service ended with {service.returncode}")
    finally:
        service.kill()
        service.communicate()


def get(url):
    with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
        return answer.read().decode()
