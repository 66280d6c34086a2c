"""Tells listeners of TMF621 and TMF683 what happened to appeals, in the transaction in which it happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from alerts.desk.core.listening import (
    PARTY_INTERACTION,
    SHOWN,
    TICKET_TYPE,
    TROUBLE_TICKET,
    asked,
    event_to,
    pending,
    wanted,
)
from alerts.desk.core.tables import hub, outbox


def tell_of_interaction(connection: Connection, show: Callable[[], dict[str, object]], now: datetime) -> None:
    """Tell who listens that there is a further interaction."""
    queries = _queries(connection, PARTY_INTERACTION)
    kind = "PartyInteractionCreateEvent"
    told = [(number, [kind]) for number, query in queries if wanted(query, "eventType", kind)]
    _write(connection, "partyInteraction", told, show, now)


@dataclass(frozen=True, slots=True)
class News:
    """What happened to an appeal of a type: types of events, and how the appeal is shown."""

    ticket_type: str
    kinds: Sequence[str]
    show: Callable[[], dict[str, object]]


def tell_of_appeals(connection: Connection, news: Sequence[News], now: datetime) -> None:
    """Tell who listens for appeals of their types what happened to some."""
    queries = [(number, query) for number, query in _queries(connection, TROUBLE_TICKET) if asked(query, TICKET_TYPE)]
    for each in news if queries else ():
        told = [
            (number, [kind for kind in each.kinds if wanted(query, "eventType", kind)])
            for number, query in queries
            if each.ticket_type in asked(query, TICKET_TYPE)
        ]
        _write(connection, "troubleTicket", told, each.show, now)


def _queries(connection: Connection, api: str) -> list[tuple[str, str]]:
    rows = connection.execute(select(hub.c.id, hub.c.query).where(hub.c.api == api))
    return [(number, query) for number, query in rows]


def _write(
    connection: Connection,
    name: str,
    told: Sequence[tuple[str, list[str]]],
    show: Callable[[], dict[str, object]],
    now: datetime,
) -> None:
    if not any(kinds for _, kinds in told):
        return
    more = {"name": name, SHOWN: show()}
    events = [event_to(number, kind, now, **more) for number, kinds in told for kind in kinds]
    connection.execute(insert(outbox), [event | pending(now) for event in events])
