"""What the agents' /pictures answers, read with suspicion: it came through a decoder that read what strangers sent."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, TypeAdapter

MOST_PICTURES = 4000  # in one answer
MOST_SIZE = 256 * 1024  # bytes of a picture
MOST_SIDE = 1280  # points of a picture's width and height: a browser decodes what it is given
_LONGEST_NAME = 200
_START = b"\xff\xd8\xff"
# Frame headers of JPEG (ITU-T T.81, table B.1): baseline, extended and progressive.
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_SCAN = 0xDA

Way = tuple[str, str]
"""delivery and channel"""


class Thumbnail(NamedTuple):
    """A picture of a channel."""

    moment: str  # as the agent writes it: Unix time with three decimals
    image: bytes

    @property
    def at(self) -> float:
        """Return the Unix time."""
        return float(self.moment)


class _Entry(BaseModel, strict=True):
    channel: str
    delivery: str
    moment: str
    size: int


class _Listed(BaseModel, strict=True):
    channel: str
    delivery: str
    moments: list[str] = []
    faults: list[str] = []


_ENTRIES, _LISTED = TypeAdapter(list[_Entry]), TypeAdapter(list[_Listed])  # whose ValidationError is a ValueError


class Moments(NamedTuple):
    """Which pictures an agent keeps of one channel by one delivery."""

    last: tuple[str, ...]
    faults: tuple[str, ...]


def latest(body: bytes) -> Mapping[Way, Thumbnail]:
    """Return the pictures of /pictures/latest; raise ValueError for anything that is not such an answer."""
    head, separator, images = body.partition(b"\n")
    entries = _ENTRIES.validate_json(head)
    if not separator or len(entries) > MOST_PICTURES:
        raise ValueError("no list of pictures, or too long a one")
    if any(entry.size < 0 for entry in entries) or sum(entry.size for entry in entries) != len(images):
        raise ValueError("the pictures have other sizes than the list says")
    result: dict[Way, Thumbnail] = {}
    place = 0
    for entry in entries:
        image = images[place : place + entry.size]
        place += entry.size
        check(image)
        result[_way(entry.delivery, entry.channel)] = Thumbnail(_moment(entry.moment), image)
    return result


def listed(body: bytes) -> Mapping[Way, Moments]:
    """Return what /pictures lists; raise ValueError for anything that is not such an answer."""
    entries = _LISTED.validate_json(body)
    if len(entries) > MOST_PICTURES:
        raise ValueError("too long a list of channels")
    return {
        _way(each.delivery, each.channel): Moments(
            tuple(_moment(one) for one in each.moments), tuple(_moment(one) for one in each.faults)
        )
        for each in entries
    }


def check(image: bytes) -> None:
    """Raise ValueError unless this is a JPEG of bearable size."""
    if len(image) > MOST_SIZE:
        raise ValueError(f"a picture has {len(image)} bytes; at most {MOST_SIZE} are taken")
    if not image.startswith(_START):
        raise ValueError("a picture is no JPEG")
    width, height = _sides(image)
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise ValueError(f"a picture has {width} x {height} points; at most {MOST_SIDE} x {MOST_SIDE} are taken")


def _sides(image: bytes) -> tuple[int, int]:
    """Return width and height from the first frame header."""
    place = 2
    while place + 9 <= len(image) and image[place] == 0xFF:
        marker = image[place + 1]
        if marker in _FRAMES:
            return int.from_bytes(image[place + 7 : place + 9]), int.from_bytes(image[place + 5 : place + 7])
        if marker == _SCAN:
            break
        place += 2 + int.from_bytes(image[place + 2 : place + 4])
    raise ValueError("a picture is a JPEG without a size")


def _way(delivery: str, channel: str) -> Way:
    if not (delivery.isprintable() and channel.isprintable() and max(len(delivery), len(channel)) <= _LONGEST_NAME):
        raise ValueError("a picture has a channel or delivery that is no name")
    return delivery, channel


def _moment(text: str) -> str:
    whole, point, part = text.partition(".")
    if not (text.isascii() and whole.isdigit() and point and part.isdigit() and len(whole) <= 11 and len(part) == 3):
        raise ValueError("a picture has a moment that is no Unix time")
    return text
