"""Rows of tickets' logs as events."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Row

from alerts.desk.core.tables import event
from alerts.desk.tickets.event_json import from_json
from alerts.desk.tickets.events import Event

COLUMNS = (event.c.ticket_id, event.c["at"], event.c.actor, event.c.kind, event.c.data)
"""What `by_ticket` reads."""


def by_ticket(rows: Iterable[Row[int, datetime, str, str, object]]) -> dict[int, list[Event]]:
    """Return events by ticket, in the order of their rows; a ticket without a row has no key."""
    result: dict[int, list[Event]] = defaultdict(list)
    for number, at, actor, kind, data in rows:
        result[number].append(Event(at, actor, from_json(kind, data)))
    return result
