"""The table of sessions: one viewer identity on one channel, by the times of its media requests.

A session is the longest run of requests with no gap longer than the idle timeout. Lines may come late, so an ended
session stays known for the lateness that is allowed: a late request can still lengthen it, or join it with the next
one.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

VIEWER_BYTES = 8


class Who(NamedTuple):
    """Whose session it is. `viewer` is a keyed hash of the identity."""

    viewer: bytes
    channel: str
    protocol: str


class Interval(NamedTuple):
    """The first and the last request of a session; it is active from `first` until before `last` + idle timeout."""

    first: float
    last: float


Place = tuple[str, str]
"""Channel and protocol."""


class Session:
    """The newest session of a viewer on a channel. After it was forgotten `last` is before all time."""

    __slots__ = ("first", "last", "place", "viewer")

    def __init__(self, viewer: bytes, place: Place, interval: Interval) -> None:
        self.viewer, self.place = viewer, place
        self.first, self.last = interval

    @property
    def who(self) -> Who:
        """Whose it is."""
        return Who(self.viewer, *self.place)


EXPIRED = float("-inf")
_place, _viewer = attrgetter("place"), attrgetter("viewer")


@dataclass(frozen=True, slots=True)
class Activity:
    """The sessions active at one moment."""

    sessions: dict[tuple[str, str], int]  # by (channel, protocol)
    viewers: int

    @property
    def total(self) -> int:
        """All sessions."""
        return sum(self.sessions.values())


OnExpired = Callable[[Who, Interval], None]

# Keys of sessions taken from a checkpoint lie outside what hash() gives, until their viewer's next request.
_RESTORED = 1 << 64


class SessionTable:
    """Sessions by key; the key of a session is the engine's choice and means nothing after a restart."""

    def __init__(self, idle_timeout: float, expired: OnExpired | None = None) -> None:
        self.idle_timeout = idle_timeout
        self.by_key: dict[int, Session] = {}
        self.started = 0  # sessions that began; a join takes one back
        # Earlier sessions of a key that a late line may still reach.
        self._earlier: dict[Session, list[Interval]] = {}
        self._restored: dict[tuple[bytes, str], int] = {}
        self._places: dict[Place, Place] = {}  # one object each, however many sessions have it
        self._on_expired = expired

    def __len__(self) -> int:
        return len(self.by_key)

    def begin(self, key: int, moment: float, who: Who) -> Session:
        """Enter the first request of a key that the table does not hold."""
        known = self._restored.pop((who.viewer, who.channel), None) if self._restored else None
        if known is not None:
            session = self.by_key[key] = self.by_key.pop(known)
            self.touch(session, moment)
            return session
        session = self.by_key[key] = Session(who.viewer, self._place(who), Interval(moment, moment))
        self.started += 1
        return session

    def _place(self, who: Who) -> Place:
        place = (who.channel, who.protocol)
        return self._places.setdefault(place, place)

    def touch(self, session: Session, moment: float) -> None:
        """Enter a request of a known session, wherever in time it lies.

        The engine itself advances `last` where the request continues the session, which is nearly always.
        """
        idle, first, last = self.idle_timeout, session.first, session.last
        if first <= moment <= last:
            return
        if moment > last + idle and session not in self._earlier:
            self._earlier[session] = [Interval(first, last)]
            session.first = session.last = moment
            self.started += 1
            return
        near, far = Interval(moment, moment), []
        joined = 0
        for interval in (*self._earlier.pop(session, ()), Interval(first, last)):
            if interval.first - idle <= moment <= interval.last + idle:
                near = Interval(min(near.first, interval.first), max(near.last, interval.last))
                joined += 1
            else:
                far.append(interval)
        self.started += 1 - joined
        *earlier, newest = sorted([*far, near])
        session.first, session.last = newest
        if earlier:
            self._earlier[session] = earlier

    def expire(self, moment: float) -> None:
        """Forget the sessions that ended before `moment`: no line can reach them any more."""
        horizon = moment - self.idle_timeout
        self._places.clear()  # channels are named by requests: what is kept of them must be bounded
        for session, intervals in list(self._earlier.items()):
            kept = [interval for interval in intervals if interval.last >= horizon]
            if self._on_expired is not None:
                for interval in intervals:
                    if interval.last < horizon:
                        self._on_expired(session.who, interval)
            if kept:
                self._earlier[session] = kept
            else:
                del self._earlier[session]
        for key in [key for key, session in self.by_key.items() if session.last < horizon]:
            session = self.by_key.pop(key)
            if self._on_expired is not None:
                self._on_expired(session.who, Interval(session.first, session.last))
            session.last = EXPIRED
        if self._restored:
            self._restored = {name: key for name, key in self._restored.items() if key in self.by_key}

    def active(self, moment: float) -> Activity:
        """Return the sessions whose latest request lies in (moment - idle timeout, moment]."""
        horizon = moment - self.idle_timeout
        # The order of the questions spares most sessions a look at their first request: memory is what it costs.
        active = [
            one for one in self.by_key.values() if one.last > horizon and (one.last <= moment or one.first <= moment)
        ]
        for session, intervals in self._earlier.items():
            # Reached only by a moment before the newest request of the viewer on this channel.
            if session.first > moment and any(one.first <= moment and one.last > horizon for one in intervals):
                active.append(session)
        return Activity(Counter(map(_place, active)), len(set(map(_viewer, active))))

    def dump(self) -> "Dump":
        """Return the whole table for a checkpoint."""
        sessions = list(self.by_key.values())
        first, last = array("d", [one.first for one in sessions]), array("d", [one.last for one in sessions])
        for session, intervals in self._earlier.items():
            sessions.extend([session] * len(intervals))
            first.extend(interval.first for interval in intervals)
            last.extend(interval.last for interval in intervals)
        names = {place: index for index, place in enumerate(dict.fromkeys(map(_place, sessions)))}
        indices = array("I", map(names.__getitem__, map(_place, sessions)))
        return Dump(b"".join(map(_viewer, sessions)), list(names), indices, first, last)

    def restore(self, dump: "Dump") -> None:
        """Fill an empty table from a checkpoint; a session gets its key back at its viewer's next request."""
        for who, first, last in dump.rows():
            name, interval = (who.viewer, who.channel), Interval(first, last)
            key = self._restored.setdefault(name, _RESTORED + len(self._restored))
            session = self.by_key.get(key)
            if session is None:
                self.by_key[key] = Session(who.viewer, self._place(who), interval)
                continue
            older, newest = sorted([interval, Interval(session.first, session.last)])
            self._earlier.setdefault(session, []).append(older)
            session.first, session.last = newest


@dataclass(frozen=True, slots=True)
class Dump:
    """The table without its keys, as columns: a hundred thousand rows are stored while lines wait."""

    viewers: bytes  # VIEWER_BYTES each
    names: list[Place]
    indices: "array[int]"  # into names
    first: "array[float]"
    last: "array[float]"

    def rows(self) -> Iterator[tuple[Who, float, float]]:
        """Yield whose session, first and last request."""
        for row, (index, first, last) in enumerate(zip(self.indices, self.first, self.last, strict=True)):
            viewer = self.viewers[row * VIEWER_BYTES : (row + 1) * VIEWER_BYTES]
            if len(viewer) < VIEWER_BYTES:
                raise ValueError("the table is cut short")
            yield Who(viewer, *self.names[index]), first, last
