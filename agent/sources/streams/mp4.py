"""Boxes of MP4 (ISO/IEC 14496-12): whether a section can start a player, and whether a fragment holds media."""

import struct
from collections import Counter
from typing import NamedTuple

from service.nouns import counted

LARGEST_MOVIE = 4 << 20
_LARGEST_FRAGMENT = 1 << 20  # bytes kept of the first fragment's head
UNFRAGMENTED = "a movie box (moov) that announces no fragments (mvex), which Media Source Extensions of browsers refuse"
# What a media segment, an initialization section or a whole file may begin with: what Chromium takes between its boxes
# (media/formats/mp4/box_reader.cc).
FIRST = frozenset(
    {
        b"bloc",
        b"emsg",
        b"free",
        b"ftyp",
        b"mdat",
        b"meco",
        b"meta",
        b"mfra",
        b"moof",
        b"moov",
        b"pdin",
        b"prft",
        b"sidx",
        b"skip",
        b"ssix",
        b"styp",
        b"uuid",
    }
)

_HEAD, _LONG_HEAD = 8, 16


class Track(NamedTuple):
    """A track that a movie box sets up."""

    handler: str  # vide, soun, text, …
    codec: str  # the kind of the first sample entry, e.g. avc1
    number: int = 0  # under which fragments name it
    scale: int = 0  # ticks a second of its times
    key: str = (
        ""  # identifier of the key that its samples are encrypted with, in hexadecimal; empty where none is named
    )


class BoxReader:
    """Walks over the top level of a file as it arrives; the movie box is kept, and the head of the first fragment."""

    def __init__(self) -> None:
        self.kinds: Counter[bytes] = Counter()
        self.media = 0  # bytes in mdat
        self.fault = ""  # why the walk ended
        self._head = b""
        self._kind = b""
        self._left: int | None = 0  # bytes of the box still to come; None up to the end of the file
        self._movie: bytearray | None = None
        self._fragment: bytearray | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view and not self.fault:
            if self._left is None or self._left:
                size = len(view) if self._left is None else min(self._left, len(view))
                self._content(view[:size])
                self._left = None if self._left is None else self._left - size
                view = view[size:]
            else:
                wanted = _LONG_HEAD if self._head[:4] == b"\x00\x00\x00\x01" else _HEAD
                size = min(wanted - len(self._head), len(view))
                self._head += view[:size]
                view = view[size:]
                self._begin()

    @property
    def truncated(self) -> str:
        """Where the file ends too early; empty where it does not."""
        if self._left:
            return f"ends {counted(self._left, 'byte')} before its box {_name(self._kind)} does"
        return "ends within the head of a box" if self._head else ""

    def tracks(self) -> tuple[Track, ...]:
        """Return the tracks of the movie box."""
        movie = bytes(self._movie or b"")
        found = []
        for kind, body in _boxes(movie):
            if kind == b"trak":
                found.append(_track(body))
        return tuple(track for track in found if track is not None)

    @property
    def fragmented(self) -> bool:
        """Whether the movie box announces fragments (mvex), without which browsers refuse it."""
        return any(kind == b"mvex" for kind, _ in _boxes(bytes(self._movie or b"")))

    def begins(self) -> dict[int, int]:
        """Return where each track of the first fragment begins (tfdt), in its ticks."""
        found = {}
        for kind, body in _boxes(bytes(self._fragment or b"")):
            if kind == b"traf":
                head, time = _inner(body, b"tfhd"), _inner(body, b"tfdt")
                size = 8 if time is not None and time[:1] == b"\x01" else 4
                if head is not None and time is not None and len(head) >= 8 and len(time) >= 4 + size:
                    found[int.from_bytes(head[4:8], "big")] = int.from_bytes(time[4 : 4 + size], "big")
        return found

    def _content(self, data: memoryview) -> None:
        if self._kind == b"mdat":
            self.media += len(data)
        elif self._kind == b"moov" and self._movie is not None and len(self._movie) < LARGEST_MOVIE:
            self._movie += data
        elif self._kind == b"moof" and self.kinds[b"moof"] == 1 and self._fragment is not None:
            self._fragment += data[: _LARGEST_FRAGMENT - len(self._fragment)]

    def _begin(self) -> None:
        head = self._head
        if len(head) < _HEAD or (head[:4] == b"\x00\x00\x00\x01" and len(head) < _LONG_HEAD):
            return
        size, self._kind = int.from_bytes(head[:4], "big"), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size == 0:
            self._left = None
        elif size < len(head):
            self.fault = f"has a box {_name(self._kind)} of {counted(size, 'byte')}, less than its own head"
            return
        else:
            self._left = size - len(head)
        if not all(32 <= byte < 127 or byte == 0xA9 for byte in self._kind):
            self.fault = f"has a box whose kind is {self._kind!r}"
            return
        self.kinds[self._kind] += 1
        self._head = b""
        if self._kind == b"moov":
            self._movie = bytearray()
        elif self._kind == b"moof" and self._fragment is None:
            self._fragment = bytearray()


def _name(kind: bytes) -> str:
    return kind.decode("latin-1")


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the boxes within a box; what does not fit ends the list."""
    found = []
    at = 0
    while at + _HEAD <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < _HEAD or at + size > len(data):
            break
        found.append((kind, data[at + _HEAD : at + size]))
        at += size
    return found


def _inner(data: bytes, *path: bytes) -> bytes | None:
    for kind in path:
        body = next((body for name, body in _boxes(data) if name == kind), None)
        if body is None:
            return None
        data = body
    return data


def _track(data: bytes) -> Track | None:
    handler = _inner(data, b"mdia", b"hdlr")
    entries = _inner(data, b"mdia", b"minf", b"stbl", b"stsd")
    if handler is None or len(handler) < 12 or entries is None or len(entries) < 16:
        return None
    number, scale = _number(_inner(data, b"tkhd")), _number(_inner(data, b"mdia", b"mdhd"))
    return Track(handler[8:12].decode("latin-1"), entries[12:16].decode("latin-1"), number, scale, _key(entries))


def _key(entries: bytes) -> str:
    """Return default_KID of the track's encryption (ISO/IEC 23001-7, 8.2); a key of zeros stands for none."""
    at = entries.find(b"tenc")
    key = entries[at + 12 : at + 28] if at >= 0 else b""
    return key.hex() if len(key) == 16 and any(key) else ""


def _number(head: bytes | None) -> int:
    """Return what follows the two dates of a track's or a media's head: its number, or its ticks a second."""
    if head is None:
        return 0
    at = 20 if head[:1] == b"\x01" else 12
    return int.from_bytes(head[at : at + 4], "big")
