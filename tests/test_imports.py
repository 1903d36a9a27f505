"""Imports point in one direction, and the protocol core imports nothing of the daemon."""

from __future__ import annotations

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from .source import imports, sources

LAYERS = (
    ("mcproxy.protocol", "mcproxy.exit_codes"),
    ("mcproxy.linux", "mcproxy.config", "mcproxy.systemd", "mcproxy.timer", "mcproxy.logs"),
    (
        "mcproxy.messages",
        "mcproxy.message_counts",
        "mcproxy.latency",
        "mcproxy.change_counts",
        "mcproxy.events",
        "mcproxy.signals",
        "mcproxy.optional_services",
    ),
    ("mcproxy.garbage", "mcproxy.watchdog"),
    ("mcproxy.receiver", "mcproxy.sender", "mcproxy.routing"),
    ("mcproxy.instance",),
    ("mcproxy.diagnosis",),
    ("mcproxy.restart",),
    ("mcproxy.kernel_tables", "mcproxy.link_dispatch", "mcproxy.reconfigure"),
    ("mcproxy.proxy",),
    ("mcproxy.control",),
    ("mcproxy.tap",),
    ("mcproxy.cli",),
    ("mcproxy.__main__",),
)
"""Layers from the bottom up; a module imports from its own layer and those below."""

MAY_IMPORT = {
    "mcproxy.protocol": {"mcproxy.protocol"},
    "mcproxy.linux": {"mcproxy.linux", "mcproxy.protocol.family", "mcproxy.protocol.sources"},
    "mcproxy.config": {
        "mcproxy.config",
        "mcproxy.protocol.policy.filters",
        "mcproxy.protocol.family",
    },
    "mcproxy.diagnosis": {
        "mcproxy.diagnosis",
        "mcproxy.config",
        "mcproxy.instance.plan",
        "mcproxy.linux",
        "mcproxy.protocol",
    },
    "mcproxy.exit_codes": set(),
    "mcproxy.systemd": set(),
    "mcproxy.timer": set(),
    "mcproxy.garbage": set(),
    "mcproxy.lab": {
        "mcproxy.lab",
        "mcproxy.linux.bpf",
        "mcproxy.linux.buffers",
        "mcproxy.protocol",
    },
}
"""Parts of the project, with all that they may import from it."""

PACKAGES = {"mcproxy"}
"""Packages whose ``__init__`` imports nothing."""

FORBIDDEN_IN_THE_CORE = {
    "asyncio", "os", "pyroute2", "random", "select", "socket", "subprocess", "sys", "threading",
    "time", "twisted", "zope",
}  # fmt: skip


def within(module: str, parts: Iterable[str]) -> bool:
    """Return whether a module is one of these or in one of these packages."""
    return any(module == part or module.startswith(f"{part}.") for part in parts)


class ImportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.modules = sources("mcproxy")
        # The package itself defines the version and nothing else.
        self.own = {
            name: {other for other in imports(name, self.modules) if within(other, ["mcproxy"])}
            - {"mcproxy", "mcproxy.__version__"}
            for name in self.modules
        }

    def layer(self, module: str) -> int:
        found = [number for number, parts in enumerate(LAYERS) if within(module, parts)]
        self.assertEqual(len(found), 1, f"{module} is in no layer, or in several; see LAYERS")
        return found[0]

    def test_modules_import_from_their_layer_and_below(self) -> None:
        for name, imported in self.own.items():
            if name in PACKAGES or within(name, ["mcproxy.lab"]):
                continue
            for other in imported:
                if not within(other, ["mcproxy.lab"]):
                    self.assertLessEqual(self.layer(other), self.layer(name), f"{name}: {other}")

    def test_independent_parts_import_only_what_they_may(self) -> None:
        for part, known in MAY_IMPORT.items():
            members = [name for name in self.modules if within(name, [part])]
            self.assertTrue(members, part)
            for name in members:
                others = {other for other in self.own[name] if not within(other, known)}
                self.assertEqual(others, set(), name)

    def test_core_imports_no_clock_socket_or_random_source(self) -> None:
        for name in self.modules:
            if within(name, ["mcproxy.protocol"]):
                tops = {other.partition(".")[0] for other in imports(name, self.modules)}
                self.assertEqual(tops & FORBIDDEN_IN_THE_CORE, set(), name)

    def test_lab_is_imported_by_the_demo_only(self) -> None:
        for name, imported in self.own.items():
            if not name.startswith(("mcproxy.lab", "mcproxy.cli.demo")):
                self.assertFalse([o for o in imported if within(o, ["mcproxy.lab"])], name)

    def test_rich_is_imported_by_the_demo_alone(self) -> None:
        """The daemon runs without it."""
        users = {
            name
            for name in self.modules
            if any(within(other, ["rich"]) for other in imports(name, self.modules))
        }
        self.assertEqual(users, {"mcproxy.cli.demo_view"})

    def test_imports_have_no_cycles(self) -> None:
        graph = {
            name: imports(name, self.modules, for_types=False) & self.modules.keys()
            for name in self.modules
        }
        while leaves := [name for name, imported in graph.items() if not imported & graph.keys()]:
            for name in leaves:
                del graph[name]
        self.assertEqual(sorted(graph), [])

    def test_no_module_imports_the_reactor_at_module_level(self) -> None:
        for name, tree in self.modules.items():
            for node in tree.body:
                if getattr(node, "module", None) == "twisted.internet":
                    names = [alias.name for alias in getattr(node, "names", ())]
                    self.assertNotIn("reactor", names, name)
