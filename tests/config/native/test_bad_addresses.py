"""Mistakes in settings of groups and addresses."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.toml import parse


class BadAddressTests(SynchronousTestCase):
    """What cannot be meant is told with its line, and what to do."""

    def refused(self, line: str, where: str = "instance.a") -> str:
        text = f'[instance.a]\nupstream = "up"\ndownstream = "d1"\n[{where}]\n{line}\n'
        if where == "instance.a":
            text = f'[instance.a]\nupstream = "up"\ndownstream = "d1"\n{line}\n'
        with self.assertRaises(Exception) as caught:
            parse(text)
        return str(caught.exception)

    def test_mistake_names_its_key_line_and_reason(self) -> None:
        settings = "instance.a.interface.d1"
        for line, where, told in (
            ('boundary = ["10.0.0.0/8"]', "instance.a", "is not a multicast group"),
            ('boundary = ["239.1.1.1/8"]', "instance.a", "write 239.0.0.0/8"),
            ('boundary = ["nonsense"]', "instance.a", "is not an address"),
            ("boundary = 7", "instance.a", "neither text nor a list"),
            ('static-group = "239.0.0.0/8"', "instance.a", "contains several groups"),
            ('static-group = "224.0.0.5"', settings, "link-local scope"),
            ('static-group = "ff02::5"', settings, "link-local scope"),
            ('static-group = "232.1.1.1 | ff15::1"', settings, "not the address of a host"),
            ('static-group = "232.1.1.1 | 2001:db8::1"', settings, "mixes IPv4 and IPv6"),
            ('ssm-map = ["232.0.0.0/8"]', "instance.a", "has no source"),
            ('allowed-queriers = ["239.1.1.1"]', settings, "not the address of a host"),
            ('allowed-queriers = ["x"]', settings, "is not an address"),
        ):
            message = self.refused(line, where)
            key = line.partition(" ")[0]
            self.assertIn(told, message)
            self.assertIn(f"{where}.{key} (line ", message)
