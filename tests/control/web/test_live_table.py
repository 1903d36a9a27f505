"""LiveTable: what has changed."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.web.live_table import LiveTable, encoded

from .support import messages


def rows(**values: object) -> dict[str, bytes]:
    return {key: encoded({"key": key, "value": value}) for key, value in values.items()}


class LiveTableTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.table = LiveTable("flows")
        self.table.replace(rows(a=1, b=2))

    def test_message_has_only_what_is_new_changed_or_gone(self) -> None:
        [(name, value)] = messages(self.table.replace(rows(a=1, c=3)))
        put = [{"key": "c", "value": 3}]
        self.assertEqual((name, value), ("rows", {"table": "flows", "put": put, "drop": ["b"]}))

    def test_same_rows_are_no_message(self) -> None:
        self.assertEqual(self.table.replace(rows(b=2, a=1)), b"")

    def test_snapshot_has_all_rows(self) -> None:
        self.table.replace(rows(a=5, b=2))
        [(_, value)] = messages(self.table.snapshot())
        self.assertEqual([row["value"] for row in value["put"]], [5, 2])
        self.assertEqual(value["drop"], [])

    def test_text_of_a_host_cannot_end_a_message(self) -> None:
        hostile = "\n\nevent: begin\ndata: {}\r\n</script>"
        [(name, value)] = messages(self.table.replace(rows(a=hostile, b=2)))
        self.assertEqual((name, value["put"][0]["value"]), ("rows", hostile))
