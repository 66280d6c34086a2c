"""Statistics of appeals over the API: the numbers of a month, and the appeals behind each."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic.alias_generators import to_camel

from alerts.desk.api.appeals import BASE, Ruling, Seer
from alerts.desk.api.known import only
from alerts.desk.appeals import statistics
from alerts.desk.appeals.statistics import DIMENSIONS, FIGURES, Group
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Running

_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}
router = APIRouter(prefix=f"{BASE}/statistics", tags=["appeals"], dependencies=[Depends(only("month", "by"))])


@router.get("", responses=_COMMON)
def read(
    runtime: Running,
    rules: Ruling,
    _: Seer,
    month: Annotated[str, Query(description="Of the registration, for example 2026-03.")],
    by: Annotated[str, Query(description=", ".join(DIMENSIONS))] = "entry",
) -> Response:
    """Read the statistics of a month; `appeals` has the numbers of the appeals that each figure counts."""
    first = statistics.month_of(month)
    if first is None:
        return answer(400, "Bad Request", f'month: "{month[:20]}" is no month; write for example 2026-03')
    if by not in DIMENSIONS:
        return answer(400, "Bad Request", f'by: "{by[:40]}" is none of {", ".join(DIMENSIONS)}')
    with runtime.database.read() as connection:
        cases = statistics.read(connection, first, rules.calendars.zone)
    groups = [_body(group) for group in statistics.grouped(cases, by)]
    return JSONResponse(_head(first, by) | {"total": _body(statistics.total(cases)), "groups": groups})


def _head(month: date, by: str) -> dict[str, object]:
    return {"month": f"{month:%Y-%m}", "by": by}


def _body(group: Group) -> dict[str, object]:
    return {
        "value": group.value,
        **{to_camel(name): group.count(name) for name in FIGURES},
        "repeats": group.repeats,
        "shareInTime": group.share_in_time,
        "fastest80Seconds": group.fastest(0.8),
        "fastest95Seconds": group.fastest(0.95),
        "appeals": {to_camel(name): numbers for name, numbers in group.appeals.items()},
    }
