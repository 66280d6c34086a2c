"""Statistics of the appeals of a month: how many, how they ended, how fast they were answered, which terms were missed.

Everything is read from rows and event log, which know no customer, so nothing changes when contacts are deleted. Each
number is the size of a list of appeals, so whoever doubts it can look at them.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from sqlalchemy import ColumnElement, Connection, select

from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.events import Late
from alerts.desk.appeals.log_json import from_json
from alerts.desk.appeals.states import FINAL, Status
from alerts.desk.core.appeal_tables import appeal, appeal_event, compensation
from alerts.desk.tickets.calendars import instant

DIMENSIONS: Mapping[str, Callable[[Appeal], str | None]] = {
    "entry": lambda of: of.entry,
    "code": lambda of: of.code,
    "region": lambda of: of.region,
    "service": lambda of: of.service,
    "fault": lambda of: of.fault,
    "route": lambda of: of.route,
}
CLOCKS = ("answer", "vendor_answer", "branch", "supplier_receipt", "tell", "law", "free_month")
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Case:
    """What statistics need of an appeal."""

    number: int
    groups: Mapping[str, str]  # by dimension
    status: Status
    appealed_at: datetime
    delivered_at: datetime | None
    late: bool
    has_term: bool
    repeats: int
    free_month: str  # its state; empty: none
    verified: bool  # whether the credit of the free month was seen in the billing
    missed: frozenset[str]  # clocks

    @property
    def in_time(self) -> bool:
        """Return whether it was answered, and within its term."""
        return self.delivered_at is not None and self.has_term and not self.late


FIGURES: Mapping[str, Callable[[Case], bool]] = {
    "registered": lambda _: True,
    "open": lambda case: case.status not in FINAL,
    "closed": lambda case: case.status is Status.CLOSED,
    "rejected": lambda case: case.status is Status.REJECTED,
    "cancelled": lambda case: case.status is Status.CANCELLED,
    "answered": lambda case: case.delivered_at is not None,
    "in_time": lambda case: case.in_time,
    "late": lambda case: case.late,
    "repeated": lambda case: case.repeats > 0,
    "free_months": lambda case: case.free_month not in ("", "refused"),
    "credited": lambda case: case.free_month in ("credited", "told"),
    "verified": lambda case: case.verified,
    **{f"missed_{name}": lambda case, name=name: name in case.missed for name in CLOCKS},  # type: ignore[misc]
}


@dataclass(slots=True)
class Group:
    """The appeals that share a code, a region, …, by figure."""

    value: str
    appeals: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in FIGURES})
    resolution: list[float] = field(default_factory=list)  # seconds from the appeal to the delivered answer
    repeats: int = 0

    def add(self, case: Case) -> None:
        """Count an appeal."""
        for name, belongs in FIGURES.items():
            if belongs(case):
                self.appeals[name].append(case.number)
        self.repeats += case.repeats
        if case.delivered_at is not None:
            self.resolution.append((case.delivered_at - case.appealed_at).total_seconds())

    def count(self, figure: str) -> int:
        """Return a figure."""
        return len(self.appeals[figure])

    @property
    def share_in_time(self) -> float | None:
        """Return the share of appeals answered within their term; None where no term has ended yet."""
        ended = self.count("in_time") + self.count("late")
        return self.count("in_time") / ended if ended else None

    def fastest(self, share: float) -> float | None:
        """Return the seconds within which the fastest so-many were answered (nearest rank); None without an answer."""
        if not self.resolution:
            return None
        return sorted(self.resolution)[math.ceil(round(share * len(self.resolution), 9)) - 1]


def month_of(text: str) -> date | None:
    """Return the first day of a month written as 2026-03; None for anything else."""
    found = _MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else None


def month_before(month: date, back: int = 1) -> date:
    """Return the first day of the month so many months earlier."""
    count = month.year * 12 + month.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)


def read(
    connection: Connection, month: date, zone: tzinfo, conditions: Sequence[ColumnElement[bool]] = ()
) -> list[Case]:
    """Return the appeals that were registered in a month."""
    span = (
        appeal.c.registered_at >= instant(month, 0, zone),
        appeal.c.registered_at < instant(month_before(month, -1), 0, zone),
    )
    rows = connection.execute(select(appeal).where(*span, *conditions).order_by(appeal.c.id)).mappings()
    found = [Appeal(row) for row in rows]
    within = select(appeal.c.id).where(*span, *conditions)
    late = (appeal_event.c.kind == "Late", appeal_event.c.appeal_id.in_(within))
    missed: dict[int, set[str]] = defaultdict(set)
    events = select(appeal_event.c.appeal_id, appeal_event.c.kind, appeal_event.c.data).where(*late)
    for number, kind, data in connection.execute(events):
        body = from_json(kind, data)
        if isinstance(body, Late):
            missed[number].add(body.clock)
    months = select(compensation.c.appeal_id, compensation.c.state, compensation.c.verified_at.is_not(None))
    free = {
        number: (state, bool(seen))
        for number, state, seen in connection.execute(months.where(compensation.c.appeal_id.in_(within)))
    }
    return [
        Case(
            number=each.id,
            groups={name: of(each) or "" for name, of in DIMENSIONS.items()},  # an older appeal has no route
            status=each.status,
            appealed_at=each.appealed_at,
            delivered_at=each.delivered_at,
            late=each.late,
            has_term=each.has_answer_term,
            repeats=each.repeats,
            free_month=free.get(each.id, ("", False))[0],
            verified=free.get(each.id, ("", False))[1],
            missed=frozenset(missed[each.id]),
        )
        for each in found
    ]


def grouped(cases: Iterable[Case], dimension: str) -> list[Group]:
    """Return the groups of a dimension, the largest first."""
    groups: dict[str, Group] = {}
    for case in cases:
        value = case.groups[dimension]
        groups.setdefault(value, Group(value)).add(case)
    return sorted(groups.values(), key=lambda group: (-group.count("registered"), group.value))


def total(cases: Iterable[Case]) -> Group:
    """Return all appeals as one group."""
    result = Group("")
    for case in cases:
        result.add(case)
    return result
