"""The check of refusals must find what it is there to find."""
import pathlib
import tempfile
import unittest

from compile_fail import check

GOOD = """#include <type_traits>

//! case: a type that is no int
//! expect: only int is allowed
#ifdef REFUSED
static_assert(std::is_same_v<char, int>, "only int is allowed");
#else
static_assert(std::is_same_v<int, int>, "only int is allowed");
#endif
"""


class CompileFail(unittest.TestCase):
    def problems(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "sample.cpp"
            file.write_text(text)
            count, problems = check(["clang++-19", "-std=c++20"], [file])
            self.assertEqual(count, 1)
            return "".join(problems)

    def test_accepts_a_good_case(self):
        self.assertEqual(self.problems(GOOD), "")

    def test_finds_what_compiles_though_it_must_not(self):
        self.assertIn("a type that is no int: compiles", self.problems(GOOD.replace("char", "int")))

    def test_finds_a_twin_that_does_not_compile(self):
        self.assertIn("a twin does not compile",
                      self.problems(GOOD.replace("<int, int>", "<int, char>")))

    def test_finds_a_message_that_is_not_the_first(self):
        first = "//! first: must be char\n#ifdef REFUSED"
        self.assertIn("the first error lacks 'must be char'",
                      self.problems(GOOD.replace("#ifdef REFUSED", first)))

    def test_finds_too_many_lines(self):
        self.assertIn("lines, more than 2",
                      self.problems(GOOD.replace("#ifdef REFUSED", "//! lines: 2\n#ifdef REFUSED")))

    def test_finds_another_message(self):
        self.assertIn("the message lacks ['only int is allowed']",
                      self.problems(GOOD.replace('"only int', '"no int')))

    def test_asks_for_an_expectation(self):
        self.assertIn("says nothing of what it expects",
                      self.problems(GOOD.replace("//! expect: only int is allowed\n", "")))


if __name__ == "__main__":
    unittest.main()
