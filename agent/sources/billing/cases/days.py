"""The days of a case as a table inside its queries: their moments are worked out here, as for every check."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from agent.sources.billing.calendar import DAY, anchors
from agent.sources.billing.cases.case import Case
from agent.sources.billing.moves import WHOLE_DAY, Moves
from agent.sources.billing.reading import Asking, Value
from agent.sources.billing.settings import BillingSettings

_PLACES = {"day": "CAST(:{} AS DATE)"}


class Days(NamedTuple):
    """The SELECT that gives the days, and the values of its places."""

    sql: str
    values: dict[str, Value]


def first_day(case: Case, settings: BillingSettings, asking: Asking) -> date:
    """Return the day on which the fault began, or the earliest on which it may have."""
    if case.since is not None:
        return asking.calendar.day(case.since)
    return asking.calendar.day(case.opened) - DAY * (settings.history - 1)


def days_of(case: Case, settings: BillingSettings, asking: Asking) -> Days:
    """Return the days from the beginning of the fault until it was contained."""
    first = first_day(case, settings, asking)
    end = asking.now if case.until is None else min(asking.now, case.until)
    last = max(first, asking.calendar.day(end))
    # A fault that nobody contains for months is not counted further: its first 31 days are named by then.
    days = [first + DAY * number for number in range(min((last - first).days + 1, 31))]
    values: dict[str, Value] = {}
    rows = []
    for number, day in enumerate(days):
        row = _row(day, number, settings, asking, end)
        places = {name: f"day{number}_{name}" for name in row}
        values |= {places[name]: value for name, value in row.items()}
        columns = (f"{_PLACES.get(name, ':{}').format(place)} AS {name}" for name, place in places.items())
        rows.append(f"SELECT {', '.join(columns)}")
    return Days(f"({' UNION ALL '.join(rows)})", values)


def _row(day: date, number: int, settings: BillingSettings, asking: Asking, end: datetime) -> dict[str, Value]:
    calendar, grace = asking.calendar, timedelta(seconds=settings.grace)
    start, finish = calendar.at(day), calendar.at(day + DAY)
    moves = Moves(settings, calendar)
    due = moves.due_by(day)
    anchor, last_anchor = anchors(day)
    local = end.astimezone(calendar.zone)
    return {
        "day": day,
        "start": start,
        "finish": finish,
        "timely": due + grace,
        "graced_seconds": moves.seconds_due(day, asking.now - grace),
        "timely_seconds": moves.timely(day, settings.grace),
        "number": number,
        "anchor": anchor,
        "last_anchor": last_anchor,
        "late": int(asking.now >= due + grace),
        "old": int(day < calendar.day(asking.now)),
        "until_seconds": WHOLE_DAY if finish <= end else local.hour * 3600 + local.minute * 60 + local.second,
    }
