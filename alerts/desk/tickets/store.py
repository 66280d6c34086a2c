"""Tickets: locking them, and writing what their drafts say.

A ticket is locked by its row where the database has row locks; in SQLite the write transaction is the lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Connection, CursorResult, Select, select

from alerts.desk.core import batch
from alerts.desk.core.tables import OPEN, defaults, event, ticket
from alerts.desk.tickets import deadlines
from alerts.desk.tickets.change import Draft
from alerts.desk.tickets.event_json import to_json
from alerts.desk.tickets.event_rows import COLUMNS, by_ticket
from alerts.desk.tickets.events import CLOCK_KINDS, Event, Kind, Recorded
from alerts.desk.tickets.policy import Publish

# What alarms change or need to know of a ticket; a storm has no time for the rest.
_MOVING = (
    *("id", "version", "problem_key", "severity", "priority", "priority_fixed", "status", "status_at", "status_reason"),
    "ticket_type",
    *("names", "firing", "unverified", "flapping", "vendor", "resolved_at"),
    *("deadline_at", "verify_at", "due_at", "kept_open"),
)
ONE_OPEN = f"(problem_key) WHERE {OPEN}"
_BLANK: dict[str, object] = {each.name: None for each in ticket.columns if each.nullable or each.primary_key}
_BLANK |= defaults(ticket)
_FRESH = _BLANK | {"deadlines": {}}


class OpenedElsewhereError(Exception):
    """Another desk opened a ticket for the same problem while this transaction ran: run it again."""


class NoSuchTicketError(LookupError):
    """There is no ticket with this number."""


class StaleTicketError(Exception):
    """The ticket changed since the caller looked at it."""

    def __init__(self, number: int, seen: int, now: int) -> None:
        super().__init__(f"ticket {number} changed meanwhile: you saw version {seen}, now it is {now}; look again")


def blank() -> dict[str, object]:
    """Return the columns of a ticket that nobody touched yet."""
    return dict(_BLANK)


def fresh(**columns: object) -> Draft:
    """Return a new ticket with these columns, and nothing else that would have to be written."""
    draft = Draft(_FRESH)
    draft.changes = columns
    return draft


def lock_open(connection: Connection, keys: Sequence[str]) -> list[Draft]:
    """Lock and return what alarms change of the open tickets of these problems, still without their logs."""
    rows = connection.execute(_open_ones(connection.dialect.name), {"keys": batch.listed(connection, keys)})
    return _moving(rows)


@cache
def _open_ones(dialect: str) -> Select[*tuple[object, ...]]:
    known = batch.among(dialect, ticket.c.problem_key, "keys")
    wanted = select(*(ticket.c[name] for name in _MOVING))
    return wanted.where(known, OPEN).order_by(ticket.c.id).with_for_update()


def lock_numbers(connection: Connection, numbers: Sequence[int]) -> list[Draft]:
    """Lock and return what alarms change of these tickets, still without their logs."""
    wanted = select(*(ticket.c[name] for name in _MOVING)).where(ticket.c.id.in_(numbers))
    return _moving(connection.execute(wanted.order_by(ticket.c.id).with_for_update()))


def _moving(rows: CursorResult[*tuple[object, ...]]) -> list[Draft]:
    return [Draft(dict(zip(_MOVING, row, strict=True))) for row in rows.all()]


def load_logs(connection: Connection, drafts: Sequence[Draft], also: tuple[Kind, ...] = ()) -> list[Draft]:
    """Give locked tickets the events that their clocks read, those of further kinds, and the deadlines so far."""
    numbers = [draft.id for draft in drafts]
    logs = clock_events(connection, numbers, also) if drafts else {}
    ends = deadlines.read(connection, numbers) if drafts else {}
    for draft in drafts:
        draft.log = logs.get(draft.id, [])
        draft.row["deadlines"] = ends.get(draft.id, {})
    return list(drafts)


def lock(
    connection: Connection, number: int, version: int | None = None, also: tuple[Kind, ...] = ()
) -> Draft:  # fmt: skip
    """Lock and return one ticket; raise StaleTicketError when it is not in the version the caller saw."""
    drafts = load_logs(connection, _lock(connection, ticket.c.id == number), also)
    if not drafts:
        raise NoSuchTicketError(f"there is no ticket {number}")
    current = drafts[0].version
    if version is not None and version != current:
        raise StaleTicketError(number, version, current)
    return drafts[0]


def claim_due(connection: Connection, now: datetime, limit: int) -> list[Draft]:
    """Lock and return tickets whose moment has come; tickets that another desk is at are its business."""
    due = (
        select(ticket.c.id)
        .where(ticket.c.due_at <= now)
        .order_by(ticket.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    numbers = list(connection.scalars(due))
    return load_logs(connection, _lock(connection, ticket.c.id.in_(numbers))) if numbers else []


def open_after(connection: Connection, number: int, limit: int) -> list[int]:
    """Return the numbers of open tickets above a number, in their order."""
    wanted = select(ticket.c.id).where(OPEN, ticket.c.id > number).order_by(ticket.c.id).limit(limit)
    return list(connection.scalars(wanted))


def _lock(connection: Connection, *conditions: ColumnElement[bool]) -> list[Draft]:
    rows = connection.execute(select(ticket).where(*conditions).order_by(ticket.c.id).with_for_update()).mappings()
    return [Draft(dict(row)) for row in rows]


def clock_events(
    connection: Connection, numbers: Sequence[int], also: tuple[Kind, ...] = ()
) -> dict[int, list[Event]]:  # fmt: skip
    """Return the events that the clocks read and those of further kinds, oldest first, by ticket."""
    parameters = {"numbers": batch.listed(connection, numbers)}
    return by_ticket(connection.execute(_clock_log(connection.dialect.name, also), parameters).all())


@cache
def _clock_log(dialect: str, also: tuple[Kind, ...]) -> Select[int, datetime, str, str, object]:
    theirs = batch.among(dialect, event.c.ticket_id, "numbers")
    return select(*COLUMNS).where(theirs, event.c.kind.in_(CLOCK_KINDS | {*also})).order_by(event.c.id)


def insert(connection: Connection, drafts: Sequence[Draft], publish: Publish) -> None:
    """Store new tickets with their events and messages, and give the drafts their numbers."""
    if not drafts:
        return
    numbers: dict[str, int] = {}
    for rows in _alike(_columns(draft) for draft in drafts):
        numbers |= batch.insert_new(connection, ticket, rows, "problem_key", ONE_OPEN)
    if len(numbers) < len(drafts):
        raise OpenedElsewhereError
    for draft in drafts:
        draft.row["id"] = numbers[draft.problem_key]
    deadlines.write(connection, drafts)
    _write_events(connection, drafts, publish)


def save(connection: Connection, drafts: Sequence[Draft], publish: Publish) -> None:
    """Store what changed of locked tickets, their events and messages; tickets with like columns share a statement."""
    for rows in _alike(_columns(draft) | {"id": draft.id} for draft in drafts if draft.changes):
        batch.update(connection, ticket, rows)
    deadlines.write(connection, drafts)
    _write_events(connection, drafts, publish)


def _columns(draft: Draft) -> dict[str, object]:
    return {name: value for name, value in draft.changes.items() if name != "deadlines"}


def _alike(rows: Iterable[batch.Row]) -> Iterable[list[batch.Row]]:
    alike: dict[tuple[str, ...], list[batch.Row]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(row)
    return alike.values()


def _write_events(connection: Connection, drafts: Sequence[Draft], publish: Publish) -> None:
    rows: list[batch.Row] = [
        {
            "ticket_id": draft.id,
            "at": each.at,
            "kind": each.kind.value,
            "actor": each.actor,
            "data": to_json(each.body),
        }
        for draft in drafts
        for each in draft.events
    ]
    if rows:
        batch.insert(connection, event, rows)
        recorded = [
            Recorded(
                draft.id,
                draft.priority,
                draft.events,
                str(draft.row.get("priority") or ""),
                str(draft.row.get("vendor") or ""),
            )
            for draft in drafts
            if draft.events
        ]
        publish(connection, recorded, recorded[-1].events[-1].at)
