"""A ticket as TMF621 v5 shows it. camelCase on the wire by one alias rule; only what is known is present."""

from collections.abc import Mapping, Sequence

from alerts.desk.core.words import in_language
from alerts.desk.tickets import impact_words
from alerts.desk.tickets.events import Delivered, Event, NoteAdded, Opened, ReferenceGiven, StatusChanged
from alerts.desk.tickets.states import Status
from alerts.desk.tickets.ticket import Ticket
from alerts.desk.tickets.tmf621_parts import characteristic, entity, identifier, instant, party, status_change

BASE = "/tmf-api/troubleTicket/v5"
SYSTEM = "ottwatch"
_ALWAYS = ("relatedParty", "externalIdentifier", "troubleTicketCharacteristic")
_LISTS = (*_ALWAYS, "relatedEntity")
_FLAGS = ("unverified", "flapping")
_VERIFYING = "verifying"
_FIRING = "firingAlarms"
_LABEL, _IMPACT = "label.", "impact."
Lists = Mapping[str, Sequence[Mapping[str, object]]]
"""Lists of a ticket's representation by their names."""


def body(ticket: Ticket, events: Sequence[Event], language: str) -> dict[str, object]:
    """Return the representation of a ticket with what other systems put into it."""
    mine = own_lists(ticket, events)
    lists = {name: [*mine[name], *_entries(ticket.extra[name])] for name in _LISTS if name in ticket.extra}
    return {**ticket.extra, **_own(ticket, events, language, mine), **lists}


def own(ticket: Ticket, events: Sequence[Event], language: str) -> dict[str, object]:
    """Return the representation of a ticket as far as the desk itself wrote it."""
    return _own(ticket, events, language, own_lists(ticket, events))


def address(number: int) -> str:
    """Return where a ticket is."""
    return f"{BASE}/troubleTicket/{number}"


def _own(ticket: Ticket, events: Sequence[Event], language: str, lists: Lists) -> dict[str, object]:
    number = str(ticket.id)
    result: dict[str, object] = {
        "id": number,
        "href": address(ticket.id),
        "@type": "TroubleTicket",
        "name": in_language(ticket.names, language) or "",
        "description": in_language(ticket.descriptions, language) or "",
        "severity": ticket.severity,
        "priority": ticket.priority,
        "ticketType": ticket.ticket_type,
        "status": ticket.status,
        "statusChangeDate": instant(ticket.status_at),
        "statusChangeReason": ticket.status_reason,
        "creationDate": instant(ticket.opened_at),
        "lastUpdate": instant(ticket.updated_at),
        "statusChangeHistory": _history(events),
        "note": _notes(events),
    }
    result |= {name: entries for name, entries in lists.items() if entries or name in _ALWAYS}
    if ticket.restore_by:
        result["expectedResolutionDate"] = instant(ticket.restore_by)
    if ticket.resolved_at:
        result["resolutionDate"] = instant(ticket.resolved_at)
    return result


def own_lists(ticket: Ticket, events: Sequence[Event]) -> Lists:
    """Return what the desk itself puts into lists that also hold other systems' entries."""
    people = (("owner", "Individual", ticket.owner), ("vendor", "Organization", ticket.vendor))
    return {
        "relatedParty": [party(role, kind, who) for role, kind, who in people if who],
        "externalIdentifier": _identifiers(ticket, events),
        "troubleTicketCharacteristic": characteristics(ticket),
        "relatedEntity": [entity("affected", "Resource", ticket.node)] if ticket.node else [],
    }


def theirs(kept: Mapping[str, object], own: Lists) -> dict[str, object]:
    """Return what a caller sent without the desk's own entries: many send back the whole ticket that they read.

    Characteristics are known by their names, since their values change meanwhile.
    """
    return {
        name: [each for each in value if each not in own.get(name, ()) and not _is_own(name, each)]
        if isinstance(value, list)
        else value
        for name, value in kept.items()
    }


def _is_own(name: str, entry: object) -> bool:
    called = entry.get("name") if isinstance(entry, Mapping) else None
    return (
        name == "troubleTicketCharacteristic"
        and isinstance(called, str)
        and (called in (_FIRING, _VERIFYING, *_FLAGS) or called.startswith((_LABEL, _IMPACT)))
    )


def _entries(kept: object) -> Sequence[object]:
    """Return the entries of a list that another system put into the ticket."""
    return kept if isinstance(kept, list) else ()


def _history(events: Sequence[Event]) -> list[dict[str, object]]:
    result = []
    for event in events:
        if isinstance(event.body, Opened):
            status, reason = Status.ACKNOWLEDGED.value, "opened"
        elif isinstance(event.body, StatusChanged):
            status, reason = event.body.new.value, event.body.reason
        else:
            continue
        result.append(status_change(event.at, status, reason))
    return result


def _notes(events: Sequence[Event]) -> list[dict[str, object]]:
    notes = [(event, text) for event in events if (text := _note(event))]
    return [
        {"@type": "Note", "id": str(place), "author": each.actor, "date": instant(each.at), "text": text}
        for place, (each, text) in enumerate(notes, 1)
    ]


def _note(event: Event) -> str:
    """Return what an event says as a note: that somebody was not told is one, too."""
    match event.body:
        case NoteAdded(text):
            return text
        case Delivered(target, outcome, reason) if outcome != "sent":
            return f"Message to {target}: {outcome}" + (f" ({reason})" if reason else "")
        case _:
            return ""


def _identifiers(ticket: Ticket, events: Sequence[Event]) -> list[dict[str, object]]:
    given = [event.body for event in events if isinstance(event.body, ReferenceGiven)]
    return [
        *(identifier(body.owner, body.reference) for body in given),
        identifier(SYSTEM, ticket.problem_key, "problemKey"),
    ]


def characteristics(ticket: Ticket) -> list[dict[str, object]]:
    """Return what the desk itself knows of a ticket and TMF621 has no attribute for."""
    flags = {
        "unverified": ticket.unverified,
        "flapping": ticket.flapping,
        _VERIFYING: ticket.waits_for_verification,
    }
    return [
        *(characteristic("string", f"{_LABEL}{name}", value) for name, value in sorted(ticket.labels.items())),
        characteristic("integer", _FIRING, ticket.firing),
        *(
            characteristic("number", f"{_IMPACT}{name}", value)
            for name, value in impact_words.fields(ticket.impact).items()
        ),
        *(characteristic("boolean", name, value=True) for name, holds in flags.items() if holds),
    ]


def select_fields(full: dict[str, object], fields: str | None) -> dict[str, object]:
    """Keep the asked first-level attributes; id, href and @type always stay."""
    if not fields:
        return full
    wanted = {name.strip() for name in fields.split(",")} | {"id", "href", "@type"}
    return {name: value for name, value in full.items() if name in wanted}
