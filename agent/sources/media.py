"""Pieces of media that probes receive anyway, handed to whoever looks into them: the picture checks.

A probe asks whether a channel is `wanted` before it keeps a copy, so that an agent without picture checks pays nothing.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

Delivery = Literal["multicast", "stream"]
Container = Literal["mpegts", "mp4", "aac", "mp3", "ac3", "eac3", "unknown"]

LARGEST = 24 << 20  # bytes kept of a piece; what comes after them is left out


class Piece(NamedTuple):
    """Some seconds of one channel that can be decoded without what came before."""

    channel: str
    delivery: Delivery
    rendition: str  # of the stream; what differs between renditions is no change of the format
    container: Container
    data: bytes
    arrived: float  # Unix time at which its end came
    follows: bool  # whether it continues the channel's last piece without a gap
    obstacle: str = ""  # why it cannot be looked into, such as "encrypted"; its data are empty then


class Keeper(Protocol):
    """Keeps what comes of one segment."""

    def add(self, data: bytes) -> None:
        """Take the next bytes."""


class Media:
    """Where probes hand over pieces; nobody takes them until `listen`. Calls come from the probes' threads."""

    def __init__(self) -> None:
        self._wanted: Callable[[str], bool] = lambda _: False
        self._take: Callable[[Piece], None] = lambda _: None

    def listen(self, wanted: Callable[[str], bool], take: Callable[[Piece], None]) -> None:
        """Hand over the pieces of the channels that are wanted; `take` must return at once."""
        self._wanted, self._take = wanted, take

    def wanted(self, channel: str) -> bool:
        """Return whether anybody looks into the channel."""
        return self._wanted(channel)

    def give(self, piece: Piece) -> None:
        """Hand over a piece."""
        self._take(piece)
