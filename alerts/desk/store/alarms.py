"""Occurrences of alarms."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, RowMapping, bindparam, func, select
from sqlalchemy import update as sql_update

from alerts.desk.alarms import Occurrence
from alerts.desk.draft import Draft
from alerts.desk.store.tables import alarm, ticket
from alerts.desk.ticket import TERMINAL

if TYPE_CHECKING:
    from alerts.desk.ingest import Problem

CHUNK = 5000  # values in one IN list: SQLite takes 32,766, PostgreSQL 65,535


def latest(
    connection: Connection, problems: Sequence["Problem"], open_tickets: set[int]
) -> dict[tuple[str, str], Occurrence]:
    """Return the newest known occurrence of each alarm in `problems`, by problem key and fingerprint.

    An occurrence is stored only when it is newer than the known one, so the highest number is the newest.
    """
    keys = [problem.key for problem in problems]
    prints = list({alert.fingerprint for problem in problems for alert in problem.alerts})
    result: dict[tuple[str, str], Occurrence] = {}
    for start in range(0, len(keys), CHUNK):
        for begin in range(0, len(prints), CHUNK):
            newest = (
                select(func.max(alarm.c.id))
                .where(alarm.c.problem_key.in_(keys[start : start + CHUNK]))
                .where(alarm.c.fingerprint.in_(prints[begin : begin + CHUNK]))
                .group_by(alarm.c.problem_key, alarm.c.fingerprint)
            )
            for row in connection.execute(select(alarm).where(alarm.c.id.in_(newest))).mappings():
                result[row["problem_key"], row["fingerprint"]] = _occurrence(row, open_tickets)
    return result


def _occurrence(row: RowMapping, open_tickets: set[int]) -> Occurrence:
    return Occurrence(
        fingerprint=row["fingerprint"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        changed_at=row["changed_at"],
        labels=row["labels"],
        annotations=row["annotations"],
        generator_url=row["generator_url"],
        id=row["id"],
        ticket_id=row["ticket_id"],
        late=row["late"],
        in_open_ticket=row["ticket_id"] in open_tickets,
    )


class Held(NamedTuple):
    """An occurrence that the desk holds as firing in an open ticket."""

    problem_key: str
    group: Mapping[str, str]
    fingerprint: str
    starts_at: datetime
    labels: Mapping[str, str]


def firing(connection: Connection) -> dict[tuple[str, str], Held]:
    """Return everything that fires by what the desk knows, by problem key and fingerprint."""
    rows = connection.execute(
        select(alarm.c.problem_key, ticket.c.labels, alarm.c.fingerprint, alarm.c.starts_at, alarm.c.labels)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(alarm.c.ends_at.is_(None), ticket.c.status.not_in(TERMINAL))
    )
    return {(row[0], row[2]): Held(*row) for row in rows}


def insert(connection: Connection, fresh: Iterable[tuple[Draft, Occurrence]]) -> None:
    """Store new occurrences under their tickets, which have their numbers by now."""
    rows = [
        {
            "ticket_id": draft["id"],
            "problem_key": draft["problem_key"],
            "fingerprint": each.fingerprint,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "changed_at": each.changed_at,
            "late": each.late,
            "labels": dict(each.labels),
            "annotations": dict(each.annotations),
            "generator_url": each.generator_url,
        }
        for draft, each in fresh
    ]
    if rows:
        connection.execute(alarm.insert(), rows)


_UPDATE = (
    sql_update(alarm)
    .where(alarm.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in ("ends_at", "changed_at", "late", "annotations")})
)


def update(connection: Connection, changed: Iterable[Occurrence]) -> None:
    """Store what changed of known occurrences."""
    rows: list[dict[str, Any]] = [
        {
            "b_id": each.id,
            "b_ends_at": each.ends_at,
            "b_changed_at": each.changed_at,
            "b_late": each.late,
            "b_annotations": dict(each.annotations),
        }
        for each in changed
    ]
    if rows:
        connection.execute(_UPDATE, rows)
