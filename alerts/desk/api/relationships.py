"""TMF621's `troubleTicketRelationship`: which ticket is the cause of which, and which problem came back."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from alerts.desk.alarms import recurring
from alerts.desk.alarms.correlation import store
from alerts.desk.tickets.tmf621 import address

CAUSED_BY, CAUSE_OF, RECURRENCE_OF = "isCausedBy", "isCauseOf", "isRecurrenceOf"


def relationships(connection: Connection, numbers: Sequence[int]) -> dict[int, list[dict[str, object]]]:
    """Return the relationships of tickets: to their cause, those that they explain, the last one of the problem."""
    causes, effects = store.causes_of(connection, numbers), store.effects_of(connection, numbers)
    before = recurring.previous(connection, numbers)
    found: dict[int, list[dict[str, object]]] = {}
    for number in numbers:
        above = [(cause, CAUSED_BY) for cause, _ in [causes[number]]] if number in causes else []
        below = [(effect, CAUSE_OF) for effect in effects.get(number, ())]
        last = [(before[number], RECURRENCE_OF)] if number in before else []
        if related := [*above, *below, *last]:
            found[number] = [_entry(other, kind) for other, kind in related]
    return found


def add(body: dict[str, object], entries: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return a ticket's representation with its relationships before those that other systems stored."""
    if not entries:
        return body
    stored = body.get("troubleTicketRelationship")
    return {**body, "troubleTicketRelationship": [*entries, *(stored if isinstance(stored, list) else ())]}


def _entry(number: int, kind: str) -> dict[str, object]:
    return {
        "@type": "TroubleTicketRelationship",
        "@referredType": "TroubleTicket",
        "id": str(number),
        "href": address(number),
        "relationshipType": kind,
    }
