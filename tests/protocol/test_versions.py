"""Versions that were heard, and until when they count."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.versions import OlderVersions


class OlderVersionsTests(SynchronousTestCase):
    """The versions that were heard, and until when they count."""

    def test_oldest_version_is_the_oldest_that_has_not_expired(self) -> None:
        """GC-01, HC-02: the time of each version ends by itself."""
        older = OlderVersions()
        self.assertEqual((older.oldest(3, 0), older.next_expiry(0)), (3, None))
        older.note(2, 20)
        older.note(1, 10)
        self.assertEqual((older.oldest(3, 5), older.next_expiry(5)), (1, 10))
        self.assertEqual((older.oldest(3, 10), older.next_expiry(10)), (2, 20))
        self.assertEqual((older.oldest(3, 20), older.next_expiry(20)), (3, None))

    def test_version_heard_again_counts_from_the_last_time(self) -> None:
        """The earlier time does not matter."""
        older = OlderVersions()
        older.note(1, 20)
        older.note(1, 30)
        self.assertEqual(older.oldest(2, 25), 1)
