"""Packets in a stream of bytes: of a connection, or of datagrams that go on where the one before ended.

ffmpeg fills datagrams of 1,472 bytes unless `pkt_size=1316` is set, and VLC, GStreamer and ffmpeg read on over their
borders.
"""

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.receive import LONGEST
from agent.transport.packets import PACKET, SYNC, aligned

_ROOM = LONGEST // PACKET * PACKET  # bytes of packets in the place of a datagram; a frame of Ethernet brings fewer


class Framer:
    """Finds the packets in a stream of bytes, and finds them again where bytes are missing."""

    def __init__(self) -> None:
        self._rest = b""
        self._locked = False
        self.unknown = 0  # bytes since a packet was last found

    @property
    def waiting(self) -> bool:
        """Return whether a packet has begun that has not ended."""
        return bool(self._rest)

    def feed(self, data: bytes) -> bytes:
        """Return the whole packets. The two with a wrong sync byte by which the loss shows are among them."""
        self._rest += data
        found = []
        while True:
            if not self._locked and not self._find():
                break
            count = len(self._rest) // PACKET
            good = _good(self._rest[: count * PACKET : PACKET])
            taken = min(count, good + 2 * (good < count))
            found.append(self._rest[: taken * PACKET])
            self._rest = self._rest[taken * PACKET :]
            if good == count:
                break
            self._locked = False
        return b"".join(found)

    def _find(self) -> bool:
        """Drop what comes before the next sync bytes in a row; return whether there are any."""
        place, self._locked = aligned(self._rest)
        self.unknown = 0 if self._locked else self.unknown + place
        self._rest = self._rest[place:]
        return self._locked


def _good(syncs: bytes) -> int:
    """Return the place of the first two wrong sync bytes in a row; the number of all where there are none."""
    at = 0
    while at < len(syncs):
        at += len(syncs[at:]) - len(syncs[at:].lstrip(b"\x47"))
        if at + 1 < len(syncs) and syncs[at + 1] != SYNC:
            return at
        at += 1
    return len(syncs)


class Pieces:
    """The datagrams of one channel that are pieces of a stream of bytes."""

    def __init__(self) -> None:
        self._framer = Framer()
        self._ready = b""

    @property
    def pending(self) -> bool:
        """Return whether a packet has begun that the next datagram goes on with."""
        return bool(self._ready) or self._framer.waiting

    def take(self, data: NDArray[np.uint8], length: NDArray[np.uint32]) -> None:
        """Put the packets that end with each datagram in its place: `data` (n, LONGEST), `length` (n,) bytes."""
        for row, size in enumerate(length.tolist()):
            self._ready += self._framer.feed(data[row, : min(size, _ROOM)].tobytes())
            whole = min(len(self._ready), _ROOM)
            data[row, :whole] = np.frombuffer(self._ready, np.uint8, whole)
            length[row] = whole
            self._ready = self._ready[whole:]


def in_step(data: NDArray[np.uint8], length: NDArray[np.uint32]) -> bool:
    """Return whether these datagrams are packets one after the other, from the first that is found to the end."""
    if (length > _ROOM).any():
        return False
    stream = b"".join(row[:size].tobytes() for row, size in zip(data, length.tolist(), strict=True))
    place, found = aligned(stream)
    return found and not stream[place::PACKET].strip(bytes([SYNC]))
