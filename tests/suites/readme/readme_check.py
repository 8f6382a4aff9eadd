#!/usr/bin/env python3
"""Tests that check_readme.py notices what is wrong."""
import argparse
import pathlib
import unittest

import check_readme as check

ROOT = pathlib.Path(__file__).parents[3]


class Blocks(unittest.TestCase):
    def test_commands_and_their_output(self):
        text = "```console\n$ curl -s a\none\ntwo\n\n$ curl -s b\n```\n"
        (language, body), = check.blocks(text)
        self.assertEqual(language, "console")
        self.assertEqual(check.console_commands(body), [("curl -s a", "one\ntwo"),
                                                        ("curl -s b", "")])


class Commands(unittest.TestCase):
    def test_a_wrong_answer_is_noticed(self):
        with check.Services(BIN) as services:
            right = "```console\n$ curl -s http://127.0.0.1:8000/\nHello, World!\n```\n"
            self.assertEqual(check.check_commands(right, services), [])
            wrong = right.replace("Hello", "Goodbye")
            self.assertEqual(len(check.check_commands(wrong, services)), 1)


class Code(unittest.TestCase):
    def test_code_that_does_not_compile_is_noticed(self):
        good = "```cpp\nint x = 1;\n```\n"
        self.assertEqual(check.check_code(good, ROOT, "clang++-19"), [])
        self.assertEqual(len(check.check_code(good.replace("1", "y"), ROOT, "clang++-19")), 1)

    def test_an_error_that_does_not_come_is_noticed(self):
        shown = "```cpp\nint x = y;\n```\n```text\nerror: ...identifier 'y'\n```\n"
        self.assertEqual(check.check_code(shown, ROOT, "clang++-19"), [])
        self.assertEqual(len(check.check_code(shown.replace("= y", "= 1"), ROOT, "clang++-19")), 1)
        self.assertEqual(len(check.check_code(shown.replace("'y'", "'z'"), ROOT, "clang++-19")), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    given, rest = parser.parse_known_args()
    BIN = given.bin
    unittest.main(argv=[__file__, *rest])
