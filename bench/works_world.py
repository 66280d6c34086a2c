"""Planned works and alarms in a seeded world, and when a ticket has to open: reckoned apart from the desk.

Works of each group share a platform and days around a change of clocks. Some recur, overlap, are extended while they
run, are finished early or cancelled; alarms begin before, in and after their windows, in scope and out of it.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.desk.works.works import Scope, Works

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SPAN = 3 * DAY
# A zone and a local day on which its clocks change, both ways and by half an hour; and zones in which they do not.
CHANGES = tuple((zone, datetime.fromisoformat(day)) for zone, day in (
    ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"), ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"), ("Australia/Lord_Howe", "2026-10-04"),
    ("Asia/Almaty", "2026-05-12"), ("UTC", "2026-12-31"),
))  # fmt: skip
RULES = (("", 0), ("", 0), ("FREQ=DAILY", 1), ("FREQ=DAILY;INTERVAL=2", 2), ("FREQ=WEEKLY", 7))


@dataclass(slots=True)
class Planned:
    """Works with their windows as they are known at a moment."""

    works: Works
    every: int  # days between windows; 0: once
    number: int = 0  # in the desk
    until: dict[datetime, datetime] = field(default_factory=dict)  # by begin of a window: its end, when it was changed
    cancelled: datetime | None = None

    def windows(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield the windows of the world's days."""
        begins, lasts = self.works.starts, self.works.ends - self.works.starts
        for turn in range(SPAN.days + 2) if self.every else (0,):
            wall = begins + turn * self.every * DAY
            start, end = instant(wall, self.works.time_zone), instant(wall + lasts, self.works.time_zone)
            yield start, self.until.get(start, max(start, end))

    def covers(self, began: datetime, now: datetime) -> bool:
        """Return whether an alarm in scope that began then is the works' now."""
        if self.cancelled is not None and now >= self.cancelled:
            return False
        return any(start <= now < end and start <= began for start, end in self.windows())

    def running(self, now: datetime) -> tuple[datetime, datetime] | None:
        """Return the window that runs."""
        return next(((start, end) for start, end in self.windows() if start <= now < end), None)


@dataclass(slots=True)
class Fault:
    """An alarm of a node of its own, and what is expected of it."""

    node: str
    scope: str  # whose scope it is in; empty: nobody's
    begin: datetime
    end: datetime
    ticket: datetime | None = None  # when it has to open


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does to works at a moment: extend, finish or cancel."""

    at: datetime
    what: str
    planned: Planned


@dataclass(slots=True)
class World:
    """Works, alarms and acts of a few days."""

    planned: list[Planned]
    faults: list[Fault]
    acts: list[Act]
    start: datetime

    @property
    def windows(self) -> int:
        """Return how many windows take place."""
        end = self.start + SPAN
        return sum(start < end and stop > self.start for one in self.planned for start, stop in one.windows())


def instant(wall: datetime, zone: str) -> datetime:
    """Return when a clock on the wall first shows a time; where it is skipped, by the offset of before (RFC 5545)."""
    guess = wall.replace(tzinfo=UTC)
    place = ZoneInfo(zone)
    offsets = {(guess + hours * timedelta(hours=1)).astimezone(place).utcoffset() or timedelta() for hours in (-26, 26)}
    shown = [guess - offset for offset in offsets if (guess - offset).astimezone(place).replace(tzinfo=None) == wall]
    before = (guess - timedelta(hours=26)).astimezone(place).utcoffset() or timedelta()
    return min(shown, default=guess - before)


def later(end: datetime, zone: str) -> datetime:
    """Return when a clock on the wall shows an hour more, for the first time: so engineers tell a new end."""
    return instant(end.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(hours=1), zone)


def build(dice: random.Random, count: int) -> World:
    """Return a world with so many works."""
    zone, day = dice.choice(CHANGES)
    start = instant(day - DAY, zone)
    planned: list[Planned] = []
    for number in range(count):
        here = zone if dice.random() < 0.7 else dice.choice(CHANGES)[0]
        begins = day - DAY + timedelta(minutes=dice.randrange(0, 2 * 24 * 60))
        if dice.random() < 0.3:
            begins = day + timedelta(hours=dice.choice((0, 1, 2, 3)), minutes=dice.choice((0, 30)))
        rule, every = dice.choice(RULES)
        lasts = timedelta(minutes=dice.choice((20, 60, 90, 240, 480)))
        same = number and dice.random() < 0.25  # overlaps the works before it
        scope = planned[-1].works.scope if same else Scope(elements=(f"n{number}-*",))
        if same:
            begins = planned[-1].works.starts + timedelta(minutes=dice.randrange(0, 60))
        works = Works(f"works {number}", scope, begins, begins + lasts, here, rule, approver="chief")
        planned.append(Planned(works, every))
    acts = [act for one in planned if (act := _act(dice, one)) is not None]
    faults = [fault for one in planned for fault in _faults(dice, one, start)]
    return World(planned, faults, sorted(acts, key=lambda act: act.at), start)


def _act(dice: random.Random, one: Planned) -> Act | None:
    start, end = next(one.windows())
    if end <= start or dice.random() < 0.5:
        return None
    what = dice.choice(("extend", "finish", "cancel"))
    return Act(_between(dice, start + MINUTE, end - MINUTE), what, one)


def _faults(dice: random.Random, one: Planned, first: datetime) -> Iterator[Fault]:
    pattern = one.works.scope.elements[0].removesuffix("*")
    for number, (start, end) in enumerate(one.windows()):
        if start < first or start > first + SPAN:
            continue
        for place in range(3):
            begin = dice.choice((
                start - dice.randrange(1, 30) * MINUTE,
                *(_between(dice, start, max(start, end - MINUTE)) for _ in range(3)),
                end - MINUTE,
                start,
                end + dice.randrange(0, 5) * MINUTE,
            ))  # fmt: skip
            lasts = dice.choice((2, 5, 30, 300, 900)) * MINUTE
            inside = dice.random() < 0.8
            name = f"{pattern if inside else 'other-'}{one.works.title.removeprefix('works ')}-{number}-{place}"
            yield Fault(name, one.works.scope.elements[0] if inside else "", begin, begin + lasts)


def _between(dice: random.Random, start: datetime, end: datetime) -> datetime:
    return start + timedelta(seconds=dice.randrange(0, max(1, int((end - start).total_seconds()))))


def happens(act: Act, at: datetime) -> Planned | None:
    """Let an act happen in the reckoning; return the works, or None where no window runs any more."""
    one = act.planned
    window = one.running(at)
    if one.cancelled is not None or window is None:
        return None
    if act.what == "cancel":
        one.cancelled = at
        one.works = replace(one.works, cancelled_at=at)
    else:
        one.until[window[0]] = at if act.what == "finish" else later(window[1], one.works.time_zone)
    return one


def expect(world: World, now: datetime) -> None:
    """Note which tickets have to open by now."""
    for fault in world.faults:
        if fault.ticket is None and fault.begin <= now < fault.end and not _covered(world.planned, fault, now):
            fault.ticket = now


def _covered(planned: Iterable[Planned], fault: Fault, now: datetime) -> bool:
    return any(
        one.covers(fault.begin, now) for one in planned if fault.scope and one.works.scope.elements == (fault.scope,)
    )


def moments(world: World) -> Sequence[datetime]:
    """Return when something happens: alarms, acts, and ends of windows, each with the second before it."""
    found = {moment for fault in world.faults for moment in (fault.begin, fault.end)}
    found |= {act.at for act in world.acts}
    for one in world.planned:
        for start, end in one.windows():
            found |= {end, end - timedelta(seconds=1), later(end, one.works.time_zone), start}
    last = max((fault.end for fault in world.faults), default=world.start) + timedelta(hours=2)
    return sorted(moment for moment in found if moment <= last)
