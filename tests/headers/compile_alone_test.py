"""The header check must find what it is there to find."""
import pathlib
import tempfile
import unittest

from compile_alone import Compiler, check_tree

GOOD = """#pragma once
/// @file
/// A number.
///
/// ```cpp
/// static_assert(answer() == 42);
/// ```
///
/// ```cpp
/// int sum = answer();
/// sum += answer();
/// ```

constexpr int answer() { return 42; }
"""


class CompileAlone(unittest.TestCase):
    def problems(self, files, with_sources=False):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for name, text in files.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text)
            command = ["clang++-19", "-std=c++20", "-Wall", "-Wextra", "-Werror",
                       f"-I{tree}/include", f"-I{tree}/lib"]
            return "".join(check_tree(Compiler(command, tree), tree, True, with_sources))

    def header(self, text):
        return self.problems({"include/ferrule/core/x.hpp": text})

    def test_accepts_a_good_header(self):
        self.assertEqual(self.header(GOOD), "")

    def test_refuses_a_header_that_lacks_an_include(self):
        self.assertIn("does not compile alone", self.header(GOOD + "std::string name();\n"))

    def test_refuses_a_header_with_a_warning(self):
        self.assertIn("does not compile alone", self.header(GOOD + "inline int f(int x) {}\n"))

    def test_refuses_a_header_without_an_example(self):
        self.assertIn("has no ```cpp example", self.header("#pragma once\n/// @file\n/// A.\n"))

    def test_refuses_an_example_that_does_not_compile(self):
        self.assertIn("example 1 compiles neither", self.header(GOOD.replace("== 42", "== 41")))
        self.assertIn("example 2 compiles neither", self.header(GOOD.replace("sum +=", "all +=")))

    def test_refuses_a_private_header_and_a_source_that_do_not_compile(self):
        self.assertIn("does not compile alone", self.problems({"lib/core/y.hpp": "wrong"}))
        self.assertIn("does not compile", self.problems({"lib/core/y.cpp": "wrong"}, True))


if __name__ == "__main__":
    unittest.main()
