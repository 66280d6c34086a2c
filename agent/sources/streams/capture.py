"""Keeps the segments of one rendition for the picture checks: what was downloaded anyway, after it was found good."""

from collections.abc import Callable

from agent.sources.media import LARGEST, Container, Piece
from agent.sources.streams import mp4
from agent.sources.streams.content import is_transport
from agent.sources.streams.live import Segment

_ADTS, _AC3 = 0xFFF0, b"\x0b\x77"
_LAST_AC3 = 10  # bsid of AC-3 (ETSI TS 102 366, E.2.3.1.6); above it E-AC-3
_HEAD, _TAG = 6, 10  # bytes


class Capture:
    """The segment under way; implements `agent.sources.media.Keeper`."""

    def __init__(self, channel: str, rendition: str, give: Callable[[Piece], None]) -> None:
        self._channel, self._rendition, self._give = channel, rendition, give
        self._data = bytearray()

    def begin(self, section: bytes) -> None:
        """Begin a segment with its initialization section, which may be empty."""
        self._data = bytearray(section)

    def add(self, data: bytes) -> None:
        """Take the next bytes, as far as there is room."""
        self._data += data[: LARGEST - len(self._data)]

    def end(self, segment: Segment, now: float) -> None:
        """Hand the segment over, which came whole at Unix time `now`."""
        data, self._data = bytes(self._data), bytearray()
        container = _container(data)
        # Samples of a transport stream that are encrypted would be decoded to pictures that nobody sees.
        if segment.container == "opaque" or segment.hidden or (container == "mp4" and _is_encrypted(data)):
            self.blocked("encrypted")
        else:
            self._give(Piece(self._channel, "stream", self._rendition, container, data, now, follows=False))

    def blocked(self, obstacle: str) -> None:
        """Say why the rendition cannot be looked into."""
        self._give(
            Piece(self._channel, "stream", self._rendition, "unknown", b"", 0.0, follows=False, obstacle=obstacle)
        )


def _container(data: bytes) -> Container:
    if is_transport(data):
        return "mpegts"
    if data[4:8] in mp4.FIRST:
        return "mp4"
    return _packed(data[_behind_tags(data) :][:_HEAD])


def _behind_tags(data: bytes) -> int:
    """Return where the sound of packed audio begins: behind tags of ID3 with a time stamp (RFC 8216, 3.4)."""
    at = 0
    while data[at : at + 3] == b"ID3" and at + _TAG <= len(data):
        size = 0
        for byte in data[at + 6 : at + _TAG]:  # seven bits each
            size = size << 7 | byte & 0x7F
        at += _TAG + size + _TAG * bool(data[at + 5] & 0x10)  # a footer
    return at


def _packed(head: bytes) -> Container:
    """Return what packed audio is by its first frame."""
    if len(head) < _HEAD:
        return "unknown"
    if head.startswith(_AC3):
        return "eac3" if head[5] >> 3 > _LAST_AC3 else "ac3"
    sync = int.from_bytes(head[:2], "big")
    if sync & 0xFFF6 == _ADTS:
        return "aac"
    return "mp3" if sync & 0xFFE0 == 0xFFE0 and sync & 0x0006 else "unknown"


def _is_encrypted(data: bytes) -> bool:
    """Return whether the samples are encrypted one by one (ISO/IEC 23001-7): only a licence opens them."""
    boxes = mp4.BoxReader()
    boxes.feed(data)
    return any(track.codec in ("encv", "enca") for track in boxes.tracks())
