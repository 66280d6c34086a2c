"""Exported free months for the agent that reads the billing, and what it found of them. No customer is in either."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field, StrictInt, StrictStr

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.api.appeals import Ruling
from alerts.desk.api.known import only
from alerts.desk.api.tmf_models import Wire
from alerts.desk.appeals import billing_watch
from alerts.desk.appeals.billing_watch import PAGE, Month, Seen
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Needs, Running

AHEAD = timedelta(minutes=5)
"""How far the clock of the agent's machine, or the billing's, may be ahead."""
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}

router = APIRouter(prefix="/billing", tags=["billing"])
Verifier = Annotated[Principal, Depends(Needs(Permission.VERIFY))]


class FoundIn(Wire):
    """One free month."""

    id: StrictInt = Field(ge=1, le=2**31 - 1)
    state: Seen


class ReportIn(Wire):
    """What an agent found, with the billing's rows up to a moment."""

    service: StrictStr
    up_to: AwareDatetime
    free_months: list[FoundIn] = Field(max_length=PAGE)


@router.get("/free-months", responses=_COMMON, dependencies=[Depends(only("service", "after"))])
def listing(
    runtime: Running,
    rules: Ruling,
    _: Verifier,
    service: Annotated[str, Query(min_length=1, max_length=64)],
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """List a page of the exported free months of a service; `next` is the `after` of the following page."""
    now = runtime.now()
    with runtime.database.read() as connection:
        months = billing_watch.listed(connection, rules, service, after, now)
    following = months[-1].id if len(months) == PAGE else None
    body = {"freeMonths": [_body(month) for month in months], "next": following}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.post("/free-months", responses=_COMMON, dependencies=[Depends(only())])
def report(given: ReportIn, runtime: Running, rules: Ruling, _: Verifier) -> Response:
    """Take over what an agent found; what is older than what is known changes nothing."""
    now = runtime.now()
    if given.up_to > now + AHEAD:
        return answer(400, "Bad Request", "upTo lies in the future; set the clocks of agent, billing and desk")
    seen = {each.id: each.state for each in given.free_months}
    credited = billing_watch.take_over(runtime.database, rules, given.service, given.up_to, seen, now)
    return JSONResponse({"credited": credited})


def _body(month: Month) -> dict[str, object]:
    return {"id": month.id, "reference": month.reference, "since": month.since.isoformat()}
