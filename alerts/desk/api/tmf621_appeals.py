"""Appeals by TMF621: registered, listed, read and moved as trouble tickets with numbers of their own."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field, StrictBool, StrictStr, TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Connection, select

from alerts.desk.access.roles import Permission, Principal
from alerts.desk.api.appeal_models import (
    ChannelIn,
    IdentifierIn,
    RelatedEntityIn,
    RelatedPartyIn,
    checked_broadband,
    completed,
    refused,
)
from alerts.desk.api.tmf_list import Filters
from alerts.desk.api.tmf_models import ANY, APPEAL_TYPES, KEPT, TicketCreate, TicketPatch, Wire, severity_said
from alerts.desk.appeals import actions, store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.contacts import ContactError
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.numbers import number_of, reference
from alerts.desk.appeals.registration import RefusedError, Said, register
from alerts.desk.appeals.states import IllegalStepError, Status
from alerts.desk.appeals.tmf621 import address, body, links_of
from alerts.desk.core import paging
from alerts.desk.core.appeal_tables import appeal
from alerts.desk.core.invalid import faults
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.tmf621 import select_fields
from alerts.desk.web.errors import answer

_DATES = ("creationDate", "statusChangeDate", "resolutionDate", "expectedResolutionDate")
FILTERS = Filters(
    "appeal",
    {
        "id": appeal.c.id,
        "status": appeal.c.status,
        "ticketType": appeal.c.kind,
        "creationDate": appeal.c.registered_at,
        "statusChangeDate": appeal.c.status_at,
        "resolutionDate": appeal.c.delivered_at,
        "expectedResolutionDate": appeal.c.deadline_at,
        "channel.id": appeal.c.entry,
        "relatedEntity.entity.id": appeal.c.service,
        "relatedParty.partyOrPartyRole.id": appeal.c.region,
    },
    _DATES,
    {"id": number_of},
    {"status": tuple(status.value for status in Status), "ticketType": APPEAL_TYPES},
)
_TAKEN = ("channel", "relatedParty", "relatedEntity", "externalIdentifier", "troubleTicketCharacteristic")
_NEEDED = ("channel", "relatedParty", "relatedEntity", "troubleTicketCharacteristic")
_WORDS = {
    "item": "relatedEntity",
    "code": 'troubleTicketCharacteristic: "code"',
    "when": 'troubleTicketCharacteristic: "appealedAt"',
    "answer": 'troubleTicketCharacteristic: "answer"',
    "tariff": 'troubleTicketCharacteristic: "tariff"',
    "broadband": 'troubleTicketCharacteristic: "broadband"',
}


class _Appeal(Wire):
    """What a trouble ticket that is an appeal has besides its description."""

    channel: ChannelIn
    related_party: Annotated[tuple[RelatedPartyIn, ...], Field(min_length=1, max_length=2)]
    related_entity: Annotated[tuple[RelatedEntityIn, ...], Field(min_length=1, max_length=1)]
    external_identifier: Annotated[tuple[IdentifierIn, ...], Field(max_length=2)] = ()


class _Characteristics(Wire):
    """The values of the characteristics that an appeal may have, by name."""

    code: StrictStr
    broadband: StrictStr = "unknown"
    answer: StrictStr = ""
    claim: StrictBool = False
    tariff: StrictStr = ""
    appealed_at: AwareDatetime | None = None


class _Characteristic(Wire):
    also = (*ANY, "id", "valueType")
    name: StrictStr
    value: object


def concerns(rules: Rules | None, pairs: Sequence[tuple[str, str]]) -> bool:
    """Return whether a question for tickets asks for appeals; raise ValueError where it asks for both."""
    asked = {kind for name, text in pairs if name == "ticketType" for kind in text.split(",")}
    ours = asked & set(APPEAL_TYPES)
    if rules is None or not ours:
        return False
    if asked - ours:
        raise ValueError(f"ticketType: appeals are listed apart from tickets; ask for {', '.join(sorted(ours))} alone")
    return True


def may_see(caller: Principal) -> bool:
    """Return whether a caller sees appeals; who registers them does, since no answer holds a contact."""
    return caller.may(Permission.APPEALS) or caller.may(Permission.REGISTER)


def forbidden(caller: Principal) -> Response:
    """Return the answer to who may not see or register appeals."""
    return answer(403, "Forbidden", f'the role "{caller.role}" does not permit: appeals')


def page(
    connection: Connection,
    rules: Rules,
    wanted: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[object]],
    limit: int,
    offset: int,
) -> tuple[int, list[dict[str, object]]]:
    """Return how many appeals fit, and the representations of one page of them."""
    total, rows = paging.page(connection, appeal, select(appeal), wanted, order, limit, offset)
    return total, _bodies(connection, rules, [Appeal(row) for row in rows])


def represent(connection: Connection, rules: Rules, text: str) -> dict[str, object] | None:
    """Return the representation of the appeal with this number; None where there is none."""
    row = _find(connection, rules, text)
    return _bodies(connection, rules, [row])[0] if row is not None else None


def _find(connection: Connection, rules: Rules, text: str) -> Appeal | None:
    row = store.find(connection, number_of(text))
    return row if row is not None and reference(rules.calendars.zone, row.id, row.registered_at) == text else None


def create(runtime: Runtime, rules: Rules, fresh: TicketCreate, caller: Principal) -> Response:
    """Register an appeal; 200 where it was added to one that is open already, 409 where it was handed over."""
    if not caller.may(Permission.REGISTER):
        return forbidden(caller)
    try:
        said = _said(rules, fresh)
        done = register(runtime.database, rules, said, caller.name, runtime.now())
    except (RefusedError, ContactError) as error:
        return answer(400, "Bad Request", refused(error, _WORDS))
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    if done.number is None:
        return answer(409, "Conflict", f"no appeal: the routes say {', '.join(done.way.actions)}")
    with runtime.database.read() as connection:
        (row,) = filter(None, [store.find(connection, done.number)])
        (shown,) = _bodies(connection, rules, [row])
    number = reference(rules.calendars.zone, row.id, row.registered_at)
    return JSONResponse(shown, 200 if done.repeat else 201, {"Location": address(number)})


def patch(runtime: Runtime, rules: Rules, text: str, changes: TicketPatch, caller: Principal) -> Response:
    """Move an appeal as its life allows; 409 for a step that it does not."""
    if not may_see(caller):
        return forbidden(caller)
    with runtime.database.read() as connection:
        row = _find(connection, rules, text)
        shown = _bodies(connection, rules, [row])[0] if row is not None else {}
    if row is None:
        return missing(text)
    try:
        _check_unchanged(changes, shown)
        if changes.status is not None and changes.status.value != row.status.value:
            hand = Hand(runtime.database, rules, number_of(text), None, caller.name, runtime.now())
            _move(hand, Status(changes.status.value), (changes.status_change_reason or "").strip())
    except IllegalStepError as error:
        return answer(409, "Illegal transition", str(error))
    except ValueError as error:
        return answer(400, "Bad Request", str(error))
    with runtime.database.read() as connection:
        return JSONResponse(represent(connection, rules, text))


def read(runtime: Runtime, rules: Rules, text: str, caller: Principal, fields: str | None) -> Response:
    """Read one appeal."""
    if not may_see(caller):
        return forbidden(caller)
    with runtime.database.read() as connection:
        shown = represent(connection, rules, text)
    return missing(text) if shown is None else JSONResponse(select_fields(shown, fields))


def missing(text: str) -> Response:
    """Return the answer for a number that no appeal has."""
    return answer(404, "Not Found", f"there is no appeal {text[:100]}")


def _bodies(connection: Connection, rules: Rules, found: Sequence[Appeal]) -> list[dict[str, object]]:
    links = links_of(connection, [each.id for each in found])
    drafts = store.drafts_of(connection, found)
    return [body(rules, draft, draft.log, links[draft.id]) for draft in drafts]


def _said(rules: Rules, fresh: TicketCreate) -> Said:
    given = fresh.model_extra or {}
    severity_said(fresh.severity)  # TMF621 wants one; an appeal has none
    others = [name for name in KEPT if name in given and name not in _TAKEN]
    others += [name for name in ("name", "priority", "status", "note") if getattr(fresh, name) is not None]
    if others:
        raise ValueError(f"an appeal takes no {', '.join(others)}; leave it out")
    if lacking := [name for name in _NEEDED if name not in given]:
        raise ValueError(f"{', '.join(lacking)}: is missing; docs/appeals.md has an example")
    try:
        whole = _Appeal.model_validate({name: given[name] for name in _TAKEN[:-1] if name in given})
        marks = _characteristics(given["troubleTicketCharacteristic"])
    except ValidationError as error:
        raise ValueError(faults(error.errors())) from None
    code = rules.codes.get(marks.code)
    if code is not None and code.kind != fresh.ticket_type:
        raise ValueError(f'ticketType: the code {code.id} is a "{code.kind}", not a "{fresh.ticket_type}"')
    said = Said(
        entry=whole.channel.id,
        number="",
        broadband=checked_broadband(marks.broadband, _WORDS["broadband"]),
        service=whole.related_entity[0].entity.id,
        code=marks.code,
        text=fresh.description,
        answer=marks.answer,
        claim=marks.claim,
        tariff=marks.tariff,
        appealed_at=marks.appealed_at,
    )
    return completed(said, whole.related_party, whole.external_identifier)


def _characteristics(given: object) -> _Characteristics:
    entries = TypeAdapter(list[_Characteristic]).validate_python(given)
    values = {each.name: each.value for each in entries}
    if len(values) < len(entries):
        raise ValueError("troubleTicketCharacteristic: there are two of one name; leave one out")
    return _Characteristics.model_validate(values)


def _check_unchanged(changes: TicketPatch, shown: dict[str, object]) -> None:
    """Raise ValueError where a patch asks for more than another state: what was read may be sent back as it was."""
    given = changes.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for name, value in given.items():
        if name not in ("status", "statusChangeReason") and value != shown.get(name):
            raise ValueError(f"{name}: cannot be changed; a patch of an appeal has status and statusChangeReason")


def _move(hand: Hand, new: Status, reason: str) -> None:
    match new:
        case Status.IN_PROGRESS:
            with hand.database.read() as connection:
                row = store.find(connection, hand.number)
            waits = row is not None and row.status in (Status.PENDING, Status.HELD)
            actions.resume(hand, reason) if waits else actions.take(hand)
        case Status.PENDING | Status.RESOLVED:
            if not reason:
                what = "the question to the customer" if new is Status.PENDING else "the answer to the customer"
                raise ValueError(f"statusChangeReason: is missing; write {what}")
            (actions.ask_customer if new is Status.PENDING else actions.answer)(hand, reason)
        case Status.REJECTED | Status.CANCELLED:
            actions.end(hand, new)
        case _:
            raise ValueError(f"status: an appeal becomes {new} by itself; see docs/appeals.md")
