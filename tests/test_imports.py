"""Imports point one way, and the core knows nobody."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from .source import imports, sources

FLOORS = (
    ("mcproxy.protocol", "mcproxy.exit_codes"),
    ("mcproxy.linux", "mcproxy.config", "mcproxy.systemd", "mcproxy.timer", "mcproxy.logs"),
    (
        "mcproxy.messages",
        "mcproxy.restart.inherited",
        "mcproxy.signals",
        "mcproxy.optional_services",
    ),
    ("mcproxy.receiver", "mcproxy.sender", "mcproxy.routing"),
    ("mcproxy.instance",),
    (
        "mcproxy.restart.codec",
        "mcproxy.restart.resume",
        "mcproxy.restart.state",
    ),
    ("mcproxy.proxy", "mcproxy.restart.handoff"),
    ("mcproxy.control",),
    ("mcproxy.tap",),
    ("mcproxy.cli",),
    ("mcproxy.__main__",),
)
"""From the ground up; a module imports from its own floor and those below."""

ON_THEIR_OWN = {
    "mcproxy.protocol": {"mcproxy.protocol"},
    "mcproxy.linux": {"mcproxy.linux", "mcproxy.protocol.family"},
    "mcproxy.config": {
        "mcproxy.config",
        "mcproxy.protocol.policy.filters",
        "mcproxy.protocol.family",
    },
    "mcproxy.exit_codes": set(),
    "mcproxy.systemd": set(),
    "mcproxy.timer": set(),
    "mcproxy.lab": {"mcproxy.lab", "mcproxy.protocol"},
}
"""Parts that know of the project no more than this."""

PACKAGES = {"mcproxy", "mcproxy.restart"}
"""Packages whose own file has nothing in it that imports."""

NOT_IN_THE_CORE = {
    "asyncio", "os", "pyroute2", "random", "select", "socket", "subprocess", "sys", "threading",
    "time", "twisted", "zope",
}  # fmt: skip


def within(module: str, parts: Iterable[str]) -> bool:
    """Whether a module is one of these, or in a package of them."""
    return any(module == part or module.startswith(f"{part}.") for part in parts)


class ImportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.modules = sources("mcproxy")
        # The package itself has the version and nothing else.
        self.own = {
            name: {other for other in imports(name, self.modules) if within(other, ["mcproxy"])}
            - {"mcproxy", "mcproxy.__version__"}
            for name in self.modules
        }

    def floor(self, module: str) -> int:
        found = [number for number, parts in enumerate(FLOORS) if within(module, parts)]
        self.assertEqual(len(found), 1, f"{module} has no place in FLOORS")
        return found[0]

    def test_modules_import_from_their_floor_and_below(self) -> None:
        for name, imported in self.own.items():
            if name in PACKAGES or within(name, ["mcproxy.lab"]):
                continue
            for other in imported:
                if not within(other, ["mcproxy.lab"]):
                    self.assertLessEqual(self.floor(other), self.floor(name), f"{name}: {other}")

    def test_some_parts_are_on_their_own(self) -> None:
        for part, known in ON_THEIR_OWN.items():
            members = [name for name in self.modules if within(name, [part])]
            self.assertTrue(members, part)
            for name in members:
                strangers = {other for other in self.own[name] if not within(other, known)}
                self.assertEqual(strangers, set(), name)

    def test_the_core_has_no_clock_no_socket_and_no_chance(self) -> None:
        for name in self.modules:
            if within(name, ["mcproxy.protocol"]):
                tops = {other.partition(".")[0] for other in imports(name, self.modules)}
                self.assertEqual(tops & NOT_IN_THE_CORE, set(), name)

    def test_the_laboratory_is_for_the_demo_alone(self) -> None:
        for name, imported in self.own.items():
            if not name.startswith(("mcproxy.lab", "mcproxy.cli.demo")):
                self.assertFalse([o for o in imported if within(o, ["mcproxy.lab"])], name)

    def test_there_are_no_circles(self) -> None:
        graph = {
            name: imports(name, self.modules, for_types=False) & self.modules.keys()
            for name in self.modules
        }
        while leaves := [name for name, imported in graph.items() if not imported & graph.keys()]:
            for name in leaves:
                del graph[name]
        self.assertEqual(sorted(graph), [])

    def test_the_reactor_is_never_imported_with_a_module(self) -> None:
        for name, tree in self.modules.items():
            for node in tree.body:
                if getattr(node, "module", None) == "twisted.internet":
                    names = [alias.name for alias in getattr(node, "names", ())]
                    self.assertNotIn("reactor", names, name)
