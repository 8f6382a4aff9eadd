"""The header check must find what it is there to find."""
import pathlib
import tempfile
import unittest

from compile_alone import Compiler, check_library, check_tree, one_of_each

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
    def problems(self, files, as_library=False):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for name, text in files.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text)
            command = ["clang++-19", "-std=c++20", "-Wall", "-Wextra", "-Werror",
                       f"-I{tree}/include", f"-I{tree}/lib"]
            compiler = Compiler(command, tree)
            if as_library:
                return "".join(check_library(compiler, tree))
            return "".join(check_tree(compiler, tree, with_examples=True))

    def header(self, text):
        return self.problems({"include/ferrule/core/x.hpp": text})

    def test_accepts_a_good_header(self):
        self.assertEqual(self.header(GOOD), "")

    def test_refuses_a_header_that_lacks_an_include(self):
        self.assertIn("does not compile alone", self.header(GOOD + "std::string name();\n"))

    def test_refuses_a_header_that_lacks_what_others_include(self):
        files = {"include/ferrule/core/x.hpp": GOOD + "#include <vector>\n",
                 "include/ferrule/core/y.hpp": GOOD.replace("answer", "other") +
                                               "inline std::vector<int> none() { return {}; }\n"}
        self.assertIn("core/y.hpp does not compile alone", self.problems(files))
        files["include/ferrule/core/y.hpp"] += '#include "ferrule/core/x.hpp"\n'
        self.assertIn("core/y.hpp does not compile alone", self.problems(files), "too late")
        files["include/ferrule/core/y.hpp"] = (
            '#include "ferrule/core/x.hpp"\n' + files["include/ferrule/core/y.hpp"])
        self.assertEqual(self.problems(files), "")

    def test_says_once_what_is_wrong_with_a_header_that_others_include(self):
        wrong = "a.hpp:1:1: error: no such type"
        self.assertEqual(len(one_of_each([f"a:\n{wrong}", f"b:\nin a module:\n{wrong}"])), 1)
        self.assertEqual(len(one_of_each([f"a:\n{wrong}", "b has no example"])), 2)

    def test_refuses_a_header_with_a_warning(self):
        self.assertIn("does not compile alone", self.header(GOOD + "inline int f(int x) {}\n"))

    def test_refuses_a_header_without_an_example(self):
        self.assertIn("has no ```cpp example", self.header("#pragma once\n/// @file\n/// A.\n"))

    def test_refuses_an_example_that_does_not_compile(self):
        self.assertIn("example 1 does not compile", self.header(GOOD.replace("== 42", "== 41")))
        self.assertIn("example 2 does not compile", self.header(GOOD.replace("sum +=", "all +=")))

    def test_refuses_a_private_header_that_does_not_compile(self):
        self.assertIn("does not compile alone", self.problems({"lib/core/y.hpp": "wrong"}))

    def test_refuses_a_library_that_does_not_compile(self):
        self.assertEqual(self.problems({"lib/core/y.cpp": "int y = 0;\n"}, True), "")
        self.assertIn("does not compile", self.problems({"lib/core/y.cpp": "wrong"}, True))
        self.assertIn("wrong", self.problems({"lib/core/y.hpp": "wrong"}, True))

    def test_leaves_a_private_header_to_the_source_that_starts_with_it(self):
        files = {"lib/core/y.hpp": "wrong", "lib/core/y.cpp": '#include "core/y.hpp"\n'}
        self.assertEqual(self.problems(files), "")
        self.assertIn("y.cpp does not compile", self.problems(files, True))
        files["lib/core/y.cpp"] = '#include <string>\n#include "core/y.hpp"\n'
        self.assertIn("does not compile alone", self.problems(files))

    def test_finds_what_is_wrong_with_one_source_of_several(self):
        files = {f"lib/core/{name}.cpp": "namespace { int use() { return 1; } }\n"
                                         f"int {name}() {{ return use(); }}\n" for name in "abc"}
        files["lib/core/d.cpp"] = "int d() { return 1; }\n"
        self.assertEqual(self.problems(files, True), "")
        files["lib/core/c.cpp"] = "wrong"
        problems = self.problems(files, True)
        self.assertIn("lib/core/c.cpp does not compile", problems)
        self.assertEqual(problems.count("does not compile"), 1)


if __name__ == "__main__":
    unittest.main()
