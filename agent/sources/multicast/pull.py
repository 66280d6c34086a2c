"""A channel that is pulled: the bytes of a connection as the datagrams that a receiver with a buffer of a second gives.

Servers send in bursts of some hundred milliseconds, and no viewer sees that: a player begins with a full buffer. So
each burst is laid out evenly over the time since the one before, and judged a second later. A pause that is longer
than the buffer is a fault here as it is there.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.connection import Connection, ProgramMissingError
from agent.sources.multicast.framer import Framer
from agent.sources.multicast.receive import LONGEST, Datagrams
from agent.transport.packets import PACKET

log = logging.getLogger("agent.sources.multicast")

BUFFER = 1.0  # seconds
RETRY = 5.0  # seconds between two attempts
DATAGRAM = 7 * PACKET
_NO_STREAM = 1 << 20  # bytes without a transport stream after which it is none
# What waits to be judged. A server that sends faster than the media plays is read no faster than this in a second.
_MOST_WAITING = 8 << 20


class _Burst(NamedTuple):
    begin: float  # when its first datagram is due, by the monotonic clock
    step: float  # seconds from one to the next
    data: bytes


@dataclass(slots=True)
class _Rows:
    """Datagrams that are due."""

    moments: NDArray[np.float64]
    data: NDArray[np.uint8]  # (n, DATAGRAM)


class Waiting:
    """Datagrams until they are due."""

    def __init__(self, began: float) -> None:
        self._bursts: deque[_Burst] = deque()
        self._rest = b""
        self._last = began
        self._changed = threading.Condition()
        self._size = 0

    def put(self, packets: bytes, moment: float, stopped: Callable[[], bool]) -> None:
        """Add what came at a moment; wait while there is no room."""
        data = self._rest + packets
        whole = len(data) // DATAGRAM * DATAGRAM
        self._rest = data[whole:]
        if not whole:
            return
        begin = max(self._last, moment - BUFFER)
        step = (moment - begin) / (whole // DATAGRAM)
        with self._changed:
            while self._size > _MOST_WAITING and not stopped():
                self._changed.wait(0.2)
            self._bursts.append(_Burst(begin + step + BUFFER, step, data[:whole]))
            self._size += whole
        self._last = moment

    def take(self, now: float) -> list[_Rows]:
        """Return what is due."""
        found = []
        with self._changed:
            while self._bursts and self._bursts[0].begin <= now:
                begin, step, data = self._bursts.popleft()
                count = len(data) // DATAGRAM
                due = count if step <= 0 else min(count, int((now - begin) / step) + 1)
                rows = np.frombuffer(data, np.uint8, due * DATAGRAM).reshape(due, DATAGRAM)
                found.append(_Rows(begin + step * np.arange(due, dtype=np.float64), rows))
                self._size -= due * DATAGRAM
                if due < count:
                    self._bursts.appendleft(_Burst(begin + due * step, step, data[due * DATAGRAM :]))
                    break
            self._changed.notify()
        return found


Opener = Callable[[], Connection]
"""Opens the connection of a channel; raises OSError with the reason and the remedy."""


class Pull:
    """One channel, read by a thread of its own that connects again for as long as it is not stopped."""

    def __init__(self, channel: str, opener: Opener) -> None:
        self.channel = channel
        self.hindered = False  # by this machine itself: nothing can be said of the channel
        self._opener = opener
        self._connection: Connection | None = None
        self._waiting = Waiting(0.0)
        self._stopped = threading.Event()
        self._reason = ""
        self._thread = threading.Thread(target=self._run, name=f"pull {channel}", daemon=True)

    def start(self) -> None:
        """Begin to connect; return at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the connection and the thread."""
        self._stopped.set()
        connection = self._connection
        if connection is not None:
            connection.interrupt()
        self._thread.join(5.0)

    def due(self, now: float) -> list[_Rows]:
        """Return the datagrams that are due at a moment of the monotonic clock."""
        return self._waiting.take(now)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with closing(self._opener()) as connection:
                    self._connection, self.hindered = connection, False
                    self._read(connection)
            except ProgramMissingError as error:
                self.hindered = True
                self._tell(str(error))
            except Exception as error:  # noqa: BLE001 - the top of a thread: the channel is tried again
                self._tell(str(error) if isinstance(error, OSError) else f"{type(error).__name__}: {error}")
            self._connection = None
            self._stopped.wait(RETRY)

    def _read(self, connection: Connection) -> None:
        framer, came = Framer(), False
        self._waiting = Waiting(time.monotonic())
        while not self._stopped.is_set():
            data = connection.read()
            if not data:
                raise OSError(f"the connection ended{connection.ended()}")
            packets = framer.feed(data)
            if framer.unknown > _NO_STREAM:
                raise OSError("what comes is no transport stream: no packets of 188 bytes in a MiB of it")
            if packets and not came:
                came, self._reason = True, ""
                log.info("channel is pulled", extra={"channel": self.channel})
            self._waiting.put(packets, time.monotonic(), self._stopped.is_set)

    def _tell(self, reason: str) -> None:
        """Log a reason once, until it is another one or the channel has come."""
        if reason != self._reason and not self._stopped.is_set():
            self._reason = reason
            log.warning("channel cannot be pulled", extra={"channel": self.channel, "reason": reason})


def datagrams(due: list[tuple[int, list[_Rows]]], offset: float) -> Datagrams | None:
    """Return what is due of (channel, rows) as the receiver gives it; None for nothing.

    `offset` turns a moment of the monotonic clock into Unix time.
    """
    blocks = [(channel, rows) for channel, parts in due for rows in parts]
    if not blocks:
        return None
    counts = [len(rows.moments) for _, rows in blocks]
    data = np.zeros((sum(counts), LONGEST), np.uint8)
    np.concatenate([rows.data for _, rows in blocks], out=data[:, :DATAGRAM])
    return Datagrams(
        data,
        np.full(len(data), DATAGRAM, np.uint32),
        np.concatenate([rows.moments for _, rows in blocks]) + offset,
        np.repeat(np.array([channel for channel, _ in blocks], np.int32), counts),
        {},
        [],
    )
