"""Uses Ferrule as a stranger would: installed, out of tree, by the README's first example."""
import argparse
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
WAIT_SECONDS = 30
args = None


def run(*command):
    done = subprocess.run([str(part) for part in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed:\n{done.stdout}")
    return done.stdout


def first_example(readme):
    return re.search(r"^```cpp\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL).group(1)


@contextlib.contextmanager
def started(program):
    """Runs a service on a free port; gives its URL, then ends it and checks that it ended well."""
    service = subprocess.Popen([program, "--port", "0"], text=True,
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


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(args.out, ignore_errors=True)
        prefix, project, build = (args.out / name for name in ("prefix", "project", "build"))
        run(args.cmake, "--install", args.build, "--prefix", prefix)
        shutil.copytree(HERE / "project", project)
        (project / "main.cpp").write_text(first_example(args.readme))
        run(args.cmake, "-G", "Ninja", "-S", project, "-B", build, "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_CXX_COMPILER=clang++-19", f"-DCMAKE_PREFIX_PATH={prefix}")
        run(args.cmake, "--build", build)
        cls.hello = build / "hello"
        cls.optional = build / "optional"

    def test_the_example_answers(self):
        with started(self.hello) as url:
            self.assertEqual(get(url + "/"), "Hello, World!")
            self.assertIn("User 7", get(url + "/users/7"))
            with self.assertRaises(urllib.error.HTTPError) as refused:
                get(url + "/nowhere")
            refused.exception.close()
            self.assertEqual(refused.exception.code, 404)

    def test_it_is_one_static_stripped_file(self):
        for program in (self.hello, self.optional):
            headers = run("readelf", "--wide", "--all", program)
            self.assertIn("DYN (Position-Independent Executable", headers)
            for unwanted in ("INTERP", "(NEEDED)", ".symtab", ".debug_info"):
                self.assertNotIn(unwanted, headers)

    def test_libraries_are_linked_on_request(self):
        run(self.optional)
        of_sqlite = b"SQLite format 3"
        self.assertTrue(of_sqlite in self.optional.read_bytes())
        self.assertFalse(of_sqlite in self.hello.read_bytes())

    def test_a_coroutine_without_its_captures_is_refused(self):
        done = subprocess.run([args.cmake, "--build", args.out / "build", "--target", "dangling"],
                              capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("-Werror,-Wdangling", done.stdout + done.stderr)

    def test_it_links_no_demangler(self):
        self.assertNotIn(b"construction vtable for ", self.hello.read_bytes())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cmake", required=True)
    for option in ("--build", "--readme", "--out"):
        parser.add_argument(option, type=pathlib.Path, required=True)
    args = parser.parse_args()
    unittest.main(argv=[__file__])
