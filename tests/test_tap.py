"""How the service tree is made."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy import tap
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration, ControlConfig, InstanceConfig, ManholeConfig
from mcproxy.config.paths import CONTROL_SOCKET
from mcproxy.control import unix_socket

INSTANCES = (InstanceConfig("a", ("up",), ("down",)),)


class BuildTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = MemoryReactorClock()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))

    def build(self, manhole: ManholeConfig | None = None) -> tap.Proxy:
        configuration = Configuration(INSTANCES, manhole)
        return tap.build(self.reactor, configuration, lambda: configuration)

    def test_clock_of_timers_is_monotonic(self) -> None:
        self.build()
        self.assertIs(self.reactor.seconds, time.monotonic)

    def test_manhole_is_made_only_where_it_is_configured(self) -> None:
        self.assertNotIn("manhole", self.build().optional_services.namedServices)
        manhole = ManholeConfig("127.0.0.1:4022", "/keys", self.mktemp())
        self.assertIn("manhole", self.build(manhole).optional_services.namedServices)

    def test_socket_option_replaces_the_configured_control_socket(self) -> None:
        configuration = Configuration(INSTANCES)
        for socket, expected in ((None, CONTROL_SOCKET), ("/run/s", "/run/s"), ("", "")):
            proxy = tap.build(self.reactor, configuration, lambda: configuration, socket)
            self.assertEqual(proxy.optional_services.getServiceNamed("control").path, expected)
            self.assertIsNone(proxy.configuration.control)

    def test_default_control_socket_that_cannot_be_made_fails_nothing(self) -> None:
        self.patch(unix_socket, "ControlConfig", lambda: ControlConfig("/nowhere/in/it"))
        service = self.build().optional_services.getServiceNamed("control")
        service.startService()
        self.assertEqual(service.path, "/nowhere/in/it")

    def test_configured_control_socket_that_cannot_be_made_ends_the_start(self) -> None:
        configuration = Configuration(INSTANCES, control=ControlConfig("/nowhere/in/it"))
        proxy = tap.build(self.reactor, configuration, lambda: configuration)
        service = proxy.optional_services.getServiceNamed("control")
        self.assertRaises(OSError, service.startService)

    def test_manhole_that_cannot_be_made_ends_the_start(self) -> None:
        manhole = ManholeConfig("127.0.0.1:4022", "/keys", "/nowhere/key")
        error = self.assertRaises(tap.CannotBuildError, self.build, manhole)
        self.assertEqual(
            str(error),
            "the manhole cannot be made: the folder /nowhere for the daemon's own key does not "
            "exist; run mkdir -p /nowhere, or name a file in another folder (see host-key)",
        )

    def test_key_that_cannot_be_read_is_named_with_the_reason(self) -> None:
        path = self.mktemp()
        os.mkdir(path)
        manhole = ManholeConfig("127.0.0.1:4022", "/keys", path)
        error = self.assertRaises(tap.CannotBuildError, self.build, manhole)
        self.assertEqual(
            str(error), f"the manhole cannot be made: {path}: it is not a regular file"
        )

    def test_manhole_without_its_packages_says_what_to_install(self) -> None:
        name = "mcproxy.control.manhole"
        before: Any = sys.modules.get(name)
        self.addCleanup(sys.modules.__setitem__ if before else sys.modules.pop, name, before)
        sys.modules[name] = None  # type: ignore[assignment]
        error = self.assertRaises(tap.CannotBuildError, self.build, ManholeConfig("/s", "/k"))
        self.assertIn(f"{sys.executable} -m pip install 'twisted[conch]'", str(error))

    def test_contradictory_configuration_ends_the_start(self) -> None:
        other = InstanceConfig("b", ("up",), ("down2",), igmp_version=2)
        configuration = Configuration((*INSTANCES, other))
        load = lambda: configuration  # noqa: E731
        error = self.assertRaises(ConfigurationError, tap.build, self.reactor, configuration, load)
        self.assertIn("instance b speaks IGMPv2 on upstream up", str(error))


class OptionsTests(SynchronousTestCase):
    def test_repeated_downstream_options_add_up(self) -> None:
        options = tap.Options()
        options.parseOptions(["--upstream", "a", "--downstream", "b", "--downstream=c*"])
        (instance,) = options.configuration().instances
        self.assertEqual((instance.upstream, instance.downstream), ("a", ("b", "c*")))
        self.assertEqual(tap.Options()["downstream"], [])
