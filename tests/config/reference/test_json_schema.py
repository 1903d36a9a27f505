"""The JSON Schema accepts what mcproxy accepts, and refuses plain mistakes.

``ConfigurationTestCase.good`` tries it with every good text of the other tests as well.
"""

from __future__ import annotations

import json

from jsonschema import Draft7Validator

from ...source import PROJECT
from ...test_samples import with_all_settings, with_examples
from ..support import SMALLEST, ConfigurationTestCase, schema_mistakes, values_of

FILTER = '[[instance.a.filter]]\ninterface = "*"\nrole = "upstream"\ndirection = "in"\n'


class JsonSchemaTests(ConfigurationTestCase):
    def test_schema_is_a_schema(self) -> None:
        text = (PROJECT / "docs/reference/mcproxy.schema.json").read_text(encoding="utf-8")
        mistakes = Draft7Validator(Draft7Validator.META_SCHEMA).iter_errors(json.loads(text))
        self.assertEqual([one.message for one in mistakes], [])

    def test_samples_are_accepted(self) -> None:
        sample = (PROJECT / "etc/mcproxy.toml").read_text(encoding="utf-8")
        converted = (PROJECT / "etc/converted.toml").read_text(encoding="utf-8")
        for text in (sample, with_all_settings(sample), with_examples(sample), converted):
            self.assertEqual(schema_mistakes(values_of(text)), [])

    def refused(self, text: str, path: str) -> None:
        """Both refuse a text, the schema because of what stands at ``path``."""
        self.mistakes(text)
        self.assertEqual(schema_mistakes(values_of(text))[0].partition(":")[0], path)

    def test_wrong_type_is_refused(self) -> None:
        for line, key in (
            ("robustness-variable = true", "robustness-variable"),
            ("robustness-variable = 2.5", "robustness-variable"),
            ('query-interval = "60"', "query-interval"),
            ("immediate-leave = 1", "immediate-leave"),
            ("static-group = [3]", "static-group"),
        ):
            self.refused(f"[defaults]\n{line}\n{SMALLEST}", f"defaults.{key}")
        self.refused(f"{SMALLEST}interface = 3\n", "instance.a.interface")
        self.refused('[instance.a]\ndownstream = ["a", 3]\n', "instance.a.downstream")

    def test_value_out_of_range_is_refused(self) -> None:
        for line, key in (
            ("query-interval = 0.9", "query-interval"),
            ("query-interval = 31745", "query-interval"),
            ("robustness-variable = 8", "robustness-variable"),
            ("max-groups = 0", "max-groups"),
            ("ttl-threshold = 256", "ttl-threshold"),
        ):
            self.refused(f"[defaults]\n{line}\n{SMALLEST}", f"defaults.{key}")
        for line in ("igmp-version = 4", "mld-version = 3", "table = -1", "mutex-time = 0"):
            self.refused(f"{SMALLEST}{line}\n", f"instance.a.{line.split(' ')[0]}")

    def test_unknown_key_is_refused(self) -> None:
        self.refused(f"zzz = 1\n{SMALLEST}", "")
        self.refused(f"{SMALLEST}query-interval = 3\n", "instance.a")
        self.refused(f"[control]\nport = 1\n{SMALLEST}", "control")
        self.refused(f'{SMALLEST}{FILTER}allow = [{{ rule = "*" }}]\n', "instance.a.filter.0.allow")

    def test_wrong_word_is_refused(self) -> None:
        for line in ('upstream-join = "all"', 'forwarding = "x"', 'upstream-hold-time = "ever"'):
            self.refused(f"{SMALLEST}{line}\n", f"instance.a.{line.split(' ')[0]}")
        text = SMALLEST + FILTER.replace('"in"', '"inward"') + 'deny = "x"\n'
        self.refused(text, "instance.a.filter.0.direction")
        self.refused(f'[control]\nmode = "rw"\n{SMALLEST}', "control.mode")
        self.refused('[instance."a b"]\ndownstream = "d"\n', "instance")

    def test_missing_key_is_refused(self) -> None:
        self.refused("[defaults]\n", "")
        self.refused("[instance]\n", "instance")
        self.refused('[instance.a]\nupstream = "u"\n', "instance.a")
        self.refused(f'[manhole]\nlisten = "/s"\n{SMALLEST}', "manhole")
        self.refused(f"{SMALLEST}{FILTER}", "instance.a.filter.0")
        self.refused(f"{SMALLEST}{FILTER}allow = []\ndeny = []\n", "instance.a.filter.0")
