"""Grouping of tickets over the API: what belongs to a ticket and why, and what engineers merge and split."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StrictInt, StrictStr

from alerts.desk.alarms import regroup
from alerts.desk.alarms.correlation import reading
from alerts.desk.api.known import only
from alerts.desk.api.tmf_models import Wire
from alerts.desk.tickets import queries
from alerts.desk.tickets.actions import MAX_NOTE, Hand, UnfitError
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.forms import address_of
from alerts.desk.web.session import Actor, Reader, Running

BASE = "/api/v1/tickets"
MOST_LINES = 1000
_READ: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}
_ACT: Responses = _READ | {409: RESPONSES[409]}

router = APIRouter(prefix=BASE, tags=["grouping"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Reason = Annotated[StrictStr, Field("", max_length=MAX_NOTE)]


class MergeIn(Wire):
    """The ticket that is the cause."""

    cause: StrictInt = Field(ge=1, le=2**31 - 1)
    reason: Reason
    version: StrictInt | None = Field(None, description="The version of the ticket that the caller saw.")


class SplitIn(Wire):
    """A problem among a ticket's alarms, or none: then the ticket is taken out of its cause."""

    problem: StrictStr = Field("", max_length=64, description="The `problem` of a gathered alarm; empty: the ticket.")
    reason: Reason
    version: StrictInt | None = Field(None, description="The version of the ticket that the caller saw.")


@router.get("/{number}/grouping", dependencies=[Depends(only("limit", "offset"))], responses=_READ)
def read(
    number: Number,
    runtime: Running,
    _: Reader,
    limit: Annotated[int, Query(ge=0, le=MOST_LINES)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> Response:
    """Return the cause of a ticket, what it has gathered, and why."""
    with runtime.database.read() as connection:
        if queries.find(connection, number) is None:
            return answer(404, "Not Found", f"there is no ticket {number}")
        found = reading.read(connection, number, limit, offset)
    return JSONResponse(_body(found))


@router.post("/{number}/merge", dependencies=[Depends(only())], responses=_ACT)
def merge(number: Number, given: MergeIn, request: Request, runtime: Running, caller: Actor) -> Response:
    """Put a ticket under the one that is its cause."""
    hand = Hand(caller.name, number, given.version)
    address = address_of(request)
    return _do(runtime, number, lambda: regroup.merge(runtime.desk, hand, given.cause, given.reason, address))


@router.post("/{number}/split", dependencies=[Depends(only())], responses=_ACT)
def split(number: Number, given: SplitIn, request: Request, runtime: Running, caller: Actor) -> Response:
    """Take a problem out of a ticket, or the ticket out of its cause."""
    hand = Hand(caller.name, number, given.version)
    address = address_of(request)
    if not given.problem:
        return _do(runtime, number, lambda: regroup.take_out(runtime.desk, hand, given.reason, address))
    return _do(runtime, number, lambda: regroup.split(runtime.desk, hand, given.problem, given.reason, address))


def _do(runtime: Runtime, number: int, action: Callable[[], int | None]) -> Response:
    try:
        shown = action() or number
    except NoSuchTicketError as error:
        return answer(404, "Not Found", str(error))
    except StaleTicketError as error:
        return answer(409, "Conflict", str(error))
    except UnfitError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        return JSONResponse({"ticket": shown, **_body(reading.read(connection, shown, 0))})


def _body(found: reading.Grouping) -> dict[str, object]:
    return {
        "cause": _other(found.cause) if found.cause else None,
        "inferred": dict(found.shared) if found.shared else None,
        "folded": [_other(each) for each in found.folded],
        "total": found.total,
        "kinds": [
            {"alertname": kind.name, "number": kind.number, "firing": kind.firing, "first": kind.first.isoformat()}
            for kind in found.kinds
        ],
        "alarms": [
            {
                "problem": line.key,
                "labels": dict(line.labels),
                "startsAt": line.starts_at.isoformat(),
                "endsAt": line.ends_at.isoformat() if line.ends_at else None,
                "effect": line.effect,
                "why": dict(line.why),
            }
            for line in found.lines
        ],
    }


def _other(each: reading.Other) -> dict[str, object]:
    return {
        "ticket": each.number,
        "name": dict(each.names),
        "status": each.status,
        "openedAt": each.opened_at.isoformat(),
        "why": dict(each.why),
    }
