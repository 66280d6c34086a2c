"""A ticket's texts follow its alarms: they tell of the worst that fires now, with its latest figures."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from sqlalchemy import Connection, exists, select, update

from alerts.desk.alarms.opening import facts_of
from alerts.desk.core.tables import alarm, correlated, event, ticket
from alerts.desk.tickets.alarm_record import AlarmRecord
from alerts.desk.tickets.event_json import from_json
from alerts.desk.tickets.events import Edited, Kind
from alerts.desk.tickets.policy import priority_of
from alerts.desk.tickets.ticket import Ticket

_EDITED = {"name": "names", "description": "descriptions"}


def describe(connection: Connection, numbers: Iterable[int], zone: tzinfo, now: datetime) -> None:
    """Describe tickets whose alarms changed.

    A title that says what is inferred stays, and so does a text that somebody wrote over the API.
    """
    worst = _worst(connection, sorted({*numbers}))
    if not worst:
        return
    written = _written(connection, worst)
    shown = (ticket.c.id, ticket.c.site, ticket.c.node, ticket.c.names, ticket.c.descriptions, ticket.c.runbook_url)
    for row in connection.execute(select(*shown).where(ticket.c.id.in_(worst))).mappings().all():
        known = Ticket(row)
        number = known.id
        facts = facts_of(worst[number].labels, worst[number].annotations, zone)
        changed = {
            name: value for name, value in facts.items() if known.value(name) != value and (number, name) not in written
        }
        if changed:
            changed["updated_at"] = now
            connection.execute(update(ticket).where(ticket.c.id == number).values(changed))


def _worst(connection: Connection, numbers: list[int]) -> dict[int, AlarmRecord]:
    """Return the worst alarm of each ticket that fires now, the earliest of several."""
    if not numbers:
        return {}
    inferred = exists().where(correlated.c.ticket_id == alarm.c.ticket_id, correlated.c.kin.is_not(None))
    rows = connection.execute(
        select(alarm.c.ticket_id, alarm.c.labels, alarm.c.annotations, alarm.c.starts_at)
        .where(
            alarm.c.ticket_id.in_(numbers),
            alarm.c.ends_at.is_(None),
            alarm.c.effect.is_(False),
            ~inferred,
        )
        .order_by(alarm.c.id)
    ).mappings()
    worst: dict[int, AlarmRecord] = {}
    for each in map(AlarmRecord, rows):
        known = worst.get(each.ticket_id)
        if known is None or _rank(each) < _rank(known):
            worst[each.ticket_id] = each
    return worst


def _written(connection: Connection, numbers: Iterable[int]) -> set[tuple[int, str]]:
    """Return the texts that people or other systems wrote, by ticket."""
    rows = connection.execute(
        select(event.c.ticket_id, event.c.data).where(event.c.ticket_id.in_(numbers), event.c.kind == Kind.EDITED)
    )
    edits = ((number, from_json(Kind.EDITED, data)) for number, data in rows)
    fields = ((number, name) for number, body in edits if isinstance(body, Edited) for name in body.fields)
    return {(number, _EDITED[name]) for number, name in fields if name in _EDITED}


def _rank(one: AlarmRecord) -> tuple[str, datetime]:
    return priority_of(one.labels), one.starts_at
