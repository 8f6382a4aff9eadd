"""`ferrule new`, as it is installed: what it makes, what it refuses."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import installed
from installed import attempt, get, run, started

args = None


class New(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix = args.out / "prefix"
        run(args.cmake, "--install", args.build, "--prefix", cls.prefix)
        cls.command = cls.prefix / "bin/ferrule"

    def new(self, *names):
        return attempt(self.command, "new", *names, cwd=args.out)

    def test_what_it_makes_works(self):
        code, output = self.new("to-do2")
        self.assertEqual(code, 0, output)
        folder = args.out / "to-do2"
        self.assertNotRegex("".join(path.read_text() for path in folder.iterdir()), "@[a-z]+@")
        for command in re.findall(r"^  (c(?:make|test) .*)$", output, re.MULTILINE):
            run("sh", "-c", command, cwd=folder)
        copied = re.search(r"^COPY (\S+) /to-do2$", (folder / "Containerfile").read_text(), re.M)
        self.assertIn("!" + copied[1], (folder / ".dockerignore").read_text().splitlines())
        with started(folder / copied[1], "--host", "0.0.0.0") as url:
            self.assertEqual(get(url.replace("0.0.0.0", "127.0.0.1") + "/greetings/Ada"),
                             '{"text":"Hello, Ada!"}')
        self.check_its_image(folder, args.out)
        self.assertIn("main.cpp", (folder / "build/release/compile_commands.json").read_text())
        self.check_that_its_test_can_fail(folder)

    def check_its_image(self, folder, out):
        """The image has the executable alone, which runs there as nobody."""
        if shutil.which("buildah") is None or os.geteuid() != 0:
            print("no image was made: it takes buildah, and root")
            return
        buildah = ("buildah", "--storage-driver", "vfs", "--root", out / "images",
                   "--runroot", out / "images-running")
        run(*buildah, "build", "--isolation", "chroot", "--tag", folder.name, cwd=folder)
        container = run(*buildah, "from", folder.name).split()[-1]
        root = pathlib.Path(run(*buildah, "mount", container).strip())
        self.assertEqual([path.name for path in root.iterdir()], [folder.name])
        program = ["chroot", "--userspec=65534:65534", root, f"/{folder.name}"]
        with started(program, "--host", "0.0.0.0") as url:
            self.assertEqual(get(url.replace("0.0.0.0", "127.0.0.1") + "/greetings/Ada"),
                             '{"text":"Hello, Ada!"}')
        run(*buildah, "rm", "--all")
        run(*buildah, "rmi", "--all")

    def check_that_its_test_can_fail(self, folder):
        test = folder / "test.cpp"
        test.write_text(test.read_text().replace("Hello, Ada!", "Goodbye, Ada!"))
        run(args.cmake, "--build", "--preset", "release", cwd=folder)
        code, output = attempt("ctest", "--preset", "release", cwd=folder)
        self.assertNotEqual(code, 0)
        self.assertIn("wrong: a greeting", output)

    def test_bad_names_are_refused_and_nothing_is_made(self):
        before = set(args.out.iterdir())
        for name, reason in (("", "begins with"), ("Users", "lower-case"), ("2fa", "begins with"),
                             ("a--b", "single"), ("a-", "single"), ("a_", "single"),
                             ("../a", "lower-case"), ("a b", "lower-case"), ("ä", "lower-case"),
                             ("-a", "begins with"), ("a&b", "lower-case"), ("a\nb", "lower-case"),
                             ("a" * 51, "50 characters"), ("class", "keyword"),
                             ("co-await", "keyword"), ("test", "CMake"), ("z", "library")):
            code, output = self.new(name)
            self.assertNotEqual(code, 0, name)
            self.assertIn(reason, output)
        for names in ((), ("a", "b")):
            self.assertNotEqual(self.new(*names)[0], 0)
        self.assertEqual(set(args.out.iterdir()), before)

    def test_what_is_there_is_left_alone(self):
        (args.out / "mine").write_text("precious")
        (args.out / "dangling").symlink_to("nothing")
        for name in ("mine", "dangling"):
            code, output = self.new(name)
            self.assertNotEqual(code, 0)
            self.assertIn(f"{name} is here already", output)
        self.assertEqual((args.out / "mine").read_text(), "precious")

    def test_help_and_mistakes(self):
        self.assertIn("ferrule new NAME", run(self.command, "--help"))
        self.assertEqual(attempt(self.command, "made-up")[0], 2)


class Watch(unittest.TestCase):
    """With a build folder whose builds are a copy: what counts is when it builds and starts."""

    def setUp(self):
        self.folder = args.out / "watched"
        self.folder.mkdir()
        (self.folder / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(watched NONE)\n"
            "add_custom_target(program COMMAND ${CMAKE_COMMAND} -E copy_if_different\n"
            "  ${CMAKE_SOURCE_DIR}/program.cpp ${CMAKE_BINARY_DIR}/program\n"
            "  COMMAND chmod +x program COMMAND ./program build)\n")
        self.write("one")
        run(args.cmake, "-G", "Ninja", "-S", self.folder, "-B", self.folder / "build")

    def write(self, word):
        """A program that says the word, and then waits for its end; as part of a build it ends."""
        (self.folder / "program.cpp").write_text(
            f'#!/bin/sh\n[ "$1" != build ] || exit 0\necho {word} "$@"\nexec sleep 100\n')

    def test_a_change_is_built_and_started(self):
        watching = subprocess.Popen(
            [pathlib.Path(args.root) / "cmake/ferrule", "watch", "build", "program", "option"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self.assertEqual(watching.stdout.readline(), "one option\n")
            self.write("two")
            self.assertEqual(watching.stdout.readline(), "two option\n")
            (self.folder / "program.cpp").write_text("#!/bin/sh\necho broken\nexit 1\n")
            while "that does not build" not in (line := watching.stderr.readline()):
                self.assertTrue(line)
            self.write("three")
            self.assertEqual(watching.stdout.readline(), "three option\n")
        finally:
            watching.terminate()
            watching.communicate(timeout=installed.WAIT_SECONDS)
        self.assertEqual(watching.returncode, 0)

    def test_without_a_build_folder_it_says_so(self):
        code, output = attempt(args.root / "cmake/ferrule", "watch", "nowhere", "program")
        self.assertNotEqual(code, 0)
        self.assertIn("nowhere is no build folder: configure it first", output)

    def tearDown(self):
        shutil.rmtree(self.folder)


if __name__ == "__main__":
    args = installed.arguments()
    unittest.main(argv=[__file__])
