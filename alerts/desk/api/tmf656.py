"""TMF656 Service Problem Management v5, to be read: `/tmf-api/serviceProblemManagement/v5`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from alerts.desk.api import tmf_list
from alerts.desk.api.known import once, only
from alerts.desk.api.tmf_list import Fields, Limit, Offset, Sort
from alerts.desk.tickets import queries, service_problems
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import ticket_number
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.tmf621 import select_fields
from alerts.desk.tickets.tmf656 import (
    ATTRIBUTES,
    BASE,
    GROUP,
    PATHS,
    PROBLEM,
    TAKEN,
    UNGROUP,
    acknowledgement_body,
    body,
    group_body,
)
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Reader, Running

T = TypeVar("T")
FILTERS = frozenset({"id", "status", "priority", "creationDate", "lastUpdate", "statusChangeDate", "resolutionDate"})
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 503)}
_ONE: Responses = _COMMON | {404: RESPONSES[404]}
_READERS: dict[str, Callable[..., tuple[int, list[dict[str, object]]]]] = {
    GROUP: lambda *page: _shown(service_problems.groups(*page), partial(group_body, GROUP)),
    UNGROUP: lambda *page: _shown(service_problems.ungrouped(*page), partial(group_body, UNGROUP)),
    TAKEN: lambda *page: _shown(service_problems.acknowledged(*page), acknowledgement_body),
}

router = APIRouter(prefix=BASE, tags=["serviceProblem"])


@router.get("/serviceProblem", responses=_COMMON)
def list_problems(
    request: Request,
    runtime: Running,
    _: Reader,
    fields: Fields = None,
    offset: Offset = 0,
    limit: Limit = 100,
    sort: Sort = None,
) -> Response:
    """List service problems, filtered by the attributes that the query names."""
    try:
        pairs = request.query_params.multi_items()
        once((name for name, _ in pairs), tmf_list.RESERVED)
        tmf_list.check_fields(fields, ATTRIBUTES[PROBLEM])
        wanted = tmf_list.TICKETS.conditions(_translated(pairs))
        order = tmf_list.TICKETS.order(_sorted(sort))
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        total, found = queries.page(connection, wanted, order, limit, offset)
        shown = _bodies(connection, runtime, found)
    return tmf_list.listed(shown, fields, total)


@router.get("/serviceProblem/{number}", dependencies=[Depends(only("fields"))], responses=_ONE)
def read_problem(number: str, runtime: Running, _: Reader, fields: Fields = None) -> Response:
    """Read one service problem."""
    try:
        tmf_list.check_fields(fields, ATTRIBUTES[PROBLEM])
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        found = queries.some(connection, [ticket_number(number)])
        shown = _bodies(connection, runtime, found)
    if not shown:
        return answer(404, "Not Found", f"there is no service problem {number[:100]}")
    return JSONResponse(select_fields(shown[0], fields))


def _bodies(connection: Connection, runtime: Runtime, tickets: Sequence[Ticket]) -> list[dict[str, object]]:
    numbers = [ticket.id for ticket in tickets]
    events, found = queries.timeline(connection, numbers), service_problems.contexts(connection, numbers)
    language = runtime.settings.language
    return [body(ticket, events[ticket.id], found[ticket.id], language) for ticket in tickets]


def _translated(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the query in the words of tickets; raise ValueError for an attribute that cannot be filtered by."""
    result = []
    for name, text in pairs:
        attribute = name.rpartition(".")[0] or name
        if name not in tmf_list.RESERVED and attribute not in FILTERS and name not in FILTERS:
            raise ValueError(f'cannot filter by "{name[:100]}"; known: {", ".join(sorted(FILTERS))}')
        result.append((name, _priority(text) if attribute == "priority" else text))
    return result


def _priority(text: str) -> str:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f'priority: "{text[:100]}" is no number; 1 is the highest')
    return ",".join(f"P{part}" for part in parts)


def _sorted(sort: str | None) -> str | None:
    for name in (sort or "").split(","):
        if name and name.lstrip("+-") not in FILTERS:
            raise ValueError(f'cannot sort by "{name[:100]}"; known: {", ".join(sorted(FILTERS))}')
    return sort


def _shown(page: tuple[int, list[T]], show: Callable[[T], dict[str, object]]) -> tuple[int, list[dict[str, object]]]:
    total, found = page
    return total, [show(each) for each in found]


def _list(kind: str) -> Callable[..., Response]:
    def every(runtime: Running, _: Reader, fields: Fields = None, offset: Offset = 0, limit: Limit = 100) -> Response:
        try:
            tmf_list.check_fields(fields, ATTRIBUTES[kind])
        except ValueError as error:
            return answer(400, "Bad Request", str(error))
        with runtime.database.read() as connection:
            total, found = _READERS[kind](connection, limit, offset)
        return tmf_list.listed(found, fields, total)

    return every


def _one(kind: str) -> Callable[..., Response]:
    def one(number: str, runtime: Running, _: Reader, fields: Fields = None) -> Response:
        try:
            tmf_list.check_fields(fields, ATTRIBUTES[kind])
        except ValueError as error:
            return answer(400, "Bad Request", str(error))
        with runtime.database.read() as connection:
            found = _READERS[kind](connection, 1, 0, ticket_number(number))[1]
        if not found:
            return answer(404, "Not Found", f"there is no {PATHS[kind]} {number[:100]}")
        return JSONResponse(select_fields(found[0], fields))

    return one


for _kind, _said in (
    (GROUP, "groups of problems that lie under one"),
    (UNGROUP, "problems that came out of a group"),
    (TAKEN, "acknowledgements of problems"),
):
    router.add_api_route(
        f"/{PATHS[_kind]}",
        _list(_kind),
        name=f"list {_kind}",
        description=f"List {_said}.",
        responses=_COMMON,
        dependencies=[Depends(only("fields", "offset", "limit"))],
    )
    router.add_api_route(
        f"/{PATHS[_kind]}/{{number}}",
        _one(_kind),
        name=f"read {_kind}",
        description=f"Read one of the {_said}.",
        responses=_ONE,
        dependencies=[Depends(only("fields"))],
    )
