"""Thumbnails by channel, delivery and moment."""

import json

import pytest

from agent.sources.media import Delivery
from agent.sources.picture.kept import Kept, Picture
from agent.sources.picture.pages import page

KEPT: dict[tuple[str, Delivery], Kept] = {
    ("Первый канал", "stream"): Kept((Picture(1000.5, b"a"), Picture(1004.25, b"b"))),
    ("news", "multicast"): Kept((Picture(1002.0, b"c"),), (Picture(900.0, b"d"),)),
}


def test_the_list_names_channels_and_moments() -> None:
    found = page("/pictures", KEPT)
    assert found is not None
    assert found.content_type == "application/json"
    assert json.loads(found.body) == [
        {"channel": "news", "delivery": "multicast", "moments": ["1002.000"], "faults": ["900.000"]},
        {"channel": "Первый канал", "delivery": "stream", "moments": ["1000.500", "1004.250"], "faults": []},
    ]


@pytest.mark.parametrize(
    ("path", "image"),
    [
        ("/pictures/multicast/news", b"c"),
        ("/pictures/stream/%D0%9F%D0%B5%D1%80%D0%B2%D1%8B%D0%B9%20%D0%BA%D0%B0%D0%BD%D0%B0%D0%BB", b"b"),
        ("/pictures/stream/%D0%9F%D0%B5%D1%80%D0%B2%D1%8B%D0%B9%20%D0%BA%D0%B0%D0%BD%D0%B0%D0%BB/1000.500", b"a"),
        ("/pictures/multicast/news/1002.000", b"c"),
        ("/pictures/multicast/news/900.000", b"d"),
    ],
)
def test_a_picture_is_found_by_its_moment_and_the_last_without_one(path: str, image: bytes) -> None:
    found = page(path, KEPT)
    assert found is not None
    assert (found.content_type, found.body) == ("image/jpeg", image)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/picturesque",
        "/pictures/stream",
        "/pictures/stream/news",
        "/pictures/multicast/news/1002.001",
        "/pictures/multicast/news/1002.000/x",
        "/pictures/multicast/../news",
    ],
)
def test_anything_else_is_not_there(path: str) -> None:
    assert page(path, KEPT) is None


def test_the_last_pictures_of_all_channels_come_in_one_answer() -> None:
    found = page("/pictures/latest", KEPT)
    assert found is not None
    head, _, images = found.body.partition(b"\n")
    assert json.loads(head) == [
        {"channel": "news", "delivery": "multicast", "moment": "1002.000", "size": 1},
        {"channel": "Первый канал", "delivery": "stream", "moment": "1004.250", "size": 1},
    ]
    assert images == b"cb"
