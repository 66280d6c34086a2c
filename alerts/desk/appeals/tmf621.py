"""An appeal as TMF621 v5 shows it: a trouble ticket of the type complaint, request or billDispute.

Nobody's words or contacts are in it: what the customer said and the answer are kept sealed, apart from the appeal.
"""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, select

from alerts.desk.appeals import events as ev
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.events import Event
from alerts.desk.appeals.numbers import reference
from alerts.desk.appeals.states import Status
from alerts.desk.core.appeal_tables import appeal, appeal_link
from alerts.desk.tickets.tmf621 import BASE, SYSTEM
from alerts.desk.tickets.tmf621_parts import characteristic, entity, identifier, instant, party, status_change

CAUSED_BY, MAY_BE_CAUSED_BY, CAUSE_OF = "isCausedBy", "mayBeCausedBy", "isCauseOf"
MOST_MEMBERS = 1000
_CREATED, _CHANGED = "TroubleTicketCreateEvent", "TroubleTicketAttributeValueChangeEvent"
_MOVED = "TroubleTicketStatusChangeEvent"
_ALSO = {Status.RESOLVED: "TroubleTicketResolvedEvent", Status.PENDING: "TroubleTicketInformationRequiredEvent"}
Links = Sequence[tuple[int, str]]
"""Tickets that an appeal is linked to, each with the state of the link."""


def address(number: str) -> str:
    """Return where the appeal with this number is."""
    return f"{BASE}/troubleTicket/{number}"


def body(rules: Rules, of: Appeal, log: Sequence[Event], links: Links) -> dict[str, object]:
    """Return the representation of an appeal; what is not known is absent."""
    number = reference(rules.calendars.zone, of.id, of.registered_at)
    code = rules.codes.get(of.code)
    result: dict[str, object] = {
        "id": number,
        "href": address(number),
        "@type": "TroubleTicket",
        "name": code.name(rules.language) if code else of.code,
        "ticketType": of.kind,
        "status": of.status,
        "statusChangeDate": instant(of.status_at),
        "statusChangeReason": of.status_reason,
        "creationDate": instant(of.registered_at),
        "lastUpdate": instant(max([of.registered_at, *(event.at for event in log)])),
        "channel": {"@type": "ChannelRef", "@referredType": "Channel", "id": of.entry},
        "relatedEntity": [entity("service", "Service", of.service)],
        "relatedParty": [
            *([party("branch", "Organization", of.region)] if of.region else []),
            *([party("owner", "Individual", of.owner)] if of.owner else []),
        ],
        "externalIdentifier": _identifiers(of, number),
        "statusChangeHistory": _history(log),
        "troubleTicketCharacteristic": _characteristics(of),
        "troubleTicketRelationship": [_relationship(ticket, state) for ticket, state in links if state != "undone"],
    }
    if of.deadline_at:
        result["expectedResolutionDate"] = instant(of.deadline_at)
    if of.delivered_at:
        result["resolutionDate"] = instant(of.delivered_at)
    return result


def event_types(events: Sequence[Event]) -> list[str]:
    """Return the TMF621 event types that new events of an appeal amount to, each once."""
    result: list[str] = []
    for event in events:
        match event.body:
            case ev.Registered():
                result.append(_CREATED)
            case ev.Moved(new):
                result += [_MOVED, *([_ALSO[new]] if new in _ALSO else [])]
            case _:
                result.append(_CHANGED)
    if _CREATED in result:
        result = [kind for kind in result if kind != _CHANGED]  # the first queue is part of the registration
    return list(dict.fromkeys(result))


def links_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """Return the tickets that appeals are linked to."""
    columns = select(appeal_link.c.appeal_id, appeal_link.c.ticket_id, appeal_link.c.state)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for number, ticket, state in connection.execute(
        columns.where(appeal_link.c.appeal_id.in_(numbers)).order_by(appeal_link.c.id)
    ):
        found[number].append((ticket, state))
    return found


def members(connection: Connection, rules: Rules, ticket: int) -> list[dict[str, object]]:
    """Return the relationships of an emergency ticket to the appeals that a person linked to it, so many at most."""
    wanted = select(appeal.c.id, appeal.c.registered_at).join(appeal_link, appeal_link.c.appeal_id == appeal.c.id)
    mine = (appeal_link.c.ticket_id == ticket, appeal_link.c.state == "confirmed")
    rows = connection.execute(wanted.where(*mine).order_by(appeal.c.id).limit(MOST_MEMBERS))
    return [_entry(reference(rules.calendars.zone, number, at), CAUSE_OF) for number, at in rows]


def _relationship(ticket: int, state: str) -> dict[str, object]:
    return _entry(str(ticket), CAUSED_BY if state == "confirmed" else MAY_BE_CAUSED_BY)


def _entry(number: str, kind: str) -> dict[str, object]:
    return {
        "@type": "TroubleTicketRelationship",
        "@referredType": "TroubleTicket",
        "id": number,
        "href": address(number),
        "relationshipType": kind,
    }


def _identifiers(of: Appeal, number: str) -> list[dict[str, object]]:
    known = (("crm", of.crm_ref), ("cabinet", of.cabinet_ref), (SYSTEM, number))
    return [identifier(owner, name) for owner, name in known if name]


def _history(log: Sequence[Event]) -> list[dict[str, object]]:
    result = []
    for event in log:
        match event.body:
            case ev.Registered():
                status, reason = Status.ACKNOWLEDGED, "registered"
            case ev.Moved(new, why):
                status, reason = new, why
            case _:
                continue
        result.append(status_change(event.at, str(status), reason))
    return result


def _characteristics(of: Appeal) -> list[dict[str, object]]:
    texts = {"code": of.code, "queue": of.queue, "answerBy": of.answer_by, "fault": of.fault}
    texts["route"] = of.route or ""
    flags = {"claim": of.claim, "late": of.late}
    return [
        *(characteristic("string", name, value) for name, value in texts.items() if value),
        characteristic("integer", "repeats", of.repeats),
        *(characteristic("boolean", name, value=True) for name, holds in flags.items() if holds),
    ]
