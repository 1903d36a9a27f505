"""``mcproxy convert``."""

from __future__ import annotations

import attrs

from mcproxy.config.files import read
from tests.config.samples import EVERYTHING, IGMPPROXY, MOBILE, SMALLEST, SPLIT

from .support import CommandTestCase


class ConvertTests(CommandTestCase):
    def test_converted_file_means_the_same_and_is_valid(self) -> None:
        self.have_interfaces()
        for text in (SMALLEST, MOBILE, SPLIT, EVERYTHING, IGMPPROXY):
            path = self.write(text)
            self.assertEqual(self.run_here("convert", path), 0, self.err)
            new = self.write(self.out)
            before, after = read(path).configuration, read(new).configuration
            self.assertEqual(after, attrs.evolve(before, path=new))
            self.assertEqual(list(after.filters), list(before.filters))
            self.assertEqual(self.run_here("check", new), 0, self.err)
            first, *notes = self.out.splitlines()
            self.assertTrue(first.startswith(f"{new}: good: "))
            expected = ("boundary = [", "has no upstream", "is upstream and downstream")
            self.assertTrue(all(any(one in note for one in expected) for note in notes), notes)

    def test_comments_name_the_original_and_the_differences(self) -> None:
        path = self.write(EVERYTHING + ";\ndisable")
        self.assertEqual(self.run_here("convert", path), 0)
        name = path.rpartition("/")[2]
        self.assertTrue(
            self.out.startswith(
                f"# Converted from {name} (mcproxy 1.1) by mcproxy convert.\n"
                "#\n"
                "# The original was disabled (line 21, column 1); this file is enabled.\n"
                "#\n"
                "# Differences from the original:\n"
                "# line 6: 239.1.1.1/8 is 239.0.0.0/8\n"
                "# line 18: rulematching applies to all upstreams\n"
                "\n"
                "[filter.t-1]\n"
            ),
            self.out,
        )

    def test_native_file_is_refused(self) -> None:
        path = self.write('[instance.a]\nupstream = "x"\ndownstream = "y"\n')
        self.assertEqual(self.run_here("convert", path), 1)
        self.assertEqual(
            (self.out, self.err),
            ("", f"{path}: already in mcproxy's own format; nothing to convert\n"),
        )

    def test_mistakes_in_the_old_file_are_printed(self) -> None:
        path = self.write("pinstance a: b ==> b;\n")
        self.assertEqual(self.run_here("convert", path), 1)
        self.assertEqual(self.out, "")
        self.assertEqual(
            self.err,
            f'{path}: line 1, column 20: "b" is the only upstream and the only downstream;'
            " add another interface\n",
        )
        self.assertEqual(self.run_here("convert"), 2)
        self.assertEqual(self.run_here("convert", "/nowhere"), 1)


class OldFileTests(CommandTestCase):
    """Files of other programs in place of native ones."""

    def test_check_accepts_an_old_file(self) -> None:
        self.have_interfaces()
        path = self.write(SPLIT + "pinstance a (5): ==> x y;")
        self.assertEqual(self.run_here("check", path), 0, self.err)
        self.assertEqual(
            self.out.splitlines()[0],
            f"{path}: good: split from tunU1, tunU2 to tunD1, tunD2 (IGMPv3, table 10);"
            " a among x, y (IGMPv3, table 5)",
        )
        path = self.write(EVERYTHING)
        self.assertEqual(self.run_here("check", path), 0, self.err)
        self.assertIn(f"\n{path}: note: line 6: 239.1.1.1/8 is 239.0.0.0/8\n", self.out)

    def test_disabled_old_file_is_refused(self) -> None:
        path = self.write(SMALLEST + "disable;\n")
        for command in (["check"], ["run", "--config"]):
            self.assertEqual(self.run_here(*command, path), 1)
            self.assertEqual(
                self.err,
                f"{path}: line 4, column 1: this statement disables the file;"
                " remove it to use the file\n",
            )
