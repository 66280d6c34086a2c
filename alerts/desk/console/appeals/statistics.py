"""Statistics of appeals: a month by way in, code, region, service or fault; each number leads to its appeals."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from sqlalchemy import Connection

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.appeals import statistics, store
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.statistics import CLOCKS, DIMENSIONS, FIGURES, Case, Group
from alerts.desk.console.appeals.access import Ruling, Seeing, visible
from alerts.desk.web.render import page
from alerts.desk.web.session import Running

HERE = "/appeals/statistics"
SHOWN = 500
COLUMNS = tuple(name for name in FIGURES if not name.startswith("missed_"))
router = APIRouter(include_in_schema=False)
Month = Annotated[str, Query(max_length=7)]
Short = Annotated[str, Query(max_length=64)]


@router.get(HERE)
def shown(
    request: Request, runtime: Running, found: Seeing, rules: Ruling, month: Month = "", by: Short = "entry"
) -> Response:
    """Show the statistics of a month."""
    first = _month(month, runtime.now().astimezone(rules.calendars.zone).date())
    if by not in DIMENSIONS:
        raise HTTPException(404)
    with runtime.database.read() as connection:
        cases = cases_of(connection, rules, found.principal, first)
    return page(
        request,
        "console/appeals/statistics.html",
        found,
        month=first,
        before=statistics.month_before(first),
        after=statistics.month_before(first, -1),
        by=by,
        dimensions=DIMENSIONS,
        columns=COLUMNS,
        clocks=CLOCKS,
        groups=statistics.grouped(cases, by),
        total=statistics.total(cases),
        codes=rules.codes,
        base=HERE,
    )


@router.get(f"{HERE}/appeals")
def behind(
    request: Request, runtime: Running, found: Seeing, rules: Ruling, month: Month, figure: Short, by: Short = "",
    value: Short = "",
) -> Response:  # fmt: skip
    """Show the appeals that a number counts."""
    first = statistics.month_of(month)
    if first is None or figure not in FIGURES or by not in ("", *DIMENSIONS):
        raise HTTPException(404)
    with runtime.database.read() as connection:
        cases = cases_of(connection, rules, found.principal, first)
        numbers = _group(cases, by, value).appeals[figure]
        rows = [row for number in numbers[:SHOWN] if (row := store.find(connection, number)) is not None]
    return page(
        request,
        "console/appeals/counted.html",
        found,
        rows=rows,
        number=len(numbers),
        shown=SHOWN,
        figure=figure,
        month=first,
        by=by or "entry",
        codes=rules.codes,
        base=HERE,
    )


def cases_of(connection: Connection, rules: Rules, who: Principal, month: date) -> list[Case]:
    """Return the appeals of a month that somebody sees."""
    if not who.may(Permission.APPEALS):
        raise HTTPException(403)
    return statistics.read(connection, month, rules.calendars.zone, visible(rules, who))


def _group(cases: list[Case], by: str, value: str) -> Group:
    if not by:
        return statistics.total(cases)
    return next((group for group in statistics.grouped(cases, by) if group.value == value), Group(value))


def _month(text: str, today: date) -> date:
    if not text:
        return today.replace(day=1)
    found = statistics.month_of(text)
    if found is None:
        raise HTTPException(404)
    return found
