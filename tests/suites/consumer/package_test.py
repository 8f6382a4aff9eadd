"""Uses Ferrule as a stranger would: installed, out of tree, by the README's first example."""
import os
import pathlib
import re
import shutil
import unittest
import urllib.error

import installed
from installed import attempt, get, run, started

HERE = pathlib.Path(__file__).parent
args = None


def first_example(readme):
    return re.search(r"^```cpp\n(.*?)^```", readme.read_text(), re.MULTILINE | re.DOTALL).group(1)


def broken_links(pages):
    """The links to files in Markdown pages that lead nowhere."""
    for page in pages:
        prose = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#:\s]+)\)", prose):
            if not os.path.exists(os.path.normpath(page.parent / target)):
                yield f"{page}: {target}"


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prefix, cls.project, cls.out = (args.out / each
                                            for each in ("prefix", "project", "build"))
        run(args.cmake, "--install", args.build, "--prefix", cls.prefix)
        shutil.copytree(HERE / "project", cls.project)
        (cls.project / "main.cpp").write_text(first_example(args.root / "README.md"))
        cls.configure(cls.project, cls.out)
        run(args.cmake, "--build", cls.out)
        cls.hello = cls.out / "hello"
        cls.optional = cls.out / "optional"

    @classmethod
    def configure(cls, source, build, build_type="Release", prefix=None, *options):
        return run(*cls.configuring(source, build, build_type, prefix or cls.prefix, *options))

    @classmethod
    def configuring(cls, source, build, build_type, prefix, *options):
        return (args.cmake, "-G", "Ninja", "-S", source, "-B", build, installed.CLANG,
                f"-DCMAKE_BUILD_TYPE={build_type}", f"-DCMAKE_PREFIX_PATH={prefix}", *options)

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
        code, output = attempt(args.cmake, "--build", self.out, "--target", "dangling")
        self.assertNotEqual(code, 0)
        self.assertIn("-Werror,-Wdangling", output)

    def test_it_links_no_demangler(self):
        self.assertNotIn(b"construction vtable for ", self.hello.read_bytes())

    def test_editors_learn_how_it_is_compiled(self):
        self.assertIn("main.cpp", (self.out / "compile_commands.json").read_text())

    def test_any_linker_takes_the_library(self):
        program = args.out / "linked-by-bfd"
        objects = [self.out / "CMakeFiles/hello.dir/main.cpp.o", self.prefix / "lib/libferrule.a",
                   self.prefix / "lib/cmake/ferrule/libsimdjson.a"]
        run("clang++-19", "-fuse-ld=bfd", *objects, "-luring", "-o", program)
        with started(program) as url:
            self.assertEqual(get(url + "/"), "Hello, World!")

    def test_only_link_time_optimisation_takes_its_bitcode(self):
        """hello is built without it and optional with it, see project/CMakeLists.txt."""
        for program, flag in (("hello", 0), ("optional", 1)):
            commands = run("ninja", "-C", self.out, "-t", "commands", program)
            self.assertEqual(commands.count("--fat-lto-objects"), flag, commands)

    def test_symbols_stay_where_they_are_asked_for(self):
        build = args.out / "with-symbols"
        self.configure(self.project, build, "RelWithDebInfo")
        commands = run("ninja", "-C", build, "-t", "commands", "hello")
        self.assertIn(" -static-pie ", commands)
        self.assertNotIn(" -s ", commands)
        self.assertIn(" -s ", run("ninja", "-C", self.out, "-t", "commands", "hello"))

    def test_a_build_of_less_installs_less(self):
        """As after services/up, which builds only what the services link."""
        build, prefix = args.out / "partial", args.out / "partial-prefix"
        self.configure(args.root, build, "Release", None, "-DFERRULE_TESTS=OFF",
                       "-DFERRULE_SERVICES=OFF")
        for library in ("libferrule.a", "libferrule_dns.a", "libferrule_client.a"):
            shutil.copy(args.build / library, build)
        run(args.cmake, "--install", build, "--prefix", prefix)
        (args.out / "some").mkdir()
        for part, found in (("client", True), ("compress", False)):
            source = args.out / "some" / part
            source.mkdir()
            (source / "CMakeLists.txt").write_text(
                "cmake_minimum_required(VERSION 3.25)\nproject(some CXX)\n"
                f"find_package(ferrule REQUIRED COMPONENTS {part})\n")
            code, output = attempt(*self.configuring(source, source / "build", "Release", prefix))
            self.assertEqual(code == 0, found, output)
            if not found:
                self.assertIn("ferrule::compress was not built", " ".join(output.split()))

    def test_its_pages_are_there_with_their_links(self):
        pages = self.prefix / "share/doc/ferrule"
        for page in ("README.md", "CHANGELOG.md", "LICENSE", "services/users/api.hpp"):
            self.assertTrue((pages / page).is_file(), page)
        self.assertEqual(list(broken_links(
            [*pages.rglob("*.md"), *pages.glob("include/ferrule/*/*.md")])), [])

    def test_it_is_a_part_of_another_build(self):
        source, build = args.out / "around", args.out / "around/build"
        source.mkdir()
        (source / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(around CXX)\n"
            f"add_subdirectory({args.root} ferrule)\nferrule_service(hello)\n"
            "target_link_libraries(hello PRIVATE ferrule::client)\n")
        shutil.copy(self.project / "main.cpp", source)
        self.configure(source, build)
        built = run("ninja", "-C", build, "-t", "targets", "all")
        self.assertIn("libferrule_client.a", built)
        for unwanted in ("test_http", "bin/users", "gtest"):
            self.assertNotIn(unwanted, built)
        self.assertNotIn("libferrule", (build / "ferrule/cmake_install.cmake").read_text())

    def test_a_wrong_folder_for_simdjson_is_explained(self):
        code, output = attempt(*self.configuring(
            args.root, args.out / "no-simdjson", "Release", "", "-DFERRULE_TESTS=OFF",
            "-DFERRULE_SERVICES=OFF", "-DFERRULE_SIMDJSON_DIR=/nowhere"))
        self.assertNotEqual(code, 0)
        for word in ("/nowhere lacks include/simdjson.h", "install-deps.sh", "libsimdjson-dev"):
            self.assertIn(word, " ".join(output.split()))


if __name__ == "__main__":
    args = installed.arguments()
    unittest.main(argv=[__file__])
