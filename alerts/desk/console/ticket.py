"""One ticket: its page and what people do to it. Pages read through `store.queries` and act through `actions`."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk import actions, clock
from alerts.desk.actions import Hand
from alerts.desk.api.access import Running, Visitor
from alerts.desk.api.tmf_list import ticket_number
from alerts.desk.auth.roles import Permission
from alerts.desk.console.forms import Engineer, Reading
from alerts.desk.console.render import page, words_for
from alerts.desk.console.story import sentence
from alerts.desk.runtime import Runtime
from alerts.desk.store import queries
from alerts.desk.store.tickets import NoSuchTicketError, StaleTicketError
from alerts.desk.ticket import TERMINAL, WORKING, IllegalMoveError, Status

ALARM_LIMIT = 100

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=actions.MAX_NOTE)]
Version = Annotated[int, Form()]


@router.get("/ticket/{number}")
def ticket(request: Request, number: str, runtime: Running, found: Reading) -> Response:
    """Show one ticket."""
    return show(request, runtime, found, ticket_number(number))


def show(
    request: Request, runtime: Runtime, found: Visitor, number: int, status: int = 200, problem: str = ""
) -> Response:
    """Render a ticket, with what went wrong above it if something did."""
    words = words_for(request, found)
    with runtime.database.read() as connection:
        row = queries.find(connection, number)
        if row is None:
            raise NoSuchTicketError(f"there is no ticket {number}")
        events = queries.timeline(connection, [number])[number]
        alarms = queries.alarms_of(connection, number, ALARM_LIMIT)
    clocks = clock.read(events, row["priority"], runtime.policy, runtime.now())
    return page(
        request,
        "ticket.html",
        found,
        status,
        row=row,
        problem=problem,
        clocks=list(clocks.values()),
        alarms=alarms,
        alarm_limit=ALARM_LIMIT,
        story=[{"at": each.at, "actor": each.actor, "text": sentence(each, words)} for each in reversed(events)],
        may_act=found.principal.may(Permission.ACT),
        possible=_possible(Status(row["status"]), row["owner"] == found.principal.name),
        vendors=sorted(runtime.policy.vendors),
    )


def _possible(status: Status, mine: bool) -> set[str]:  # noqa: FBT001 - a fact, not a switch
    if status in TERMINAL:
        return set()
    result = set() if mine and status is not Status.ACKNOWLEDGED else {"take"}
    if status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
        result |= {"resolve", "hand_over"}
    return result if status in WORKING else {"take"} & result


@router.post("/ticket/{number}/take")
def take(request: Request, number: str, version: Version, runtime: Running, found: Engineer) -> Response:
    """Take a ticket."""
    return _do(request, runtime, found, number, version, actions.take)


@router.post("/ticket/{number}/note")
def note(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Add a note; somebody else's change meanwhile does not make a note wrong."""
    del version
    return _do(request, runtime, found, number, None, lambda desk, hand: actions.note(desk, hand, text))


@router.post("/ticket/{number}/resolve")
def resolve(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Resolve with a note."""
    return _do(request, runtime, found, number, version, lambda desk, hand: actions.resolve(desk, hand, text))


@router.post("/ticket/{number}/hand-over")
def hand_over(
    request: Request,
    number: str,
    version: Version,
    runtime: Running,
    found: Engineer,
    vendor: Text = "",
    text: Text = "",
) -> Response:
    """Hand over to a vendor."""
    return _do(request, runtime, found, number, version, lambda desk, hand: actions.hand_over(desk, hand, vendor, text))


def _do(
    request: Request,
    runtime: Runtime,
    found: Visitor,
    number: str,
    version: int | None,
    action: Callable[[actions.Desk, Hand], None],
) -> Response:
    place = ticket_number(number)
    words = words_for(request, found)
    try:
        action(runtime.desk, Hand(found.principal.name, place, version))
    except StaleTicketError:
        return show(request, runtime, found, place, 409, words("error.stale"))
    except IllegalMoveError as error:
        names = {"old": words.of("status", error.old), "new": words.of("status", error.new)}
        return show(request, runtime, found, place, 409, words("error.illegal", **names))
    except ValueError as error:
        return show(request, runtime, found, place, 400, words("error.refused", reason=error))
    return RedirectResponse(f"/ticket/{place}", 303)
