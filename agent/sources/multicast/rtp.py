"""Loss, order and jitter of one RTP stream (RFC 3550, 6.4.1, A.3 and A.8)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.sources.multicast.framing import RtpHeaders

_CLOCK = 90_000  # Hz, of MPEG transport streams (RFC 2250, 2)
_MODULUS = 1 << 16
# A missing datagram that has not come after so many others is lost; later than that no receiver waits for it either.
_PATIENCE = 512
# A jump by more than this is a sender that began again, not a loss (MAX_DROPOUT of RFC 3550, A.1). So is one back by
# more than the patience, once a second datagram goes on from there.
_DROPOUT = 3000


class Order(NamedTuple):
    """A turn by the numbers of its datagrams."""

    places: NDArray[np.int64] | None  # of the datagrams in order, without duplicates; None where they came in order
    gaps: list[int]  # where in that order datagrams are missing: before which one


class RtpStream:
    """Counts over the life of one channel."""

    def __init__(self) -> None:
        self.received = self.lost = self.reordered = self.duplicates = self.restarts = 0
        self.jitter = 0.0  # seconds
        self._sender: int | None = None
        self._highest = 0  # sequence number, extended beyond 16 bits
        self._missing: dict[int, None] = {}  # in rising order
        self._transit = 0.0
        self._behind = -1  # the number that would confirm that the sender began again further back

    def take(self, headers: RtpHeaders, arrived: NDArray[np.float64]) -> Order:
        """Take a turn's headers, in order of arrival at `arrived` (n,), seconds; return the order of their numbers."""
        # The last bit is set for what RIST sends again (VSF TR-06-1), under the number that it had.
        headers = headers._replace(sender=headers.sender >> 1)
        ends = [*(np.flatnonzero(np.diff(headers.sender)) + 1).tolist(), len(arrived)]
        if len(ends) == 1:
            return self._take(headers, arrived)
        # One sender takes over from another, whose numbers have nothing to do with its own.
        places, gaps, begin, length = [], [], 0, 0
        for end in ends:
            part = self._take(RtpHeaders(*(field[begin:end] for field in headers)), arrived[begin:end])
            own = np.arange(end - begin) if part.places is None else part.places
            places.append(begin + own)
            gaps += [length + place for place in part.gaps]
            begin, length = end, length + len(own)
        return Order(np.concatenate(places), gaps)

    def _take(self, headers: RtpHeaders, arrived: NDArray[np.float64]) -> Order:
        """Take headers of one sender."""
        sequence, timestamp, sender = headers
        gaps = []
        if self._sender != sender[0]:
            gaps = [0]
            self._sender = int(sender[0])
            self._restart(int(sequence[0]), timestamp[0], arrived[0])
        self._measure_jitter(timestamp, arrived)
        self.received += len(sequence)
        steps = np.diff(sequence, prepend=self._highest % _MODULUS) % _MODULUS
        if (steps == 1).all():
            self._highest += len(sequence)
            self._forget()
            return Order(None, gaps)
        return self._sort(sequence, gaps)

    def skip(self) -> None:
        """Expect nothing of the next datagram: the kernel dropped some."""
        self._sender = None

    def _restart(self, sequence: int, timestamp: Any, arrived: Any) -> None:
        self._missing.clear()
        self._highest = sequence - 1 + _MODULUS
        self._transit = float(arrived) - float(timestamp) / _CLOCK

    def _sort(self, sequence: NDArray[np.int64], gaps: list[int]) -> Order:
        places: list[tuple[int, int]] = []
        expected = self._highest + 1
        for index, number in enumerate(sequence.tolist()):
            step = (number - self._highest + _DROPOUT) % _MODULUS - _DROPOUT
            extended = self._highest + step
            if step < -_PATIENCE and extended not in self._missing and number == self._behind:
                extended += _MODULUS
                step += _MODULUS
            if step > _DROPOUT:
                self.restarts += 1
                self._missing.clear()
                self._highest = extended
            elif step > 0:
                self._missing.update(dict.fromkeys(range(self._highest + 1, extended)))
                self._highest, self._behind = extended, -1
            elif extended in self._missing:
                del self._missing[extended]
                self.reordered += 1
            else:
                self.duplicates += 1
                self._behind = (number + 1) % _MODULUS
                continue
            places.append((extended, index))
        self._forget()
        places.sort()
        for place, (number, _) in enumerate(places):
            if number != expected:
                gaps.append(place)
            expected = number + 1
        return Order(np.array([index for _, index in places], np.int64), gaps)

    def _forget(self) -> None:
        while self._missing and (oldest := next(iter(self._missing))) < self._highest - _PATIENCE:
            del self._missing[oldest]
            self.lost += 1

    def _measure_jitter(self, timestamp: NDArray[np.int64], arrived: NDArray[np.float64]) -> None:
        """J += (|D| - J) / 16 for each datagram (A.8), in closed form."""
        transit = arrived - timestamp / _CLOCK
        differences = np.abs(np.diff(transit, prepend=self._transit))
        self._transit = float(transit[-1])
        differences = differences[differences < 1.0]  # the timestamp wraps, or the sender began again
        keep = 15 / 16
        powers = keep ** np.arange(len(differences) - 1, -1, -1)
        self.jitter = float(self.jitter * keep ** len(differences) + (powers * differences).sum() / 16)
