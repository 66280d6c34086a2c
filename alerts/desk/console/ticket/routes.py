"""One ticket: its page and what people do to it. Pages read through `store.queries` and act through `actions`."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from alerts.desk.access.roles import Permission
from alerts.desk.alarms.correlation import reading
from alerts.desk.billing import store as billing
from alerts.desk.console.ticket import appeals, charts
from alerts.desk.console.ticket.links import links
from alerts.desk.console.ticket.runbook import runbook
from alerts.desk.console.ticket.works import around
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.core.words import Words
from alerts.desk.tickets import actions, history, impact_words, queries
from alerts.desk.tickets import listing as console
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.actions import Hand, UnfitError
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import (
    TERMINAL,
    WORKING,
    IllegalMoveError,
    KeptOpenError,
    Status,
    ticket_number,
)
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.timeline import latest_doubt, sentence
from alerts.desk.web import events
from alerts.desk.web.forms import Engineer, Reading
from alerts.desk.web.render import page, words_for
from alerts.desk.web.session import Running, Visitor
from alerts.desk.web.written import Lines

ALARM_LIMIT = 100
EFFECT_LIMIT = 25  # more are on a page of their own


class Offer(NamedTuple):
    """Something to do: its word in the catalogue, the address it is sent to, its key, what it asks for."""

    name: str
    path: str
    key: str
    asks: str = "required"  # "required" or "optional" text, or "" for none
    to: Status | None = None


TAKE = Offer("take", "take", "T", "")
NOTE = Offer("note", "note", "N")
HOLD = Offer("hold", "move", "H", to=Status.HELD)
WAIT = Offer("wait", "move", "W", to=Status.PENDING)
RESUME = Offer("resume", "move", "E", "optional", Status.IN_PROGRESS)
HAND_OVER = Offer("hand_over", "hand-over", "V", "optional")
ACCEPT = Offer("accept", "accept", "A", "optional")
GIVE_BACK = Offer("give_back", "give-back", "B", "optional")
RESOLVE = Offer("resolve", "resolve", "R")
CLOSE = Offer("close", "move", "C", "optional", Status.CLOSED)
REOPEN = Offer("reopen", "move", "O", "optional", Status.IN_PROGRESS)
PRIORITY = Offer("priority", "priority", "P")
REJECT = Offer("reject", "move", "D", to=Status.REJECTED)
CANCEL = Offer("cancel", "move", "X", to=Status.CANCELLED)

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=actions.MAX_NOTE), Lines]
Version = Annotated[int, Form()]


@router.get("/ticket/{number}")
def ticket(request: Request, number: str, runtime: Running, found: Reading) -> Response:
    """Show one ticket."""
    return show(request, runtime, found, ticket_number(number))


@router.get("/ticket/{number}/events")
async def stream(request: Request, number: str, runtime: Running, _: Reading) -> Response:
    """Tell of this ticket's changes; what its page shows depends on who looks, so each page fetches its own."""
    place = ticket_number(number)

    def make() -> events.News:
        with runtime.database.read() as connection:
            mark = console.ticket_mark(connection, place)
        return events.news(mark, mark)

    async def tell(mark: str) -> events.News:
        return await events.shared_news(request).get(("ticket", place), mark, make)

    return events.stream(request, tell)


def show(
    request: Request, runtime: Runtime, found: Visitor, number: int, status: int = 200, problem: str = ""
) -> Response:
    """Render a ticket, with what went wrong above it if something did."""
    words = words_for(request, found)
    with runtime.database.read() as connection:
        mark = console.ticket_mark(connection, number)
        ticket = queries.find(connection, number)
        if ticket is None:
            raise NoSuchTicketError(f"there is no ticket {number}")
        log = queries.timeline(connection, [number])[number]
        alarms = queries.alarms_of(connection, number, ALARM_LIMIT)
        others = history.read(connection, ticket)
        grouping = reading.read(connection, number, EFFECT_LIMIT)
        planned = around(connection, ticket)
        case = billing.of_ticket(connection, number) if runtime.settings.billing else None
        callers = appeals.of_ticket(request, connection, number)
    now = runtime.now()
    name = str(ticket.labels.get("alertname", ""))
    return page(
        request,
        "console/ticket/ticket.html",
        found,
        status,
        here=f"/ticket/{number}",
        row=ticket,
        case=case,
        doubt=latest_doubt(log, words),
        mark=mark,
        problem=problem,
        clocks=list(clock.read(log, ticket.priority, runtime.policy, now, ticket.ticket_type).values()),
        alarms=[alarm for alarm in alarms if not alarm.effect],
        grouping=grouping,
        impact=impact_words.sentences(ticket.impact, words),
        regrouping=ticket.status in WORKING,
        alarm_limit=ALARM_LIMIT,
        history=others,
        planned=planned,
        callers=callers,
        answers_all=appeals.may_answer(found),
        sees_appeals=found.principal.may(Permission.APPEALS),
        verifying=ticket.waits_for_verification,
        charted=bool(runtime.settings.prometheus and charts.wanted(alarms[: charts.ALARMS])),
        runbook=runbook(name, words.language),
        links=links(runtime.settings, ticket, alarms, words.language),
        story=[{"at": each.at, "actor": each.actor, "text": sentence(each, words)} for each in reversed(log)],
        offers=offers(ticket, found.principal.name) if found.principal.may(Permission.ACT) else (),
        vendors=sorted(runtime.policy.vendors),
        priorities=PRIORITIES,
    )


def offers(ticket: Ticket, reader: str) -> tuple[Offer, ...]:
    """Return what may be done to a ticket now, the likeliest first; `actions` has the last word."""
    status = ticket.status
    if status in TERMINAL:
        return (NOTE,)
    if status is Status.RESOLVED:
        return (CLOSE, REOPEN, NOTE)
    result = [] if ticket.owner == reader and status is not Status.ACKNOWLEDGED else [TAKE]
    if status is Status.HELD and ticket.vendor:
        result += [ACCEPT, GIVE_BACK]
    elif status in (Status.HELD, Status.PENDING):
        result.append(RESUME)
    else:
        result += [HAND_OVER, RESOLVE] if status is Status.ACKNOWLEDGED else [HOLD, WAIT, HAND_OVER, RESOLVE]
    result += [NOTE, PRIORITY]
    return tuple(result + ([REJECT] if status is Status.ACKNOWLEDGED else []) + [CANCEL])


@router.post("/ticket/{number}/take")
def take(request: Request, number: str, version: Version, runtime: Running, found: Engineer) -> Response:
    """Take a ticket."""
    return do(request, runtime, found, number, version, actions.take)


@router.post("/ticket/{number}/note")
def note(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Add a note; somebody else's change meanwhile does not make a note wrong."""
    del version
    return do(request, runtime, found, number, None, lambda desk, hand: actions.note(desk, hand, text))


@router.post("/ticket/{number}/resolve")
def resolve(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Resolve with a note."""
    return do(request, runtime, found, number, version, lambda desk, hand: actions.resolve(desk, hand, text))


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
    return do(request, runtime, found, number, version, lambda desk, hand: actions.hand_over(desk, hand, vendor, text))


@router.post("/ticket/{number}/move")
def move(
    request: Request,
    number: str,
    version: Version,
    runtime: Running,
    found: Engineer,
    to: Text = "",
    text: Text = "",
) -> Response:
    """Change the state by one step of the life cycle."""

    def act(desk: actions.Desk, hand: Hand) -> None:
        actions.move(desk, hand, Status(to), text)

    return do(request, runtime, found, number, version, act)


@router.post("/ticket/{number}/accept")
def accept(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Record that the vendor took the ticket."""
    return do(request, runtime, found, number, version, lambda desk, hand: actions.accept(desk, hand, text))


@router.post("/ticket/{number}/give-back")
def give_back(
    request: Request, number: str, version: Version, runtime: Running, found: Engineer, text: Text = ""
) -> Response:
    """Take the ticket back from the vendor."""
    return do(request, runtime, found, number, version, lambda desk, hand: actions.give_back(desk, hand, text))


@router.post("/ticket/{number}/priority")
def priority(
    request: Request,
    number: str,
    version: Version,
    runtime: Running,
    found: Engineer,
    to: Text = "",
    text: Text = "",
) -> Response:
    """Override the priority."""
    return do(request, runtime, found, number, version, lambda desk, hand: actions.set_priority(desk, hand, to, text))


def do(
    request: Request,
    runtime: Runtime,
    found: Visitor,
    number: str,
    version: int | None,
    action: Callable[[actions.Desk, Hand], None],
) -> Response:
    """Run an action on a ticket and show what became of it."""
    place = ticket_number(number)
    words = words_for(request, found)
    try:
        action(runtime.desk, Hand(found.principal.name, place, version))
    except StaleTicketError:
        return show(request, runtime, found, place, 409, words("error.stale"))
    except KeptOpenError:
        return show(request, runtime, found, place, 409, words("error.kept_open"))
    except IllegalMoveError as error:
        names = {"old": words.of("status", error.old), "new": words.of("status", error.new)}
        return show(request, runtime, found, place, 409, words("error.illegal", **names))
    except UnfitError as error:
        return show(request, runtime, found, place, 400, unfit(words, error))
    except ValueError:
        return show(request, runtime, found, place, 400, words("error.form"))
    return RedirectResponse(f"/ticket/{place}", 303)


def unfit(words: Words, error: UnfitError) -> str:
    """Return why an action was not done, in the reader's words."""
    return words("error.refused", reason=words(f"unfit.{error.word}", **error.values))
