"""The program ``mcproxy`` itself: help, version, wrong use, and ``mcproxy check``."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Collection

from mcproxy import __version__, exit_codes
from mcproxy.cli import SUBCOMMANDS, check
from mcproxy.config import files
from mcproxy.instance.forced_versions import forced_versions
from mcproxy.instance.plan.plan import Plan
from mcproxy.linux.forced_versions import ForcedVersion
from mcproxy.protocol.family import IPV4

from .support import GOOD, PROJECT, CommandTestCase


class MainTests(CommandTestCase):
    def test_help_names_all_subcommands(self) -> None:
        for word in ("--help", "-h", "help"):
            self.assertEqual(self.run_here(word), 0)
            for name in SUBCOMMANDS:
                self.assertIn(f"  {name} ", self.out)
            self.assertLessEqual(max(map(len, self.out.splitlines())), 80, self.out)

    def test_help_of_each_subcommand_ends_with_its_exit_codes(self) -> None:
        kinds = [(name, kind) for name in ("add", "remove") for kind in ("instance", "upstream")]
        for words in [*((name,) for name in SUBCOMMANDS), *kinds]:
            self.assertEqual(self.run_here(*words, "--help"), 0)
            self.assertTrue(self.out.startswith(f"usage: mcproxy {' '.join(words)} ["), self.out)
            self.assertTrue(self.out.endswith(f"exit codes:\n{exit_codes.as_text()}\n"), self.out)
            self.assertLessEqual(max(map(len, self.out.splitlines())), 80, self.out)

    def test_help_of_a_subcommand_may_be_asked_for_by_a_word(self) -> None:
        self.assertEqual(self.run_here("help", "mon"), 0)
        self.assertTrue(self.out.startswith("usage: mcproxy monitor ["), self.out)
        self.assertEqual(self.run_here("help", "nonsense"), 2)

    def test_version_is_printed(self) -> None:
        self.assertEqual(self.run_here("--version"), 0)
        self.assertEqual(self.out, f"mcproxy {__version__}\n")

    def test_wrong_use_has_exit_code_2_and_a_hint(self) -> None:
        self.assertEqual(self.run_here(), 2)
        self.assertIn("missing subcommand", self.err)
        self.assertEqual(self.run_here("chekc"), 2)
        self.assertIn('unknown subcommand "chekc"; did you mean check?', self.err)
        self.assertEqual(self.run_here("check", "--nonsense", "x"), 2)

    def test_help_imports_no_subcommand(self) -> None:
        program = "import sys, mcproxy.cli as c; c.main(['--help']); print(*sys.modules)"
        output = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
        ).stdout
        for module in ("twisted", "attr", "argparse", "mcproxy.config"):
            self.assertNotIn(f" {module} ", output)

    def test_package_runs_as_a_module(self) -> None:
        process = subprocess.run(
            [sys.executable, "-m", "mcproxy", "check", "/nowhere"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        self.assertEqual(process.returncode, 1)
        self.assertEqual(process.stderr, "/nowhere: no such file; check the path\n")


BOUNDARY = 'boundary = ["239.255.255.250", "ff05::c"]\n'


class CheckTests(CommandTestCase):
    def test_valid_file_is_summed_up_in_one_line(self) -> None:
        self.have_interfaces()
        path = self.write(
            GOOD
            + BOUNDARY
            + '[instance."b.c"]\nupstream = "x"\ndownstream = "y"\nmld-version = 0\ntable = 7\n'
            + BOUNDARY
        )
        self.assertEqual(self.run_here("check", path), 0)
        self.assertEqual(
            self.out,
            f"{path}: good: tv from eth0 to eth1, lan* (IGMPv3, MLDv2);"
            " b.c from x to y (IGMPv3, table 7)\n",
        )
        self.assertEqual(self.err, "")

    def test_version_of_an_interface_is_summed_up_where_it_differs(self) -> None:
        self.have_interfaces()
        own = (
            "igmp-version = 2\ninterface.eth0.igmp-version = 3\n"
            "interface.eth1.igmp-version = 2\ninterface.eth0.mld-version = 1\n"
        )
        path = self.write(GOOD + BOUNDARY + own)
        self.assertEqual(self.run_here("check", path), 0)
        self.assertIn("(IGMPv2, IGMPv3 on eth0, MLDv2, MLDv1 on eth0)\n", self.out)

    def test_version_that_the_kernel_forces_is_a_warning(self) -> None:
        self.have_interfaces()
        forced = ForcedVersion("net.ipv4.conf.all.force_igmp_version", 2)

        def found(plan: Plan, links: Collection[str]) -> list[str]:
            on = lambda family, name: forced if family is IPV4 else None  # noqa: E731
            return forced_versions(plan, ["eth0"], on)

        self.patch(check, "forced_versions", found)
        path = self.write(GOOD + BOUNDARY)
        self.assertEqual(self.run_here("check", path), 0)
        self.assertEqual(
            self.out.splitlines()[1],
            "warning: net.ipv4.conf.all.force_igmp_version is 2, but mcproxy uses IGMPv3 on the "
            "upstream eth0: programs on this machine report there in IGMPv2, so other routers hear "
            "both versions from this machine; set net.ipv4.conf.all.force_igmp_version to 0, or "
            "igmp-version of eth0 in instance tv to 2",
        )

    def test_what_is_not_recommended_is_a_warning(self) -> None:
        """TM-05: the file is good all the same."""
        self.have_interfaces()
        path = self.write(GOOD + BOUNDARY + "[defaults]\nrobustness-variable = 1\n")
        self.assertEqual(self.run_here("check", path), 0)
        good, warning = self.out.splitlines()
        self.assertIn(": good: ", good)
        self.assertIn(f"warning: {path}: defaults.robustness-variable (line 6): ", warning)

    def test_file_that_lets_ssdp_out_gets_a_note(self) -> None:
        """The groups of the families that the instance has, unless a boundary or filter is set."""
        self.have_interfaces()
        for more, groups in (
            ("", '"239.255.255.250", "ff05::c"'),
            ("igmp-version = 0\n", '"ff05::c"'),
            ('boundary = ["239.255.0.0/16"]\n', '"ff05::c"'),
        ):
            path = self.write(GOOD + more)
            self.assertEqual(self.run_here("check", path), 0)
            self.assertEqual(
                self.out.splitlines()[1:],
                [
                    f"{path}: note: instance tv joins SSDP upstream when a host does, and sends the"
                    f" hosts' searches there; to keep SSDP at home, write boundary = [{groups}]"
                ],
            )
        filters = '[[instance.tv.filter]]\ninterface = "*"\nrole = "upstream"\ndirection = "in"\n'
        for more in (BOUNDARY, filters + "deny = []\n"):
            path = self.write(GOOD + more)
            self.assertEqual(self.run_here("check", path), 0)
            self.assertEqual(self.out.count("\n"), 1)

    def test_interface_that_does_not_exist_is_a_note(self) -> None:
        """A pattern is no interface. Two instances that name one make one note."""
        self.have_interfaces("eth1", "lan*", "eth9")
        other = '[instance.b]\nupstream = "eth9"\ndownstream = "eth2"\n' + BOUNDARY
        path = self.write(
            GOOD + BOUNDARY + other + other.replace(".b", ".c").replace("eth2", "eth3")
        )
        self.assertEqual(self.run_here("check", path), 0)
        later = "does not exist on this machine now; it will be used as soon as it appears"
        self.assertEqual(
            self.out.splitlines()[1:],
            [f"{path}: note: interface {name} {later}" for name in ("eth9", "eth1")],
        )
        self.assertEqual(self.err, "")

    def test_peer_and_instance_without_upstream_are_notes(self) -> None:
        self.have_interfaces()
        peer = '[instance.tv]\nupstream = ["eth0", "eth1"]\ndownstream = ["eth1", "eth2"]\n'
        alone = '[instance.b]\ndownstream = ["eth3", "eth4"]\n'
        path = self.write(peer + BOUNDARY + alone)
        self.assertEqual(self.run_here("check", path), 0, self.err)
        _, *notes = self.out.splitlines()
        self.assertEqual(len(notes), 2, notes)
        self.assertIn("note: eth1 is upstream and downstream of instance tv: a link betw", notes[0])
        self.assertIn("note: instance b has no upstream: it forwards among eth3, eth4,", notes[1])

    def test_dash_is_standard_input(self) -> None:
        self.have_interfaces()
        for text, code in ((GOOD + BOUNDARY, 0), ("[instance.tv]\nupstraem = 3\n", 1)):
            self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
            self.assertEqual(self.run_here("check", "-"), code)
            first, *_ = (self.out + self.err).splitlines()
            self.assertIn(("standard input: good: tv", "standard input: instance.tv")[code], first)

    def test_file_that_is_left_out_is_the_default_one(self) -> None:
        self.have_interfaces()
        self.patch(check, "CONFIGURATION", self.write(GOOD + BOUNDARY))
        self.assertEqual(self.run_here("check"), 0)
        self.assertIn(": good: tv from eth0", self.out)

    def test_default_file_that_is_missing_has_a_cure(self) -> None:
        path = "/nowhere/mcproxy.toml"
        for module in (check, files):
            self.patch(module, "CONFIGURATION", path)
        self.assertEqual(self.run_here("check"), 1)
        self.assertEqual(
            self.err,
            f"{path}: no such file; this is the default; write it (see mcproxy.toml(5)), name "
            "another file, or name interfaces: mcproxy run --upstream IF --downstream IF\n",
        )

    def test_each_mistake_is_a_line_on_standard_error(self) -> None:
        path = self.write("[instance.tv]\nupstraem = 3\n")
        self.assertEqual(self.run_here("check", path), 1)
        self.assertEqual(self.out, "")
        lines = self.err.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertTrue(all(line.startswith(f"{path}: instance.tv") for line in lines), self.err)

    def test_what_a_service_misses_on_this_machine_is_told(self) -> None:
        self.have_interfaces()
        text = GOOD + BOUNDARY + '[control]\nsocket = "/nowhere/s"\n'
        self.assertEqual(self.run_here("check", self.write(text)), 0)
        self.assertIn("control.socket (line 6): the folder /nowhere does not exist", self.out)
        self.assertEqual(self.run_here("check", self.write(text + 'group = "no-such"\n')), 1)
        self.assertIn("control.group (line 7): group no-such does not exist", self.err)

    def test_contradiction_about_a_shared_upstream_is_a_mistake(self) -> None:
        other = '[instance.b]\nupstream = "eth0"\ndownstream = "eth2"\nigmp-version = 2\n'
        path = self.write(GOOD + other)
        self.assertEqual(self.run_here("check", path), 1)
        self.assertEqual(
            self.err,
            f"{path}: instance.b.igmp-version (line 7): instance b speaks IGMPv2 on upstream eth0, "
            "but instance tv speaks IGMPv3 there (instance.tv.igmp-version, line 1); give both the "
            "same value or another upstream\n",
        )
