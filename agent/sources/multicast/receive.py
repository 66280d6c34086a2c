"""Datagrams of all channels in one block of memory, fetched with one system call a channel (recvmmsg).

A loop that fetched single datagrams would cost some forty times as much: 300 channels of 8 Mbit/s are 228,000
datagrams a second.
"""

import ctypes
import os
import socket
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LONGEST = 1536  # bytes kept of a datagram; a full Ethernet frame carries 1,472
_CONTROL = 64
_HEADER = np.dtype(
    [
        ("name", "u8"),
        ("name_length", "u4"),
        ("_1", "u4"),
        ("vector", "u8"),
        ("vectors", "u8"),
        ("control", "u8"),
        ("control_length", "u8"),
        ("flags", "i4"),
        ("_2", "u4"),
        ("length", "u4"),
        ("_3", "u4"),
    ]
)  # struct mmsghdr of Linux on 64 bits
_VECTOR = np.dtype([("base", "u8"), ("length", "u8")])  # struct iovec
_TIMESTAMP_HEAD = 32  # bytes of the control message with the time; the drop count follows it
_SO_RXQ_OVFL = 40
_TRUNCATED = int(socket.MSG_TRUNC)

_libc = ctypes.CDLL(None, use_errno=True)


class Datagrams(NamedTuple):
    """What was received, channel by channel and in order of arrival; valid until the next `fetch`."""

    data: NDArray[np.uint8]  # (n, LONGEST)
    length: NDArray[np.uint32]  # (n,) bytes
    arrived: NDArray[np.float64]  # (n,) seconds since 1970, by the kernel's clock
    channel: NDArray[np.int32]  # (n,) index of the channel
    dropped: dict[int, int]  # datagrams that the kernel had no room for since the socket was opened, where it said so
    full: list[int]  # channels of which there may be more

    def only(self, wanted: NDArray[np.bool_]) -> "Datagrams":
        """Return those that are wanted."""
        kept = self._replace(data=self.data[wanted], length=self.length[wanted], arrived=self.arrived[wanted])
        return kept._replace(channel=self.channel[wanted])


class Receiver:
    """A block for `slots` datagrams, of which a channel gets at most `share` in one turn."""

    def __init__(self, slots: int = 8192, share: int = 512) -> None:
        self._slots, self._share = slots, min(share, slots)
        self._data = np.zeros((slots, LONGEST), np.uint8)
        self._control = np.zeros((slots, _CONTROL), np.uint8)
        vectors = np.zeros(slots, _VECTOR)
        vectors["base"] = self._data.ctypes.data + np.arange(slots, dtype=np.uint64) * LONGEST
        vectors["length"] = LONGEST
        headers = np.zeros(slots, _HEADER)
        headers["vector"] = vectors.ctypes.data + np.arange(slots, dtype=np.uint64) * _VECTOR.itemsize
        headers["vectors"] = 1
        headers["control"] = self._control.ctypes.data + np.arange(slots, dtype=np.uint64) * _CONTROL
        self._vectors, self._headers = vectors, headers

    def fetch(self, sockets: list[tuple[int, int]]) -> Datagrams:
        """Return what waits in the sockets, given as (channel, file descriptor).

        Channels that the block had no room for, or that may hold more, are named in `full`: ask for them again.
        Raises OSError for a socket that fails for another reason than being empty.
        """
        self._headers["control_length"] = _CONTROL
        self._control[:, _TIMESTAMP_HEAD:] = 0
        filled, counts, full = 0, [], []
        base = self._headers.ctypes.data
        for channel, descriptor in sockets:
            room = min(self._share, self._slots - filled)
            if room == 0:
                full.append(channel)
                continue
            count = _receive(descriptor, base + filled * _HEADER.itemsize, room)
            if count == room:
                full.append(channel)
            if count:
                counts.append((channel, count))
                filled += count
        return self._datagrams(filled, counts, full)

    def _datagrams(self, filled: int, counts: list[tuple[int, int]], full: list[int]) -> Datagrams:
        times = self._control[:filled].view("i8")
        length = self._headers["length"][:filled].copy()
        length[self._headers["flags"][:filled] & _TRUNCATED != 0] = 0  # longer than a frame: no transport stream
        channels = [channel for channel, _ in counts]
        return Datagrams(
            self._data[:filled],
            length,
            times[:, 2] + times[:, 3] * 1e-9,
            np.repeat(np.array(channels, np.int32), [count for _, count in counts]),
            self._dropped(counts),
            full,
        )

    def _dropped(self, counts: list[tuple[int, int]]) -> dict[int, int]:
        """Return the kernel's drop count as each channel's last datagram carries it; it is left out while it is 0."""
        dropped, end = {}, 0
        for channel, count in counts:
            end += count
            level, kind, drops = self._control[end - 1, _TIMESTAMP_HEAD + 8 : _TIMESTAMP_HEAD + 20].view("u4")
            if level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL:
                dropped[channel] = int(drops)
        return dropped


def _receive(descriptor: int, headers: int, count: int) -> int:
    """Return how many datagrams were put at `headers`."""
    while True:
        received: int = _libc.recvmmsg(descriptor, ctypes.c_void_p(headers), count, socket.MSG_DONTWAIT, None)
        if received >= 0:
            return received
        number = ctypes.get_errno()
        if number in (11, 111):  # EAGAIN; ECONNREFUSED of an earlier ICMP answer, which the call has cleared
            return 0
        if number != 4:  # EINTR
            raise OSError(number, os.strerror(number))
