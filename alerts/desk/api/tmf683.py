"""TMF683 Party Interaction v5: `/tmf-api/partyInteractionManagement/v5`. An interaction that is created is an appeal.

Interactions are a log: none is changed or deleted here. No answer holds a contact or a customer's words.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.api import tmf_list
from alerts.desk.api.appeal_models import InteractionIn, checked_broadband, completed, refused
from alerts.desk.api.appeals import Registrar, Ruling, rules_of
from alerts.desk.api.known import once, only
from alerts.desk.api.tmf_list import Fields, Filters, Limit, Offset, Sort
from alerts.desk.appeals import interactions
from alerts.desk.appeals.contacts import ContactError
from alerts.desk.appeals.numbers import number_of
from alerts.desk.appeals.registration import RefusedError, Said, register
from alerts.desk.appeals.states import Entry
from alerts.desk.appeals.tmf683 import ATTRIBUTES, BASE, address, body
from alerts.desk.core.appeal_tables import interaction
from alerts.desk.tickets.states import ticket_number
from alerts.desk.tickets.tmf621 import select_fields
from alerts.desk.web.errors import RESPONSES, Responses, answer
from alerts.desk.web.session import Needs, Running

_COMMON: Responses = {code: RESPONSES[code] for code in (400, 401, 403, 404, 503)}
_DATES = ("creationDate", "lastUpdate", "statusChangeDate", "interactionDate.startDateTime")
FILTERS = Filters(
    "party interaction",
    {
        "id": interaction.c.id,
        "direction": interaction.c.direction,
        "status": interaction.c.status,
        "reason": interaction.c.reason,
        "relatedChannel.channel.id": interaction.c.channel,
        "relatedParty.partyOrPartyRole.id": interaction.c.actor,
        "interactionItem.item.entity.id": interaction.c.appeal_id,
        **dict.fromkeys(_DATES, interaction.c["at"]),
    },
    _DATES,
    {"id": ticket_number, "interactionItem.item.entity.id": number_of},
    {"direction": ("inbound", "outbound")},
)

router = APIRouter(prefix=BASE, tags=["partyInteraction"])
Seer = Annotated[Principal, Depends(Needs(Permission.APPEALS, Permission.REGISTER))]


@router.get("/partyInteraction", responses=_COMMON)
def list_interactions(
    request: Request,
    runtime: Running,
    caller: Seer,
    fields: Fields = None,
    offset: Offset = 0,
    limit: Limit = 100,
    sort: Sort = None,
) -> Response:
    """List interactions, filtered by the attributes that the query names."""
    try:
        pairs = request.query_params.multi_items()
        once((name for name, _ in pairs), tmf_list.RESERVED)
        tmf_list.check_fields(fields, ATTRIBUTES)
        wanted = [*FILTERS.conditions(pairs), *visible(caller)]
        order = FILTERS.order(sort)
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    rules = rules_of(request)  # what is wrong in the question is told by every desk
    with runtime.database.read() as connection:
        total, rows = interactions.page(connection, wanted, order, limit, offset)
    return tmf_list.listed([body(row, rules.calendars.zone) for row in rows], fields, total)


@router.post("/partyInteraction", status_code=201, dependencies=[Depends(only("fields"))], responses=_COMMON)
def create_interaction(
    request: Request, given: InteractionIn, runtime: Running, caller: Registrar, fields: Fields = None
) -> Response:
    """Register what a customer said: an appeal, a contact added to an open one, or a hand-over."""
    rules = rules_of(request)  # after the body was read: what is wrong in it is told by every desk
    try:
        tmf_list.check_fields(fields, ATTRIBUTES)
        said = _said(given)
        if caller.role == CABINET and said.entry is not Entry.CABINET:
            return answer(403, "Forbidden", 'relatedChannel: this token registers what came by the channel "cabinet"')
        done = register(runtime.database, rules, said, caller.name, runtime.now())
    except (RefusedError, ContactError) as error:
        return answer(400, "Bad Request", refused(error, _WORDS))
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        row = interactions.find(connection, done.interaction)
    if row is None:
        raise HTTPException(500)
    shown = body(row, rules.calendars.zone)
    return JSONResponse(select_fields(shown, fields), 201, {"Location": address(row.id)})


@router.get("/partyInteraction/{number}", dependencies=[Depends(only("fields"))], responses=_COMMON)
def read_interaction(number: str, runtime: Running, rules: Ruling, caller: Seer, fields: Fields = None) -> Response:
    """Read one interaction."""
    try:
        tmf_list.check_fields(fields, ATTRIBUTES)
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        row = interactions.find(connection, ticket_number(number), *visible(caller))
    if row is None:
        return answer(404, "Not Found", f"there is no party interaction {number[:100]}")
    return JSONResponse(select_fields(body(row, rules.calendars.zone), fields))


CABINET = "cabinet"
_WORDS = {
    "item": "interactionItem: item",
    "code": "reason",
    "when": "interactionDate: startDateTime",
    "answer": "interactionItem: resolution",
    "broadband": 'interactionItem: the resolution of the type "broadband"',
}


def visible(caller: Principal) -> list[ColumnElement[bool]]:
    """Return the conditions on the interactions that a caller sees: the cabinet's token has those of the cabinet."""
    return [interaction.c.channel == str(Entry.CABINET)] if caller.role == CABINET else []


def _said(given: InteractionIn) -> Said:
    items = {each.interaction_item_type: each for each in given.interaction_item}
    main = [each for each in given.interaction_item if each.interaction_item_type != "broadband"]
    if len(main) != 1 or len(items) < len(given.interaction_item):
        raise ValueError('interactionItem: one has the type "appeal" or "claim"; beside it may stand one "broadband"')
    if main[0].item is None:
        raise ValueError("interactionItem: item: is missing; its entity names the service")
    broadband = items["broadband"].resolution if "broadband" in items else "unknown"
    said = Said(
        number="",
        entry=given.related_channel[0].channel.id,
        broadband=checked_broadband(broadband, _WORDS["broadband"]),
        service=main[0].item.entity.id,
        code=given.reason,
        text=given.description,
        answer=main[0].resolution,
        claim=main[0].interaction_item_type == "claim",
        appealed_at=given.interaction_date.start_date_time if given.interaction_date else None,
    )
    return completed(said, given.related_party, given.external_identifier)
