"""Each check must find what it is there to find, and leave alone what is right."""
import pathlib
import tempfile
import unittest

import tidy

HEADER = "#pragma once\n/// @file\n/// What it is for.\n"


def function(lines, head="int f(int a)", opening=""):
    return f"namespace a {{\nstruct b {{\n{head} {{\n{opening}" + "\n" * lines + "}\n};\n}\n"


class Tidy(unittest.TestCase):
    def problems(self, path, text):
        return "\n".join(tidy.check_file(pathlib.Path(path), text))

    def assert_fine(self, path, text):
        self.assertEqual(self.problems(path, text), "")

    def test_a_folder_includes_only_lower_ones_and_itself(self):
        path = "include/ferrule/http/x.hpp"
        self.assert_fine(path, HEADER + '#include "ferrule/io/y.hpp"\n')
        self.assert_fine(path, HEADER + '#include "ferrule/http/y.hpp"\n')
        for above in ("app", "dns", "test"):
            found = self.problems(path, HEADER + f'#include "ferrule/{above}/y.hpp"\n')
            self.assertIn(f"x.hpp:4: http includes {above}", found)
        self.assertIn("io includes http", self.problems("lib/io/x.cpp", '#include "http/y.hpp"\n'))
        self.assertIn("has no layer", self.problems("lib/odds/x.cpp", ""))

    def test_the_umbrella_stands_above_all_but_the_test_folder(self):
        path = "include/ferrule/ferrule.hpp"
        self.assert_fine(path, HEADER + "#include <ferrule/route/x.hpp>\n")
        self.assertIn("app includes test",
                      self.problems(path, HEADER + "#include <ferrule/test/x.hpp>\n"))

    def test_lines_and_files_are_short(self):
        self.assert_fine("lib/core/x.cpp", "// " + "ü" * 97 + "\n")
        self.assertIn("x.cpp:1: 101 columns", self.problems("lib/core/x.cpp", "/" * 101))
        self.assert_fine("lib/core/x.cpp", "\n" * 400)
        self.assertIn("advice", self.problems("lib/core/x.cpp", "\n" * 401))
        self.assertIn("501 lines, at most", self.problems("lib/core/x.cpp", "\n" * 501))

    def test_functions_are_short(self):
        self.assert_fine("lib/core/x.cpp", function(60))
        self.assert_fine("lib/core/x.cpp", function(200, head="struct c"))
        self.assert_fine("lib/core/x.cpp", "#if f(1)\n#endif\n" + function(200, head="struct c"))
        self.assert_fine("lib/core/x.cpp", function(200, head="requires(d<T>) class c : b<T>"))
        self.assert_fine("lib/core/x.cpp", "int f() { return 1; }\n" * 120)
        self.assertIn("advice lib/core/x.cpp:3: function: 73 lines",
                      self.problems("lib/core/x.cpp", function(71)))
        for text in (function(95), function(95, head="TEST(a, b)"),
                     function(95, head="template <class T> auto f(T) -> int"),
                     function(95, head="b(int a) : a_{a}, b_{2}"),
                     function(95, opening="if (a) {\n}\n"),
                     function(95, opening="g('{', \"{\");  // {\n")):
            self.assertIn("x.cpp:3: function: 9", self.problems("lib/core/x.cpp", text))

    def test_awaitables_are_tried_for_fairness(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            path = pathlib.Path("lib/core/x.hpp")
            (tree / path.parent).mkdir(parents=True)
            (tree / tidy.FAIRNESS_TEST.parent).mkdir(parents=True)
            (tree / path).write_text("void await_suspend(int);\n")
            (tree / tidy.FAIRNESS_TEST).write_text("")
            self.assertIn("does not name", "".join(tidy.check_awaitables(tree, [path])))
            (tree / tidy.FAIRNESS_TEST).write_text("// core/x.hpp\n")
            self.assertEqual(list(tidy.check_awaitables(tree, [path])), [])
            (tree / path).write_text("struct promise_type : promise_base {};\n")
            self.assertEqual(list(tidy.check_awaitables(tree, [path])), [])
            (tree / path).write_text("struct promise_type {};\n")
            self.assertIn("no promise_base", "".join(tidy.check_awaitables(tree, [path])))

    def test_the_library_uses_nothing_that_links_std_locale(self):
        for text in ("#include <iostream>", "#include <regex>", "#include <locale>",
                     "std::function<void()> f;", "auto& t = typeid(x);", "using namespace std;"):
            self.assertIn("x.cpp:1", self.problems("lib/core/x.cpp", text))
            self.assert_fine("tests/unit/core/x_test.cpp", text)
        self.assert_fine("lib/core/x.cpp", "using namespace std::chrono_literals;")
        self.assert_fine("lib/core/x.cpp", "// Smaller than a std::function.")

    def test_words_of_unfinished_work_and_paths_of_one_machine(self):
        for text in ("// TODO: more", "# FIXME", 'open("/root/x")', "cd /home/somebody"):
            self.assertIn("x.cpp:1", self.problems("benchmarks/x.cpp", text))
        self.assert_fine("benchmarks/x.cpp", 'get("/users/7"); // a/home/x')

    def test_headers_open_as_they_should(self):
        self.assertIn("#pragma once", self.problems("lib/core/x.hpp", "int x;\n"))
        self.assertIn("`/// @file`", self.problems("include/ferrule/core/x.hpp", "#pragma once\n"))
        self.assert_fine("lib/core/x.hpp", "#pragma once\n")

    def test_sources_and_tests_mirror_headers(self):
        def problems(*names):
            return "\n".join(tidy.check_mirrors([pathlib.Path(name) for name in names]))

        header = "include/ferrule/core/x.hpp"
        self.assertEqual(problems(header, "lib/core/x.cpp", "tests/unit/core/x_test.cpp",
                                  "lib/core/more_x.cpp", "tests/unit/core/x_more_test.cpp",
                                  "tests/suites/wire/y_test.cpp"), "")
        self.assertEqual(problems("lib/io/y.hpp", "lib/io/y.cpp", "tests/unit/io/y_test.cpp"), "")
        self.assertEqual(problems("lib/io/part/y.hpp", "lib/io/part/z.cpp"), "")
        self.assertIn("lib/io/part/z.cpp: no header", problems(header, "lib/io/part/z.cpp"))
        self.assertIn("lib/core/y.cpp: no header", problems(header, "lib/core/y.cpp"))
        self.assertIn("tests/unit/core/y_test.cpp: no header",
                      problems(header, "tests/unit/core/y_test.cpp"))

    def test_a_tree_is_searched_for_all_kinds_of_files(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            for name in ("lib/core/x.cpp", "cmake/x.cmake", "tests/x.py", "CMakeLists.txt",
                         "tests/run"):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text("#!/bin/sh\n" + "#" * 101 + "\n")
            self.assertEqual(len([p for p in tidy.check_tree(tree) if "columns" in p]), 5)


if __name__ == "__main__":
    unittest.main()
