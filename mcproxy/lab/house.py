"""The network of the demo: a provider, the proxy, three receivers on two links, a camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .topology import Lab

CONFIG = """\
[instance.demo]
upstream = "up"
downstream = ["down1", "down2"]
"""

PICTURE = """
  server A, B ---- up [proxy] down1 ---- receiver1
                              down2 ---- receiver2, receiver3, camera

  A is 10.0.0.1 and fd00:a::1, B is 10.0.0.9 and fd00:a::9; both send from the beginning.
"""

Pair = tuple[str, str]
"""Of IPv4 and of IPv6, addresses or groups."""

SENDERS = {"A": ("10.0.0.1", "fd00:a::1"), "B": ("10.0.0.9", "fd00:a::9")}
CAMERA = ("10.0.2.7", "fd00:c::7")
ANY = ("239.1.1.1", "ff1e::1")
SPECIFIC = ("232.1.1.1", "ff3e::1")
CHOSEN = ("239.3.3.3", "ff1e::3")
HOME = ("239.2.2.2", "ff1e::2")
NOBODYS = ("239.9.9.9", "ff1e::9")


class House:
    """The nodes of the network and the cables between them."""

    def __init__(self, lab: Lab) -> None:
        self.proxy = lab.node("proxy")
        self.server, self.camera = lab.node("server"), lab.node("camera")
        self.receivers = [lab.node(f"receiver{number}") for number in (1, 2, 3)]
        one, two, three = self.receivers
        switch = lab.switch("switch")
        lab.link(
            self.server, "eth0", self.proxy, "up", _with(SENDERS["A"] + SENDERS["B"]), _router("a")
        )
        lab.link(self.proxy, "down1", one, "eth0", _router("b"), _with(("10.0.1.1", "fd00:b::1")))
        lab.link(self.proxy, "down2", switch, "proxy", _router("c"))
        lab.link(two, "eth0", switch, "receiver2", _with(("10.0.2.1", "fd00:c::1")))
        lab.link(three, "eth0", switch, "receiver3", _with(("10.0.2.2", "fd00:c::2")))
        lab.link(self.camera, "eth0", switch, "camera", _with(CAMERA))


def _router(link: str) -> Iterator[str]:
    """The proxy's addresses on a link: a is up, b and c are downstream."""
    return iter((f"10.0.{'abc'.index(link)}.254/24", f"fd00:{link}::fe/64"))


def _with(addresses: Sequence[str]) -> Iterator[str]:
    """Addresses with their prefix lengths."""
    return (f"{address}/{64 if ':' in address else 24}" for address in addresses)
