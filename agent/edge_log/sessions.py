"""The table of sessions: one viewer identity on one channel, by the times of its media requests.

A session is the longest run of requests with no gap longer than the idle timeout. Lines may come late, so an
ended session stays known for the lateness that is allowed: a late request can still lengthen it, or join it with the
next one. Three dictionaries of plain values and not one object a session: the garbage collector does not visit them.
"""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Who(NamedTuple):
    """Whose session it is. `viewer` is a keyed hash of the identity."""

    viewer: bytes
    channel: str
    protocol: str


class Interval(NamedTuple):
    """The first and the last request of a session; it is active from `first` until before `last` + idle timeout."""

    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Activity:
    """The sessions active at one moment."""

    sessions: dict[tuple[str, str], int]  # by (channel, protocol)
    viewers: int

    @property
    def total(self) -> int:
        """All sessions."""
        return sum(self.sessions.values())


Settled = Callable[[Who, Interval], None]

# Keys of sessions taken from a checkpoint lie outside what hash() gives, until their viewer's next request.
_RESTORED = 1 << 64


class SessionTable:
    """Sessions by key; the key of a session is the engine's choice and means nothing after a restart."""

    def __init__(self, idle_timeout: float, settled: Settled | None = None) -> None:
        self.idle_timeout = idle_timeout
        self.last: dict[int, float] = {}
        self.started = 0  # sessions that began; a join takes one back
        self._first: dict[int, float] = {}
        self._who: dict[int, Who] = {}
        # Earlier sessions of a key that a late line may still reach.
        self._earlier: dict[int, list[Interval]] = {}
        self._restored: dict[tuple[bytes, str], int] = {}
        self._settled = settled

    def __len__(self) -> int:
        return len(self.last)

    def begin(self, key: int, moment: float, who: Who) -> None:
        """Enter the first request of a key that the table does not hold."""
        known = self._restored.pop((who.viewer, who.channel), None) if self._restored else None
        if known is not None:
            # In this order the three dictionaries stay parallel.
            self.last[key], self._first[key] = self.last.pop(known), self._first.pop(known)
            self._who[key] = self._who.pop(known)
            if known in self._earlier:
                self._earlier[key] = self._earlier.pop(known)
            self.touch(key, moment)
            return
        self.last[key] = self._first[key] = moment
        self._who[key] = who
        self.started += 1

    def touch(self, key: int, moment: float) -> None:
        """Enter a request of a known key, wherever in time it lies.

        The engine itself advances `last` where the request continues the session, which is nearly always.
        """
        idle, first, last = self.idle_timeout, self._first[key], self.last[key]
        if first <= moment <= last:
            return
        if moment > last + idle and key not in self._earlier:
            self._earlier[key] = [Interval(first, last)]
            self._first[key] = self.last[key] = moment
            self.started += 1
            return
        near, far = Interval(moment, moment), []
        joined = 0
        for interval in (*self._earlier.pop(key, ()), Interval(first, last)):
            if interval.first - idle <= moment <= interval.last + idle:
                near = Interval(min(near.first, interval.first), max(near.last, interval.last))
                joined += 1
            else:
                far.append(interval)
        self.started += 1 - joined
        *earlier, newest = sorted([*far, near])
        self._first[key], self.last[key] = newest
        if earlier:
            self._earlier[key] = earlier

    def protocol(self, key: int) -> str:
        """Return the protocol of a known session."""
        return self._who[key].protocol

    def set_protocol(self, key: int, protocol: str) -> None:
        """Note what a manifest says about a session that began with a segment of either protocol."""
        self._who[key] = self._who[key]._replace(protocol=protocol)

    def settle(self, moment: float) -> None:
        """Forget the sessions that ended before `moment`: no line can reach them any more."""
        horizon = moment - self.idle_timeout
        for key, intervals in list(self._earlier.items()):
            kept = [interval for interval in intervals if interval.last >= horizon]
            if self._settled is not None:
                for interval in intervals:
                    if interval.last < horizon:
                        self._settled(self._who[key], interval)
            if kept:
                self._earlier[key] = kept
            else:
                del self._earlier[key]
        for key in [key for key, last in self.last.items() if last < horizon]:
            interval, who = Interval(self._first.pop(key), self.last.pop(key)), self._who.pop(key)
            if self._settled is not None:
                self._settled(who, interval)
        if self._restored:
            self._restored = {name: key for name, key in self._restored.items() if key in self.last}

    def active(self, moment: float) -> Activity:
        """Return the sessions whose latest request lies in (moment - idle timeout, moment]."""
        horizon = moment - self.idle_timeout
        who, first = self._who, self._first
        active = [who[key] for key, last in self.last.items() if last > horizon and first[key] <= moment]
        for key, intervals in self._earlier.items():
            # Reached only by a moment before the newest request of the key.
            if first[key] > moment and any(one.first <= moment and one.last > horizon for one in intervals):
                active.append(who[key])
        return Activity(Counter([one[1:] for one in active]), len({one[0] for one in active}))

    def dump(self) -> "Dump":
        """Return the whole table for a checkpoint."""
        who, first, last = list(self._who.values()), array("d", self._first.values()), array("d", self.last.values())
        for key, intervals in self._earlier.items():
            who.extend([self._who[key]] * len(intervals))
            first.extend(interval.first for interval in intervals)
            last.extend(interval.last for interval in intervals)
        return Dump(who, first, last)

    def restore(self, dump: "Dump") -> None:
        """Fill an empty table from a checkpoint; a session gets its key back at its viewer's next request."""
        for who, first, last in zip(dump.who, dump.first, dump.last, strict=True):
            name, interval = (who.viewer, who.channel), Interval(first, last)
            key = self._restored.get(name)
            if key is None:
                key = self._restored[name] = _RESTORED + len(self._restored)
                self._who[key] = who
            else:
                newest = max(interval, known := Interval(self._first[key], self.last[key]))
                self._earlier.setdefault(key, []).append(min(interval, known))
                interval = newest
            self._first[key], self.last[key] = interval


@dataclass(frozen=True, slots=True)
class Dump:
    """The table without its keys: whose session, first and last request."""

    who: list[Who]
    first: "array[float]"
    last: "array[float]"
