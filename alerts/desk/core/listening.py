"""Listeners of the TM Forum APIs: where their messages wait, and what they asked to hear."""

import uuid
from datetime import datetime

HUB_PREFIX = "hub:"  # of a listener's target in the outbox
TROUBLE_TICKET, SERVICE_PROBLEM, PARTY_INTERACTION = "TMF621", "TMF656", "TMF683"
TICKET_TYPE = "ticketType"  # with it in the query, a listener of TMF621 hears of appeals instead of tickets


SHOWN = "shown"  # in a message: the resource as it was; without it, it is shown as it is when the event goes out


def event_to(listener: str, kind: str, now: datetime, **more: object) -> dict[str, object]:
    """Return the message of an event to a listener, as the outbox has it."""
    return {
        "target": HUB_PREFIX + listener,
        "kind": kind,
        "body": {"eventId": str(uuid.uuid4()), "at": now.isoformat()} | more,
    }


def pending(now: datetime) -> dict[str, object]:
    """Return what the outbox has of every message that was not tried yet."""
    return {"state": "pending", "attempts": 0, "created_at": now, "next_at": now, "error": "", "told": {}}


def wanted(query: str, name: str, value: str) -> bool:
    """Return whether a listener's query asks for a value, as of `eventType`; without that name in it, for every one."""
    values = asked(query, name)
    return not values or value in values


def asked(query: str, name: str) -> set[str]:
    """Return the values that a listener's query names, as in `eventType=A,B`."""
    parts = (part.partition("=") for part in query.removeprefix("?").split("&"))
    return {value for key, _, values in parts if key == name for value in values.split(",") if value}
