"""``mcproxy convert``."""

from __future__ import annotations

import attrs

from mcproxy.config.files import read
from tests.config.samples import EVERYTHING, IGMPPROXY, MOBILE, SMALLEST, SPLIT

from .support import CommandTestCase


class ConvertTests(CommandTestCase):
    def test_what_comes_out_means_the_same_and_is_good(self) -> None:
        for text in (SMALLEST, MOBILE, SPLIT, EVERYTHING, IGMPPROXY):
            path = self.write(text)
            self.assertEqual(self.run_here("convert", path), 0, self.err)
            new = self.write(self.out)
            before, after = read(path).configuration, read(new).configuration
            self.assertEqual(after, attrs.evolve(before, path=new))
            self.assertEqual(list(after.filters), list(before.filters))
            self.assertEqual(self.run_here("check", new), 0, self.err)
            self.assertEqual(self.out.count("\n"), 1)

    def test_comments_tell_what_it_is_and_what_it_has_not(self) -> None:
        path = self.write(EVERYTHING + ";\ndisable")
        self.assertEqual(self.run_here("convert", path), 0)
        name = path.rpartition("/")[2]
        self.assertTrue(
            self.out.startswith(
                f"# This is {name} of mcproxy 1.1, converted by mcproxy convert.\n"
                "#\n"
                "# It was switched off there (line 21, column 1); this file is not.\n"
                "#\n"
                "# What is otherwise here, or has no counterpart:\n"
                "# line 6: 239.1.1.1/8 is 239.0.0.0/8\n"
                "# line 18: rulematching holds for all upstreams\n"
                "\n"
                "[filter.t-1]\n"
            ),
            self.out,
        )

    def test_a_native_file_is_one(self) -> None:
        path = self.write('[instance.a]\nupstream = "x"\ndownstream = "y"\n')
        self.assertEqual(self.run_here("convert", path), 1)
        self.assertEqual((self.out, self.err), ("", f"{path}: it is a native file already\n"))

    def test_mistakes(self) -> None:
        path = self.write("pinstance a: b ==> b;\n")
        self.assertEqual(self.run_here("convert", path), 1)
        self.assertEqual(self.out, "")
        self.assertEqual(
            self.err,
            f'{path}: line 1, column 20: "b" is upstream and downstream, and alone;'
            " name another one\n",
        )
        self.assertEqual(self.run_here("convert"), 2)
        self.assertEqual(self.run_here("convert", "/nowhere"), 1)


class OldFileTests(CommandTestCase):
    """Where a native file may stand, an old one may."""

    def test_they_are_checked(self) -> None:
        path = self.write(SPLIT + "pinstance a (5): ==> x y;")
        self.assertEqual(self.run_here("check", path), 0, self.err)
        self.assertEqual(
            self.out,
            f"{path}: good: split from tunU1, tunU2 to tunD1, tunD2 (IGMPv3, table 10);"
            " a among x, y (IGMPv3, table 5)\n",
        )
        path = self.write(EVERYTHING)
        self.assertEqual(self.run_here("check", path), 0, self.err)
        self.assertIn(f"\n{path}: note: line 6: 239.1.1.1/8 is 239.0.0.0/8\n", self.out)

    def test_one_that_is_switched_off_is_not_used(self) -> None:
        path = self.write(SMALLEST + "disable;\n")
        for command in (["check"], ["run", "--config"]):
            self.assertEqual(self.run_here(*command, path), 1)
            self.assertEqual(
                self.err,
                f"{path}: line 4, column 1: this switches it off;"
                " take the statement out to use it\n",
            )
