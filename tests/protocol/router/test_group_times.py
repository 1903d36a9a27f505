"""GroupTimes: the deadlines of groups are kept by the groups, those of other keys beside them."""

from __future__ import annotations

import math
import random

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.deadlines import Deadlines
from mcproxy.protocol.router.group import Group
from mcproxy.protocol.router.groups import GroupTimes

A, B, OTHER = b"\xef\x01\x00\x01", b"\xef\x01\x00\x02", bytes(4)


class GroupTimesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.groups = {A: Group(), B: Group()}
        self.deadlines: Deadlines[bytes] = Deadlines(GroupTimes(self.groups))

    def test_groups_and_other_keys_come_in_the_order_of_their_times(self) -> None:
        for key, when in ((A, 3.0), (OTHER, 2.0), (B, 1.0)):
            self.deadlines.schedule(key, when)
        self.assertEqual([self.deadlines.pop(5.0) for _ in range(4)], [B, OTHER, A, None])
        self.assertEqual(self.deadlines.next, math.inf)

    def test_group_keeps_its_deadline_until_it_comes(self) -> None:
        self.deadlines.schedule(A, 3.0)
        self.assertEqual((self.groups[A].scheduled, self.deadlines.when(A)), (3.0, 3.0))
        self.deadlines.pop(3.0)
        self.assertEqual((self.groups[A].scheduled, self.deadlines.when(A)), (None, None))

    def test_new_group_does_not_inherit_the_deadline_of_its_predecessor(self) -> None:
        self.deadlines.schedule(A, 1.0)
        self.deadlines.cancel(A)
        self.groups[A] = Group()
        self.assertEqual((self.deadlines.next, self.deadlines.when(A)), (math.inf, None))
        self.deadlines.schedule(A, 9.0)
        self.assertIsNone(self.deadlines.pop(8.0))
        self.assertEqual(self.deadlines.pop(9.0), A)

    def test_random_changes_agree_with_a_dictionary(self) -> None:
        """Groups come, go and come again; the model keeps one dictionary of times."""
        rng = random.Random(7)
        keys = [bytes([239, 1, 0, number]) for number in range(12)] + [OTHER]
        model: dict[bytes, float] = {}
        for step in range(5000):
            key, when = rng.choice(keys), step + rng.uniform(0, 50)
            action = rng.random()
            if action < 0.6:
                if key != OTHER:
                    self.groups.setdefault(key, Group())
                self.deadlines.schedule(key, when)
                model[key] = min(when, model.get(key, math.inf))
            elif action < 0.8:
                self.deadlines.cancel(key)
                self.groups.pop(key, None)
                model.pop(key, None)
            while (due := self.deadlines.pop(step)) is not None:
                earliest = min(model.values())
                self.assertEqual(model.pop(due), earliest)
                self.assertLessEqual(earliest, step)
            self.assertEqual(self.deadlines.next, min(model.values(), default=math.inf))
