"""The spans of clocks, worked out once for all logs that say the same in the same order.

Until its spans stand, a clock only compares moments and picks among them (`clock.py`). So two tickets whose events say
the same, and whose moments stand in the same order, differ in the moments alone. A year's tickets have some dozens of
such courses, and a report of them needs the rules of the contract so many times, not once a ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.events import Event, Kind
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.sla import Span
from alerts.desk.tickets.ticket import Status

MOST = 2000  # engineers write reasons: logs may all differ, and what is kept must not grow with them
_START = datetime(2000, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=1)

Place = int
"""A moment, by its place among the log's moments in order of time."""
Between = tuple[Place, Place | None]


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What an event says. Known by identity: who reads logs makes one for all events that say the same."""

    kind: Kind
    data: dict[str, Any]


OPENED = Said(Kind.OPENED, {})


class Log(NamedTuple):
    """A ticket's events, as they were written; the opening is the first."""

    said: tuple[Said, ...]
    at: tuple[datetime, ...]


class AtVendor(NamedTuple):
    """What the clocks of one vendor run between; nothing where it has no contract in the settings."""

    name: str
    accept: tuple[Between, ...] = ()
    work: tuple[Between, ...] = ()


class Course(NamedTuple):
    """What the clocks of a log run between."""

    acknowledge: tuple[Between, ...]
    taken: bool  # whether a person ended the acknowledge clock, and not the recovery
    restore: tuple[Between, ...]
    resolved: Place | None  # the latest resolution
    vendors: tuple[AtVendor, ...]  # in the order in which they first had the ticket


class Courses:
    """The courses under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[tuple[tuple[Said, ...], tuple[Place, ...]], Course] = {}

    def of(self, log: Log) -> tuple[Course, list[datetime]]:
        """Return a log's course, and the moments that its places name."""
        moments = sorted(set(log.at))
        places = {moment: place for place, moment in enumerate(moments)}
        key = (log.said, tuple([places[at] for at in log.at]))
        course = self._known.get(key)
        if course is None:
            if len(self._known) >= MOST:
                self._known.clear()
            course = self._known[key] = _course(*key, self._policy)
        return course, moments


def spans(between: Sequence[Between], moments: Sequence[datetime]) -> list[Span]:
    """Return the spans of one log."""
    return [(moments[start], None if end is None else moments[end]) for start, end in between]


def _course(said: Sequence[Said], places: Sequence[Place], policy: Policy) -> Course:
    """Run the clocks' own rules over moments that say nothing but their order."""
    events = [Event(_START + place * _STEP, each.kind, "", each.data) for each, place in zip(said, places, strict=True)]
    life = clock.intervals(events)
    acknowledge = clock.unseen(life, events)
    start, end = acknowledge[0]
    resolved = [each.at for each in events if each.kind is Kind.STATUS and each.data["to"] == Status.RESOLVED]
    names = dict.fromkeys(str(each.data["vendor"]) for each in events if each.kind is Kind.HANDED_OVER)
    return Course(
        acknowledge=_between(acknowledge),
        taken=any(each.kind in (Kind.TAKEN, Kind.HANDED_OVER) and max(each.at, start) == end for each in events),
        restore=_between(clock.down(life, events, policy)),
        resolved=_place(resolved[-1]) if resolved else None,
        vendors=tuple(_at_vendor(name, events, policy) for name in names),
    )


def _at_vendor(name: str, events: Sequence[Event], policy: Policy) -> AtVendor:
    vendor = policy.vendors.get(name)
    return AtVendor(name, *map(_between, clock.at_vendor(events, vendor))) if vendor else AtVendor(name)


def _between(found: Sequence[Span]) -> tuple[Between, ...]:
    return tuple((_place(start), None if end is None else _place(end)) for start, end in found)


def _place(moment: datetime) -> Place:
    return (moment - _START) // _STEP
