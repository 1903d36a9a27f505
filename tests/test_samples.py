"""The sample configuration and the systemd unit."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser

import attrs
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.convert import converted
from mcproxy.config.files import load, read
from mcproxy.config.model import Configuration, ControlConfig, InterfaceSettings
from mcproxy.config.native.toml import parse
from mcproxy.config.reference.scopes import SCOPES
from mcproxy.config.schema.option import options_of

from .config.meaning import downstream_settings
from .source import PROJECT

SAMPLE = PROJECT / "etc/mcproxy.toml"
UNIT = PROJECT / "etc/mcproxy.service"


def with_all_settings(text: str) -> str:
    """The sample with the settings that it shows as comments."""
    return re.sub(r"(?m)^#(?=\S+ = |\[)", "", text)


def with_examples(text: str) -> str:
    """The sample with its examples too."""
    return re.sub(r"(?m)^# (?=[a-z-]+ = |\[)", "", with_all_settings(text))


class SampleTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.text = SAMPLE.read_text(encoding="utf-8")

    def test_sample_is_accepted(self) -> None:
        self.assertEqual(load(str(SAMPLE)).instances[0].name, "iptv")

    def test_sample_with_all_comments_is_accepted(self) -> None:
        self.assertIsNotNone(parse(with_all_settings(self.text)).manhole)
        examples = parse(with_examples(self.text)).instances[0]
        self.assertEqual(examples.boundary, ("239.255.0.0/16", "ff15::/16"))
        self.assertEqual([len(one.rules) for one in examples.filters], [3, 4])

    def test_sample_has_every_key(self) -> None:
        kinds = [Configuration, *(scope.kind for scope in SCOPES.values())]
        for kind in kinds:
            for key in options_of(kind):
                self.assertRegex(self.text, rf"(?m)^(?:# ?)?({key} = |\[+(.*\.)?{key}\b)")

    def test_sample_shows_defaults_as_comments(self) -> None:
        configuration = parse(with_all_settings(self.text))
        shown, plain = configuration.instances[0], load(str(SAMPLE)).instances[0]
        self.assertEqual(shown, plain)
        settings = downstream_settings(shown, "lan1")
        self.assertEqual(settings, InterfaceSettings())
        assert configuration.manhole is not None
        fields = attrs.fields_dict(type(configuration.manhole))
        self.assertEqual(configuration.manhole.host_key, fields["host_key"].default)
        self.assertEqual(configuration.control, ControlConfig())

    def test_old_file_is_converted_to_the_new_one(self) -> None:
        old, new = (str(PROJECT / "etc" / name) for name in ("mcproxy-1.1.conf", "converted.toml"))
        before = load(old)
        self.assertEqual(load(new), attrs.evolve(before, path=new))
        with open(new, encoding="utf-8") as file:
            self.assertEqual(file.read(), converted(read(old), "mcproxy-1.1.conf"))
        (instance,) = before.instances
        self.assertEqual([one.interface for one in instance.filters], ["tunU1", "tunD1"])


class UnitTests(SynchronousTestCase):
    def setUp(self) -> None:
        unit = ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(UNIT.read_text(encoding="utf-8"))
        self.service = unit["Service"]

    def test_unit_runs_the_daemon_and_waits_until_it_is_ready(self) -> None:
        command = self.service["ExecStart"]
        self.assertEqual(command, "/usr/bin/mcproxy run --config /etc/mcproxy.toml")
        self.assertEqual(self.service["Type"], "notify")
        self.assertEqual(self.service["ExecReload"], "/usr/bin/mcproxy reload")

    def test_unit_gives_two_capabilities_only(self) -> None:
        for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
            self.assertEqual(self.service[key], "CAP_NET_ADMIN CAP_NET_RAW")
        self.assertEqual(self.service["DynamicUser"], "yes")
        self.assertEqual(self.service["NoNewPrivileges"], "yes")

    def test_unit_confines_the_daemon(self) -> None:
        self.assertEqual(self.service["ProtectSystem"], "strict")
        self.assertEqual(self.service["RuntimeDirectory"], "mcproxy")
        self.assertEqual(self.service["StateDirectory"], "mcproxy")
        families = set(self.service["RestrictAddressFamilies"].split())
        self.assertEqual(families, {"AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX", "AF_PACKET"})
        filters = re.findall("^SystemCallFilter=(.*)$", UNIT.read_text(encoding="utf-8"), re.M)
        self.assertEqual(filters, ["@system-service", "~@privileged @resources"])
        # The kernel's network is what the daemon is about.
        self.assertNotIn("PrivateNetwork", self.service)

    def test_unit_does_not_restart_after_a_permanent_failure(self) -> None:
        self.assertEqual(self.service["Restart"], "on-failure")
        self.assertEqual(self.service["RestartPreventExitStatus"].split(), ["1", "2", "4"])

    def test_unit_is_accepted_by_systemd(self) -> None:
        if shutil.which("systemd-analyze") is None:
            return  # not everywhere; the assertions above hold the lines that matter
        path = self.mktemp() + ".service"
        with open(path, "w", encoding="utf-8") as file:
            file.write(UNIT.read_text(encoding="utf-8").replace("/usr/bin/mcproxy", "/bin/true"))
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True
        )
        self.assertEqual([line for line in done.stderr.splitlines() if path in line], [])

    def test_exposure_of_the_unit_is_1_8_at_most(self) -> None:
        """docs/guide/operation.rst says why it cannot be lower."""
        if shutil.which("systemd-analyze") is None:
            return  # not everywhere; the other assertions hold the lines that matter
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=18", str(UNIT)],
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
