"""What became of tickets, in numbers: pure, from each ticket's event log by the contract's clocks.

A ticket belongs to the local month in which it was opened and has exactly one outcome, so the parts add up. What a
report means by each word is in docs/console.md and on the page itself; the two are to stay alike.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import fmean
from typing import NamedTuple, TypeVar

from alerts.desk.core.settings import PRIORITIES
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets import spans
from alerts.desk.tickets.calendars import Calendar
from alerts.desk.tickets.events import Event, HandedOver, StatusChanged, Taken
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.severities import SEVERITIES
from alerts.desk.tickets.spans import Span
from alerts.desk.tickets.states import Status

MAX_NAMES = 100  # sites or vendors of a table; the smallest beyond that are added up
OTHERS = "\0others"
"""The name under which a table adds up what it has no line for; no site or vendor can be called so."""

_RESTORED = (Status.RESOLVED, Status.CLOSED)
_WITHDRAWN = (Status.REJECTED, Status.CANCELLED)


class Outcome(StrEnum):
    """What became of a ticket; each has exactly one."""

    IN_TIME = "in_time"  # resolved or closed, the restore target kept
    BREACHED = "breached"  # the restore target missed, whatever happened before or after
    WITHDRAWN = "withdrawn"  # rejected or cancelled before the target was missed
    OPEN = "open"  # none of these yet


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket as stored."""

    number: int
    opened_at: datetime
    status: Status
    priority: str
    severity: str
    site: str
    node: str
    names: str  # the title by language, as JSON: few reports need it


@dataclass(frozen=True, slots=True)
class Stay:
    """A ticket at one vendor; several stays there add up."""

    vendor: str
    used: float | None  # working seconds of the vendor's calendar; None: no contract in the settings
    late: bool  # the vendor's own restore target missed
    accepted_late: bool  # the latest hand-over accepted after its target, or unanswered beyond it


@dataclass(frozen=True, slots=True)
class Fact:
    """What a report says of one ticket. Times are working seconds of the contract's calendar, except `elapsed`."""

    case: Case
    month: date
    outcome: Outcome
    acknowledged: float | None  # None: nobody took it, or it recovered first
    acknowledged_late: bool
    restored: float | None  # the restore clock of a ticket that is restored
    elapsed: float | None  # plain seconds from the opening to the latest restoration, pauses included
    stays: tuple[Stay, ...]


def fact(case: Case, events: Sequence[Event], policy: Policy, now: datetime) -> Fact:
    """Return what a report says of one ticket as of `now`."""
    target = policy.targets[case.priority]
    life = clock.intervals(events)
    unseen = clock.unseen(life, events)
    start, end = unseen[0]
    taken = any(isinstance(e.body, (Taken, HandedOver)) and max(e.at, start) == end for e in events)
    # What was used is told from the opening; whether a target is missed, by the targets that bind.
    acknowledged = spans.used(unseen, target.calendar, now)
    used = spans.used(clock.down(life, events, policy), target.calendar, now)
    clocks = clock.of_ncc(events, case.priority, policy, now)
    acknowledge, restore = clocks["acknowledge"], clocks["restore"]
    restored = case.status in _RESTORED
    local = case.opened_at.astimezone(policy.zone)
    resolved = [e.at for e in events if isinstance(e.body, StatusChanged) and e.body.new is Status.RESOLVED]
    vendors = dict.fromkeys(e.body.vendor for e in events if isinstance(e.body, HandedOver))
    return Fact(
        case=case,
        month=date(local.year, local.month, 1),
        outcome=_outcome(case.status, missed=restore.breached),
        acknowledged=acknowledged if taken else None,
        acknowledged_late=acknowledge.breached,
        restored=used if restored else None,
        elapsed=max(0.0, (resolved[-1] - case.opened_at).total_seconds()) if restored and resolved else None,
        stays=tuple([_stay(name, events, policy, now) for name in vendors]),
    )


class _Reading(NamedTuple):
    """A clock, as far as reports read it."""

    used: float
    missed: bool


def _reading(found: Sequence[Span], target: float, calendar: Calendar, now: datetime) -> _Reading:
    used = spans.used(found, calendar, now)
    return _Reading(used, spans.missed(used, target, running=spans.running(found)))


def _outcome(status: Status, *, missed: bool) -> Outcome:
    if missed:
        return Outcome.BREACHED
    if status in _RESTORED:
        return Outcome.IN_TIME
    return Outcome.WITHDRAWN if status in _WITHDRAWN else Outcome.OPEN


def _stay(name: str, events: Sequence[Event], policy: Policy, now: datetime) -> Stay:
    vendor = policy.vendors.get(name)
    if vendor is None:
        return Stay(name, None, late=False, accepted_late=False)
    accepting, working = clock.at_vendor(events, vendor)
    accept = _reading(accepting, vendor.accept, vendor.calendar, now)
    work = _reading(working, vendor.restore, vendor.calendar, now)
    return Stay(name, work.used, work.missed, accept.missed)


class Times(NamedTuple):
    """Durations of some tickets in seconds; None where there is no ticket."""

    tickets: int
    mean: float | None
    median: float | None
    percentile_90: float | None


def times(values: Iterable[float | None]) -> Times:
    """Return mean, median and 90th percentile of the known values.

    The percentile is the nearest rank: the least value that is not exceeded by nine of ten tickets.
    """
    known = sorted(value for value in values if value is not None)
    if not known:
        return Times(0, None, None, None)
    middle = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    return Times(len(known), fmean(known), middle, known[math.ceil(len(known) * 9 / 10) - 1])


@dataclass(frozen=True, slots=True)
class Figures:
    """A line of a table; `opened` is the sum of the four outcomes."""

    opened: int
    outcomes: Mapping[Outcome, int]
    acknowledged_late: int
    acknowledge: Times
    restore: Times
    elapsed: Times

    @property
    def share(self) -> float | None:
        """Return the share restored in time of those that were either; None where none was."""
        judged = self.outcomes[Outcome.IN_TIME] + self.outcomes[Outcome.BREACHED]
        return self.outcomes[Outcome.IN_TIME] / judged if judged else None


def figures(facts: Sequence[Fact]) -> Figures:
    """Return the figures of some tickets."""
    outcomes = dict.fromkeys(Outcome, 0)
    for each in facts:
        outcomes[each.outcome] += 1
    return Figures(
        opened=len(facts),
        outcomes=outcomes,
        acknowledged_late=sum(each.acknowledged_late for each in facts),
        acknowledge=times(each.acknowledged for each in facts),
        restore=times(each.restored for each in facts),
        elapsed=times(each.elapsed for each in facts),
    )


@dataclass(frozen=True, slots=True)
class VendorFigures:
    """How one vendor kept its contract."""

    handed_over: int
    accepted_late: int
    late: int
    work: Times


@dataclass(frozen=True, slots=True)
class Report:
    """A period's tickets; a table has its names in the order in which they are shown."""

    made: datetime
    facts: Sequence[Fact]
    total: Figures
    months: Mapping[str, Figures]
    sites: Mapping[str, Figures]
    vendors: Mapping[str, Figures]
    priorities: Mapping[str, Figures]
    severities: Mapping[str, Figures]
    contracts: Mapping[str, VendorFigures]


def report(cases: Iterable[tuple[Case, Sequence[Event]]], policy: Policy, now: datetime) -> Report:
    """Return the report of some tickets as of `now`."""
    facts = [fact(case, events, policy, now) for case, events in cases]
    return Report(
        made=now,
        facts=facts,
        total=figures(facts),
        months=_table((each.month.isoformat()[:7], each) for each in facts),
        sites=_table((each.case.site, each) for each in facts),
        # A ticket counts once for each vendor that had it; "" is none.
        vendors=_table((name, each) for each in facts for name in [stay.vendor for stay in each.stays] or [""]),
        priorities=_ordered(((each.case.priority, each) for each in facts), PRIORITIES),
        severities=_ordered(((each.case.severity, each) for each in facts), SEVERITIES),
        contracts={
            name: _contract(found)
            for name, found in _largest((stay.vendor, stay) for each in facts for stay in each.stays).items()
        },
    )


T = TypeVar("T")


def _table(named: Iterable[tuple[str, Fact]]) -> dict[str, Figures]:
    return {name: figures(found) for name, found in _largest(named).items()}


def _ordered(named: Iterable[tuple[str, Fact]], order: Sequence[str]) -> dict[str, Figures]:
    found = _table(named)
    return {name: found[name] for name in order if name in found}


def _largest(named: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    """Return what belongs to each name, by name; with too many names the smallest together, last."""
    groups: dict[str, list[T]] = defaultdict(list)
    for name, each in named:
        groups[name].append(each)
    kept = sorted(groups, key=lambda name: (-len(groups[name]), name))[:MAX_NAMES]
    result = {name: groups[name] for name in sorted(kept)}
    rest = [each for name in groups.keys() - result.keys() for each in groups[name]]
    return result | ({OTHERS: rest} if rest else {})


def _contract(stays: Sequence[Stay]) -> VendorFigures:
    return VendorFigures(
        handed_over=len(stays),
        accepted_late=sum(stay.accepted_late for stay in stays),
        late=sum(stay.late for stay in stays),
        work=times(stay.used for stay in stays),
    )
