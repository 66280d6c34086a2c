"""What a ticket has gathered, on a page of its own, and the forms that merge and split tickets."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from alerts.desk.access.roles import Permission
from alerts.desk.alarms import regroup
from alerts.desk.alarms.correlation import reading
from alerts.desk.console.ticket.routes import Text, Version, do
from alerts.desk.tickets import queries
from alerts.desk.tickets.actions import Desk, Hand
from alerts.desk.tickets.states import TERMINAL, ticket_number
from alerts.desk.tickets.store import NoSuchTicketError
from alerts.desk.web.forms import Engineer, Reading, address_of
from alerts.desk.web.render import page
from alerts.desk.web.session import Running

PAGE = 200
router = APIRouter(include_in_schema=False)
Page = Annotated[int, Query(alias="page", ge=1, le=10_000)]


@router.get("/ticket/{number}/effects")
def effects(request: Request, number: str, runtime: Running, found: Reading, wanted: Page = 1) -> Response:
    """Show the alarms that a ticket has gathered, one page of them."""
    place, offset = ticket_number(number), (wanted - 1) * PAGE
    with runtime.database.read() as connection:
        row = queries.find(connection, place)
        if row is None:
            raise NoSuchTicketError(f"there is no ticket {place}")
        grouping = reading.read(connection, place, PAGE, offset)
    return page(
        request,
        "console/ticket/effects.html",
        found,
        here=f"/ticket/{place}/effects",
        row=row,
        grouping=grouping,
        number=wanted,
        offset=offset,
        split=f"/ticket/{place}/split",
        may=found.principal.may(Permission.ACT) and row.status not in TERMINAL,
    )


@router.post("/ticket/{number}/merge")
def merge(
    request: Request,
    number: str,
    version: Version,
    runtime: Running,
    found: Engineer,
    cause: Annotated[str, Form(max_length=18)] = "",
    text: Text = "",
) -> Response:
    """Put a ticket under the one that is its cause."""
    above, address = ticket_number(cause.strip()), address_of(request)

    def act(desk: Desk, hand: Hand) -> None:
        regroup.merge(desk, hand, above, text, address)

    return do(request, runtime, found, number, version, act)


@router.post("/ticket/{number}/take-out")
def take_out(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Let a ticket stand for itself again."""
    address = address_of(request)
    return do(request, runtime, found, number, version, lambda desk, hand: regroup.take_out(desk, hand, text, address))


@router.post("/ticket/{number}/split")
def split(
    request: Request,
    number: str,
    version: Version,
    runtime: Running,
    found: Engineer,
    problem: Annotated[str, Form(max_length=64)] = "",
    text: Text = "",
) -> Response:
    """Give a problem among a ticket's alarms a ticket of its own."""
    address = address_of(request)

    def act(desk: Desk, hand: Hand) -> None:
        regroup.split(desk, hand, problem, text, address)

    return do(request, runtime, found, number, version, act)
