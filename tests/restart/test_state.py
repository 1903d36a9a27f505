"""The saved state as one process writes it and the next one reads it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.upstreams.preference import Preference
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report
from mcproxy.restart.state import SavedState, state_text

GROUP = packed("239.1.1.1")


class SavedStateTests(SynchronousTestCase):
    def setUp(self) -> None:
        querier = Querier(IPV4, QuerierSettings())
        joined = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, GROUP),))
        querier.receive(joined, packed("192.0.2.2"), 5.0)
        host = Host(IPV4, lambda: 0.5)
        host.receive(Query(2, IPV4.unspecified, 10.0), 5.0)
        downstreams = {"down1": SimpleNamespace(querier=querier)}
        preference = Preference(10.0)
        for working in ("up", "up2"), ("up2",):
            preference.note(("up", "up2"), working, 5.0)
        instance: Any = SimpleNamespace(
            name="tv",
            family=IPV4,
            downstreams=downstreams,
            selection=SimpleNamespace(preference=preference),
        )
        upstream: Any = SimpleNamespace(family=IPV4, name="up", host=host)
        self.text = state_text([instance], [upstream])
        self.querier = querier

    def spoilt(self, **values: object) -> bytes:
        return json.dumps({**json.loads(self.text), **values}).encode()

    def test_saved_memberships_are_restored(self) -> None:
        saved = SavedState(self.text)
        queriers = saved.queriers(IPV4)
        self.assertEqual(queriers.keys(), {"down1"})
        self.assertEqual(queriers["down1"].groups.keys(), {GROUP})
        self.assertEqual(queriers["down1"].next_deadline(), self.querier.next_deadline())
        self.assertEqual(saved.queriers(IPV6), {})

    def test_restarts_are_counted_from_process_to_process(self) -> None:
        self.assertEqual(SavedState(state_text([], [], 3)).restarts, 3)

    def test_restart_from_an_older_version_counts_as_the_first(self) -> None:
        values = json.loads(self.text)
        del values["restarts"]
        self.assertEqual(SavedState(json.dumps(values).encode()).restarts, 1)

    def test_host_is_restored_for_its_family_and_link_only(self) -> None:
        saved = SavedState(self.text)
        for family, name, version in ((IPV4, "up", 2), (IPV4, "up2", 3), (IPV6, "up", 2)):
            host = Host(family, lambda: 0.5)
            saved.restore_host(host, name)
            host.rejoin(6.0)
            self.assertEqual(host.version, version, (family, name))

    def test_upstream_that_failed_keeps_its_lower_rank(self) -> None:
        """MU-08: to the next process they are not as good as those that were not."""
        saved, names = SavedState(self.text), ("up", "up2")
        self.assertEqual((saved.fallen("tv"), saved.fallen("radio")), (["up"], []))
        after = Preference(10.0)
        after.restore_fallen(saved.fallen("tv"))
        after.note(names, names, 6.0)
        self.assertEqual(after.order, ("up2", "up"))

    def test_text_in_another_form_is_refused(self) -> None:
        for text in (
            b"",
            b"?",
            b"[]",
            b"{}",
            self.spoilt(format=0),
            self.spoilt(queriers=1),
            self.spoilt(fallen=1),
            self.spoilt(restarts="x"),
        ):
            self.assertRaises(ValueError, SavedState, text)

    def test_unusable_part_is_left_out_with_a_warning(self) -> None:
        told: list[str] = []
        log = SimpleNamespace(warn=lambda _, interface, reason: told.append(interface))
        self.patch(SavedState, "log", log)
        known = json.loads(self.text)["queriers"]["ipv4"]
        saved = SavedState(
            self.spoilt(queriers={"ipv4": {**known, "x": 1}}, hosts={"ipv4": {"up": []}})
        )
        self.assertEqual(saved.queriers(IPV4).keys(), {"down1"})
        saved.restore_host(Host(IPV4, lambda: 0.5), "up")
        self.assertEqual(told, ["x", "up"])
