"""TMF621's `troubleTicketRelationship`: which ticket is the cause of which."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from alerts.desk.alarms.correlation import store
from alerts.desk.tickets.tmf621 import BASE

CAUSED_BY, CAUSE_OF = "isCausedBy", "isCauseOf"


def relationships(connection: Connection, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the relationships of tickets: to their cause, and to the tickets that they explain."""
    causes, effects = store.causes_of(connection, numbers), store.effects_of(connection, numbers)
    found: dict[int, list[dict[str, Any]]] = {}
    for number in numbers:
        above = [(cause, CAUSED_BY) for cause, _ in [causes[number]]] if number in causes else []
        below = [(effect, CAUSE_OF) for effect in effects.get(number, ())]
        if above or below:
            found[number] = [_entry(other, kind) for other, kind in (*above, *below)]
    return found


def add(body: dict[str, Any], entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a ticket's representation with its relationships before those that other systems stored."""
    if not entries:
        return body
    return {**body, "troubleTicketRelationship": [*entries, *body.get("troubleTicketRelationship", ())]}


def _entry(number: int, kind: str) -> dict[str, Any]:
    return {
        "@type": "TroubleTicketRelationship",
        "@referredType": "TroubleTicket",
        "id": str(number),
        "href": f"{BASE}/troubleTicket/{number}",
        "relationshipType": kind,
    }
