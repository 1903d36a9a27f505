"""The picture of the house is that of the program."""

from __future__ import annotations

from xml.dom.minidom import parseString

from twisted.trial.unittest import SynchronousTestCase

from ..house_picture import PICTURE, draw
from ..test_imports import LAYERS


class HouseTests(SynchronousTestCase):
    def test_picture_is_drawn_from_the_layers(self) -> None:
        found = PICTURE.read_text(encoding="utf-8")
        self.assertEqual(found, draw(), "run python -m tests.house_picture")

    def test_every_room_has_its_name_and_its_purpose(self) -> None:
        titles = [
            title.firstChild.data for title in parseString(draw()).getElementsByTagName("title")
        ]
        rooms = [room for floor in LAYERS for room in floor if room != "mcproxy.__main__"]
        for room in rooms:
            self.assertTrue(any(title.startswith(f"{room}: ") for title in titles), room)
        self.assertEqual([title for title in titles if title.endswith(": ")], [])
