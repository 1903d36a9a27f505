"""Which instances a change of a link goes to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.toml import parse
from mcproxy.instance.links import LinkSet
from mcproxy.instance.plan.plan import InstancePlan, Plan, compile_plan
from mcproxy.link_dispatch import LinkDispatch
from mcproxy.messages import LinkChanged

from .instance.support import link

TEXT = """
[instance.tv]
upstream = "up"
downstream = ["d1", "d2"]
mld-version = 0
[instance.radio]
upstream = "up"
downstream = ["lan*"]
mld-version = 0
"""


class FakeInstance:
    """Notes the links that it gets."""

    def __init__(self, plan: InstancePlan) -> None:
        self.planned = plan
        self.name = plan.name
        self.links = SimpleNamespace(usable=LinkSet())
        self.got: list[str] = []
        self.retried = 0
        self.is_broken = False

    def receive(self, message: LinkChanged) -> None:
        if self.is_broken:
            raise ZeroDivisionError
        self.got.append(message.interface)

    def retry_refused(self, links: Any) -> None:
        self.retried += 1


class LinkDispatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.plan = compile_plan(parse(TEXT))
        self.tv, self.radio = (FakeInstance(one) for one in self.plan.instances)
        self.dispatch = LinkDispatch()
        self.warned: list[tuple[str, str]] = []
        warn = lambda _, instance, interface: self.warned.append((instance, interface))  # noqa: E731
        self.patch(LinkDispatch, "log", SimpleNamespace(warn=warn))
        self.use(self.tv, self.radio)

    def use(self, *instances: Any) -> None:
        self.dispatch.set_instances(instances)

    def test_link_goes_to_those_that_name_it_and_to_those_with_patterns(self) -> None:
        for name in ("up", "d1", "lan1", "other"):
            self.dispatch.dispatch(LinkChanged(None, link(name, 1, None)))
        self.assertEqual(self.tv.got, ["up", "d1"])
        self.assertEqual(self.radio.got, ["up", "d1", "lan1", "other"])

    def test_instance_that_is_not_served_any_more_gets_nothing(self) -> None:
        self.use(self.tv)
        self.dispatch.dispatch(LinkChanged(None, link("up", 1, None)))
        self.assertEqual((self.tv.got, self.radio.got), (["up"], []))

    def test_instance_that_breaks_does_not_keep_others_from_getting_a_link(self) -> None:
        self.failures: list[str] = []
        failure = lambda _, instance, interface: self.failures.append(f"{instance} {interface}")  # noqa: E731
        self.patch(LinkDispatch, "log", SimpleNamespace(failure=failure))
        self.tv.is_broken = True
        self.dispatch.dispatch(LinkChanged(None, link("up", 1, None)))
        self.assertEqual((self.radio.got, self.failures), (["up"], ["tv/ipv4 up"]))

    def test_refused_link_is_tried_again_by_each_instance(self) -> None:
        self.assertFalse(self.dispatch.any_refused)
        self.radio.links.usable = LinkSet(refused=frozenset(["lan1"]))
        self.assertTrue(self.dispatch.any_refused)
        self.dispatch.retry_refused({})
        self.assertEqual((self.tv.retried, self.radio.retried), (1, 1))

    def test_missing_interface_is_warned_of_once_and_a_pattern_never(self) -> None:
        links = {"up": link("up", 1, None)}
        self.dispatch.warn_of_missing(Plan(), self.plan, links)
        self.assertEqual(self.warned, [("tv", "d1"), ("tv", "d2")])
        self.dispatch.warn_of_missing(self.plan, self.plan, links)
        self.assertEqual(len(self.warned), 2)
