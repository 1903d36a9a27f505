"""Files without mistakes, and files that are no TOML at all."""

from __future__ import annotations

import builtins
import os

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.files import load
from mcproxy.config.model import InterfaceSettings, ManholeConfig
from mcproxy.config.native.toml import from_interfaces, parse
from mcproxy.config.paths import HOST_KEY

from ..meaning import downstream_settings
from ..support import FILE, SMALLEST, ConfigurationTestCase

FULL = """
[defaults]
query-interval = 60
immediate-leave = true

[instance.iptv]
upstream = ["eth0"]
downstream = ["eth1", "lan*"]
igmp-version = 0
mld-version = 2
table = 7

[instance.iptv.interface.eth1]
query-max-response-time = 2.5
robustness-variable = 3
last-member-query-interval = 0.2
immediate-leave = false
max-groups = 1000

[instance.other]
upstream = "eth0.100"
downstream = ["br-lan"]
mld-version = 0

[manhole]
listen = "127.0.0.1:4022"
authorized-keys = "/etc/mcproxy/keys"
"""


class GoodFileTests(ConfigurationTestCase):
    def test_smallest_file_has_both_families_and_the_default_table(self) -> None:
        configuration = self.good(SMALLEST)
        (instance,) = configuration.instances
        self.assertEqual(configuration.path, FILE)
        self.assertIsNone(configuration.manhole)
        self.assertEqual((instance.name, instance.upstream), ("a", "eth0"))
        self.assertEqual(instance.downstream, ("eth1", "eth2"))
        self.assertEqual((instance.igmp_version, instance.mld_version), (3, 2))
        self.assertEqual(instance.table, 0)
        self.assertEqual(downstream_settings(instance, "eth1"), InterfaceSettings())

    def test_every_key_sets_its_attribute(self) -> None:
        configuration = self.good(FULL)
        iptv, other = configuration.instances
        self.assertEqual((iptv.upstream, iptv.igmp_version, iptv.table), ("eth0", 0, 7))
        self.assertEqual(
            downstream_settings(iptv, "eth1"),
            InterfaceSettings(
                query_interval=60.0,
                query_max_response_time=2.5,
                robustness_variable=3,
                last_member_query_interval=0.2,
                immediate_leave=False,
                max_groups=1000,
            ),
        )
        self.assertEqual((other.upstream, other.mld_version), ("eth0.100", 0))
        self.assertEqual(
            configuration.manhole, ManholeConfig("127.0.0.1:4022", "/etc/mcproxy/keys", HOST_KEY)
        )

    def test_interface_without_an_option_has_the_default(self) -> None:
        iptv, other = self.good(FULL).instances
        expected = InterfaceSettings(query_interval=60.0, immediate_leave=True)
        self.assertEqual(downstream_settings(iptv, "lan7"), expected)
        self.assertEqual(downstream_settings(other, "br-lan"), expected)

    def test_whole_seconds_become_floats(self) -> None:
        instance = self.instance("defaults.query-interval = 60\n" + SMALLEST)
        settings = downstream_settings(instance, "eth1")
        assert settings is not None
        self.assertIs(type(settings.query_interval), float)

    def test_byte_order_mark_and_dos_line_ends_are_accepted(self) -> None:
        content = b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode()
        self.assertEqual(self.good(content), self.good(SMALLEST))

    def test_other_toml_notations_are_read_the_same(self) -> None:
        text = 'instance = {a = {upstream = "eth0", downstream = ["eth1", "eth2"]}}'
        self.assertEqual(self.good(text), self.good(SMALLEST))

    def test_quoted_names_may_have_dots(self) -> None:
        instance = self.instance("""
            [instance."home.tv"]
            upstream = "eth0.7"
            downstream = ["eth1.10"]
            [instance."home.tv".interface."eth1.10"]
            max-groups = 3
        """)
        settings = downstream_settings(instance, "eth1.10")
        assert settings is not None
        self.assertEqual(settings.max_groups, 3)

    def test_single_downstream_needs_no_brackets(self) -> None:
        instance = self.instance('[instance.a]\nupstream = "up"\ndownstream = "lan*"\n')
        self.assertEqual(instance.downstream, ("lan*",))

    def test_instances_on_one_table_may_share_an_upstream(self) -> None:
        second = SMALLEST.replace("eth1", "eth3").replace("eth2", "eth4").replace(".a]", ".b]")
        self.assertEqual(len(self.good(SMALLEST + second).instances), 2)

    def test_pattern_does_not_match_the_upstream_of_its_instance(self) -> None:
        instance = self.instance('[instance.a]\nupstream="eth0"\ndownstream=["eth*"]')
        self.assertIsNone(downstream_settings(instance, "eth0"))
        self.assertIsNotNone(downstream_settings(instance, "eth1"))


class NoTomlTests(ConfigurationTestCase):
    def test_toml_error_has_line_and_column(self) -> None:
        (line,) = self.mistakes("[instance.a]\nupstream = eth0\n")
        self.assertTrue(line.startswith("line 2, column 12: not TOML: Invalid value"), line)

    def test_incomplete_file_is_refused_at_its_last_line(self) -> None:
        (line,) = self.mistakes('[instance.a]\ndownstream = ["eth1",\n\n')
        self.assertTrue(line.startswith("line 2: not TOML: "), line)

    def test_repeated_key_is_refused(self) -> None:
        (line,) = self.mistakes("[defaults]\nmax-groups = 1\nmax-groups = 2\n")
        self.assertEqual(line, "line 3, column 15: this key is there twice; remove one")

    def test_repeated_table_is_refused_by_its_name(self) -> None:
        (line,) = self.mistakes('[instance."a.b"]\n[instance."a.b"]\n')
        self.assertEqual(
            line,
            'line 2, column 16: [instance."a.b"] is there twice, first on line 1;'
            " write all its keys in one place",
        )
        (line,) = self.mistakes("[defaults]\n[defaults]\n")
        self.assertIn("[defaults] is there twice", line)

    def test_table_that_keys_have_made_is_not_called_repeated(self) -> None:
        for text, where in (
            ('instance.a.upstream = "eth0"\n[instance.a]\n', "line 2, column 12"),
            ("[instance.a.interface.eth0]\n[instance]\na.b = 1\n[instance.a]\n", ""),
        ):
            (line,) = self.mistakes(text)
            self.assertNotIn("twice", line)
            self.assertIn(where, line)
        (line,) = self.mistakes("[instance.a]\n[[instance.a]]\n")
        self.assertIn("[[instance.a]] is there already, written in another way", line)

    def test_list_that_is_not_closed_is_named_by_its_first_line(self) -> None:
        for text in (
            '[instance.a]\ndownstream = [\n  "eth1", # [\n  "eth2"\nboundary = []\n',
            '[instance.a]\ndownstream = [ "eth1" "eth2" ]\n',
        ):
            (line,) = self.mistakes(text)
            self.assertIn("not TOML: the list that begins on line 2 is not closed; add", line)
            self.assertIn("or the comma between two values", line)
        (line,) = self.mistakes('[defaults]\na = { b = [1], c = "}"\n')
        self.assertIn("the table that begins on line 2 is not closed", line)

    def test_text_that_does_not_end_says_so(self) -> None:
        for quote in "\"'":
            (line,) = self.mistakes(f"[instance.a]\nupstream = {quote}eth0\nx = {quote}y{quote}\n")
            self.assertIn("line 2, column 17: not TOML: a text does not end on its line", line)
        for text in ("a = 'b\n", 'a = "b'):
            self.assertIn("not TOML: a text does not end; close it", self.mistakes(text)[0])

    def test_syntax_that_quotes_do_not_mend_has_no_hint_about_quotes(self) -> None:
        for text in ("[instance.a\n", 'a = "b\n'):
            (line,) = self.mistakes(text)
            self.assertNotIn("quotes", line)

    def test_file_that_is_not_utf8_is_refused(self) -> None:
        self.refuses(
            b'[instance.a]\nupstream = "\xe9"\n',
            "line 2: not UTF-8: byte 26 of the file is 0xe9; save it as UTF-8",
        )

    def test_empty_file_is_refused(self) -> None:
        hint = "write [instance.NAME] with an upstream and a downstream"
        for text in ("", b"", " \n\t\n", "\ufeff"):
            self.refuses(text, f"it is empty; {hint}")
        for text in ("# nothing\n", "[defaults]\n", "[instance]\n"):
            self.refuses(text, f"no instance; {hint}")

    def test_deeply_nested_brackets_are_refused(self) -> None:
        self.refuses(
            "a = " + "[" * 100_000, "not TOML that can be read: brackets are nested too deeply"
        )

    def test_key_with_very_many_parts_is_refused(self) -> None:
        """Python's parser would be busy for hours with a mebibyte of them."""
        message = "line 2: a key with more than 64 parts between dots"
        for key in (".".join(["a"] * 65), " . ".join(["a", '"b.c"', "'d'"] * 30)):
            self.refuses(f"\n{key} = 1\n", message)
            self.refuses(f"\n[{key}]\n", message)
            self.refuses(f"\nx = {{{key} = 1}}\n", message)

    def test_number_with_too_many_digits_is_refused(self) -> None:
        self.refuses("a = " + "9" * 5000, "a number has too many digits")


class LoadTests(ConfigurationTestCase):
    def loading(self, path: str) -> str:
        return str(self.assertRaises(ConfigurationError, load, path))

    def test_file_is_loaded_with_its_path(self) -> None:
        path = self.mktemp()
        with open(path, "w", encoding="utf-8") as file:
            file.write(SMALLEST)
        self.assertEqual(load(path).path, path)
        self.assertEqual(load(path).instances, parse(SMALLEST).instances)

    def test_missing_file_and_directory_are_refused(self) -> None:
        self.assertEqual(
            self.loading("/nowhere/x.toml"), "/nowhere/x.toml: no such file; check the path"
        )
        self.assertEqual(self.loading("/tmp"), "/tmp: it is a directory; name a file in it")
        self.assertIn("cannot be read", self.loading("\0"))
        self.assertIn("cannot be read", self.loading(__file__ + "/x"))

    def test_unreadable_file_is_refused(self) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        self.patch(builtins, "open", refuse)  # the tests may run as root, who may read all
        self.assertIn("permission denied", self.loading("x.toml"))

    def test_endless_file_is_refused(self) -> None:
        self.assertIn("longer than 1 MiB", self.loading("/dev/zero"))

    def test_pipe_is_read_without_waiting_for_a_writer(self) -> None:
        """A pipe without a writer is empty; one with a writer is read."""
        path = self.mktemp()
        os.mkfifo(path)
        self.assertIn("it is empty", self.loading(path))
        reading, writing = os.pipe()
        os.write(writing, SMALLEST.encode())
        os.close(writing)
        self.assertEqual(len(load(f"/dev/fd/{reading}").instances), 1)
        os.close(reading)


class InterfacesTests(ConfigurationTestCase):
    def test_options_give_one_instance_with_defaults(self) -> None:
        configuration = from_interfaces(["eth0"], ["eth1", "lan*"])
        (instance,) = configuration.instances
        self.assertIsNone(configuration.path)
        self.assertEqual((instance.upstream, instance.downstream), ("eth0", ("eth1", "lan*")))
        self.assertEqual(downstream_settings(instance, "lan1"), InterfaceSettings())

    def test_mistakes_name_the_command_line_options(self) -> None:
        shows = "write the name as `ip link` shows it"
        for upstreams, downstreams, expected in (
            ([], [], "no upstream; add --upstream IF\nno downstream; add --downstream IF"),
            (["a"], [], "no downstream; add --downstream IF"),
            (
                ["a"],
                ["a"],
                '--downstream: "a" is the only upstream and the only downstream;'
                " add another interface",
            ),
            (["a"], ["b", "b"], '--downstream: "b" is listed twice; remove one'),
            ([""], ["b"], f"--upstream: an interface name is empty; {shows}"),
            (
                ["\udcff"],
                ["b"],
                '--upstream: no interface can be named "\\udcff": it contains a control character;'
                f" {shows}",
            ),
        ):
            error = self.assertRaises(ConfigurationError, from_interfaces, upstreams, downstreams)
            lines = [line.removeprefix("command line: ") for line in str(error).split("\n")]
            self.assertEqual("\n".join(lines), expected)
