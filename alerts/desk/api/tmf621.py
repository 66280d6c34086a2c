"""TMF621 Trouble Ticket Management v5: `/tmf-api/troubleTicket/v5/troubleTicket`."""

import uuid
from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from alerts.desk.alarms.problem import problem_key
from alerts.desk.api import preconditions, relationships, tmf621_appeals, tmf_list
from alerts.desk.api.known import once, only
from alerts.desk.api.tmf_list import Fields, Limit, Offset, Sort
from alerts.desk.api.tmf_models import (
    APPEAL_TYPES,
    ATTRIBUTES,
    TicketCreate,
    TicketPatch,
    check_set_by_desk,
    kept,
    severity_said,
)
from alerts.desk.api.tmf_patch import check_reason, check_removals, patch, title_said
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.numbers import number_of
from alerts.desk.appeals.tmf621 import members
from alerts.desk.core import metrics
from alerts.desk.core.one_line import one_line
from alerts.desk.core.words import languages
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.events import Event, Opened
from alerts.desk.tickets.policy import priority_of
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import IllegalMoveError, ticket_number
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.tmf621 import BASE, address, body, own_lists, select_fields, theirs
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Actor, Reader, Running

TICKET: dict[str, object] = {"type": "object", "required": ["id", "href", "@type", "status"]}
_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 503)}
_ONE: Responses = _COMMON | {404: RESPONSES[404]}
_CHANGE: Responses = _ONE | {code: RESPONSES[code] for code in (409, 412, 413)}

NOTHING = Depends(only())
router = APIRouter(prefix=BASE, tags=["troubleTicket"])


@router.get("/troubleTicket", responses=_COMMON)
def list_tickets(
    request: Request,
    runtime: Running,
    caller: Reader,
    fields: Fields = None,
    offset: Offset = 0,
    limit: Limit = 100,
    sort: Sort = None,
) -> Response:
    """List tickets, filtered by the attributes that the query names."""
    try:
        pairs = request.query_params.multi_items()
        once((name for name, _ in pairs), tmf_list.RESERVED)
        tmf_list.check_fields(fields, ATTRIBUTES)
        rules = _rules(request)
        ours = tmf621_appeals.concerns(rules, pairs)
        filters = tmf621_appeals.FILTERS if ours else tmf_list.TICKETS
        wanted, order = filters.conditions(pairs), filters.order(sort)
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    if ours and rules is not None:
        if not tmf621_appeals.may_see(caller):
            return tmf621_appeals.forbidden(caller)
        with runtime.database.read() as connection:
            total, whole = tmf621_appeals.page(connection, rules, wanted, order, limit, offset)
        return tmf_list.listed(whole, fields, total)
    with runtime.database.read() as connection:
        total, found = queries.page(connection, wanted, order, limit, offset)
        numbers = [ticket.id for ticket in found]
        events, related = queries.timeline(connection, numbers), relationships.relationships(connection, numbers)
    language = runtime.settings.language
    whole = [
        relationships.add(body(ticket, events[ticket.id], language), related.get(ticket.id, ())) for ticket in found
    ]
    return tmf_list.listed(whole, fields, total)


def _rules(request: Request) -> Rules | None:
    """Return the rules of appeals; None where the desk takes none."""
    rules: Rules | None = request.app.state.appeals
    return rules


@router.post(
    "/troubleTicket",
    status_code=201,
    dependencies=[NOTHING],
    responses=_COMMON | {409: RESPONSES[409], 413: RESPONSES[413]},
)
def create_ticket(request: Request, fresh: TicketCreate, runtime: Running, caller: Actor) -> Response:
    """Open a ticket that no alarm caused; where the desk takes appeals, a ticket of one of their types is one."""
    rules = _rules(request)
    if rules is not None and fresh.ticket_type in APPEAL_TYPES:
        return tmf621_appeals.create(runtime, rules, fresh, caller)
    try:
        number = create(runtime, fresh, caller.name)
    except ValueError as error:
        if isinstance(error, IllegalMoveError):
            raise
        return answer(400, "Bad Request", str(error))
    return _shown(runtime, number, status=201)


@router.get("/troubleTicket/{number}", dependencies=[Depends(only("fields"))], responses=_ONE)
def read_ticket(request: Request, number: str, runtime: Running, caller: Reader, fields: Fields = None) -> Response:
    """Read one ticket."""
    try:
        tmf_list.check_fields(fields, ATTRIBUTES)
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    rules = _rules(request)
    if rules is not None and number_of(number):
        return tmf621_appeals.read(runtime, rules, number, caller, fields)
    return _shown(runtime, ticket_number(number), rules, fields)


@router.patch("/troubleTicket/{number}", dependencies=[Depends(only(conditional=True))], responses=_CHANGE)
def patch_ticket(request: Request, number: str, changes: TicketPatch, runtime: Running, caller: Actor) -> Response:
    """Change a ticket: state with its reason, notes, priority, texts. A move the life cycle lacks gets 409."""
    rules = _rules(request)
    if rules is not None and number_of(number):
        only()(request)
        return tmf621_appeals.patch(runtime, rules, number, changes, caller)
    hand = Hand(caller.name, ticket_number(number))
    try:
        check_removals(changes)
        sent = kept(changes)
        ticket, events = _read(runtime, hand.number)
        if preconditions.given(request):
            if failed := preconditions.failed(request, ticket):
                return answer(412, "Precondition Failed", failed)
            hand = replace(hand, version=ticket.version)
        check_reason(ticket, changes)
        check_set_by_desk(changes, body(ticket, events, runtime.settings.language))
        related = {"troubleTicketRelationship": _related(runtime, hand.number, rules)}
        extra = theirs(sent, {**own_lists(ticket, events), **related}) if sent else {}
        with actions.changing(runtime.desk, hand) as (draft, now):
            patch(draft, changes, extra, caller.name, now)
    except ValueError as error:
        if isinstance(error, IllegalMoveError):
            raise
        return answer(400, "Bad Request", str(error))
    except StaleTicketError as error:
        return answer(412, "Precondition Failed", str(error))
    return _shown(runtime, hand.number, rules)


def create(runtime: Runtime, fresh: TicketCreate, actor: str) -> int:
    """Store a new ticket; return its number."""
    severity = severity_said(fresh.severity)
    name = title_said(fresh.name) or next((line for line in map(one_line, fresh.description.splitlines()) if line), "-")
    with runtime.database.write() as connection:
        now = runtime.now()
        draft = tickets.fresh(
            problem_key=problem_key({"manual": str(uuid.uuid4())}),
            names=dict.fromkeys(languages(), name[:200]),
            descriptions=dict.fromkeys(languages(), fresh.description),
            severity=severity,
            priority=priority_of({"severity": severity}),
            ticket_type=fresh.ticket_type,
            extra={key: value for key, value in kept(fresh).items() if value is not None},
            status_at=now,
            opened_at=now,
            updated_at=now,
        )
        draft.record(now, Opened(draft.priority, severity), actor)
        changes = TicketPatch.model_construct(
            note=fresh.note,
            priority=fresh.priority,
            status=fresh.status,
            status_change_reason=fresh.status_change_reason,
        )
        patch(draft, changes, {}, actor, now)
        draft.finish(runtime.policy, now)
        tickets.insert(connection, [draft], runtime.policy.publish)
    runtime.counts.add(metrics.TICKETS_OPENED, 1)
    return draft.id


def _shown(
    runtime: Runtime, number: int, rules: Rules | None = None, fields: str | None = None, status: int = 200
) -> Response:  # fmt: skip
    """Return the answer that shows a ticket, with the tag of its version; a new one is shown with its address."""
    ticket, events = _read(runtime, number)
    whole = relationships.add(body(ticket, events, runtime.settings.language), _related(runtime, number, rules))
    headers = {"ETag": preconditions.tag(ticket)} | ({"Location": address(number)} if status == 201 else {})
    return JSONResponse(select_fields(whole, fields), status, headers)


def _related(runtime: Runtime, number: int, rules: Rules | None) -> list[dict[str, object]]:
    """Return what a ticket is related to, the appeals that were linked to it included."""
    with runtime.database.read() as connection:
        related = relationships.relationships(connection, [number]).get(number, [])
        return related + (members(connection, rules, number) if rules is not None else [])


def _read(runtime: Runtime, number: int) -> tuple[Ticket, Sequence[Event]]:
    with runtime.database.read() as connection:
        ticket = queries.find(connection, number)
        if ticket is None:
            raise NoSuchTicketError(f"there is no ticket {number}")
        return ticket, queries.timeline(connection, [number])[number]
