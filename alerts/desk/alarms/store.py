"""Occurrences of alarms."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from alerts.desk.alarms.evaluation.questions import Ended
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.outcome import Occurrence
from alerts.desk.core import batch
from alerts.desk.core.tables import OPEN, alarm, ticket
from alerts.desk.tickets.change import Draft

_CHANGING = (
    *("id", "ticket_id", "problem_key", "fingerprint"),
    *("starts_at", "ends_at", "changed_at", "late", "annotations"),
)


def latest(
    connection: Connection, problems: Sequence[Problem], open_tickets: set[int]
) -> dict[tuple[str, str], Occurrence]:
    """Return the newest known occurrence of each alarm in `problems`, by problem key and fingerprint.

    An occurrence is stored only when it is newer than the known one, so the highest number is the newest. Its labels
    and its generator URL never change and are not read: repeats are most of a storm.
    """
    names = [
        {"problem_key": problem.key, "fingerprint": alert.fingerprint}
        for problem in problems
        for alert in problem.alerts
    ]
    rows = connection.execute(_newest(connection.dialect.name), {"names": batch.document(names)}).all()
    return {(row.problem_key, row.fingerprint): _occurrence(row, open_tickets) for row in rows}


@cache
def _newest(dialect: str) -> Select[*tuple[object, ...]]:
    wanted = batch.texts(dialect, "names", ("problem_key", "fingerprint"))
    newest = (
        select(func.max(alarm.c.id))
        .select_from(wanted)
        .join(alarm, (alarm.c.problem_key == wanted.c.problem_key) & (alarm.c.fingerprint == wanted.c.fingerprint))
        .group_by(alarm.c.problem_key, alarm.c.fingerprint)
    )
    return select(*(alarm.c[name] for name in _CHANGING)).where(alarm.c.id.in_(newest))


def _occurrence(row: Sequence[Any], open_tickets: set[int]) -> Occurrence:
    number, ticket_id, _, fingerprint, starts_at, ends_at, changed_at, late, annotations = row
    return Occurrence(
        fingerprint=fingerprint,
        starts_at=starts_at,
        ends_at=ends_at,
        changed_at=changed_at,
        labels={},
        annotations=annotations,
        generator_url="",
        id=number,
        ticket_id=ticket_id,
        late=late,
        in_open_ticket=ticket_id in open_tickets,
    )


class Held(NamedTuple):
    """An occurrence that the desk holds as firing in an open ticket."""

    problem_key: str
    group: Mapping[str, str]
    fingerprint: str
    starts_at: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str] | None = None  # None where they are not shown anywhere


def firing(connection: Connection) -> dict[tuple[str, str], Held]:
    """Return everything that fires by what the desk knows, by problem key and fingerprint."""
    columns = (alarm.c.fingerprint, alarm.c.starts_at, alarm.c.labels, alarm.c.annotations)
    rows = connection.execute(
        select(alarm.c.problem_key, ticket.c.labels, *columns)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(alarm.c.ends_at.is_(None), OPEN)
    )
    return {(row[0], row[2]): Held(*row) for row in rows}


def ended(connection: Connection, number: int) -> list[Ended]:
    """Return the latest occurrence of each alarm of a ticket that has ended; effects of its alarms do not count."""
    newest = (
        select(func.max(alarm.c.id))
        .where(alarm.c.ticket_id == number, alarm.c.effect.is_(False), alarm.c.ends_at.is_not(None))
        .group_by(alarm.c.problem_key, alarm.c.fingerprint)
    )
    columns = (alarm.c.labels, alarm.c.annotations, alarm.c.generator_url, alarm.c.starts_at, alarm.c.ends_at)
    return [Ended(*row) for row in connection.execute(select(*columns).where(alarm.c.id.in_(newest)))]


def fires(connection: Connection, problem_key: str, fingerprint: str) -> bool:
    """Return whether one alarm fires by what the desk knows."""
    statement = (
        select(alarm.c.id)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(alarm.c.problem_key == problem_key, alarm.c.fingerprint == fingerprint, alarm.c.ends_at.is_(None), OPEN)
        .limit(1)
    )
    return connection.scalar(statement) is not None


class Fresh(NamedTuple):
    """A new occurrence, the ticket that it belongs to, and whether it is an effect of the ticket's own alarms."""

    draft: Draft
    problem_key: str
    occurrence: Occurrence
    effect: bool
    cause: str | None = None  # the problem that explains it


def insert(connection: Connection, fresh: Iterable[Fresh]) -> None:
    """Store new occurrences under their tickets, which have their numbers by now."""
    rows = [
        {
            "ticket_id": draft.id,
            "problem_key": problem_key,
            "fingerprint": each.fingerprint,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "changed_at": each.changed_at,
            "late": each.late,
            "labels": dict(each.labels),
            "annotations": dict(each.annotations),
            "generator_url": each.generator_url,
            "effect": effect,
            "cause_key": cause,
        }
        for draft, problem_key, each, effect, cause in fresh
    ]
    batch.insert(connection, alarm, rows)


def move(connection: Connection, number: int, rows: Sequence[int], cause: str | None = None) -> None:
    """Give effects of another ticket to one of their own, or to one whose problem `cause` explains them."""
    connection.execute(
        alarm.update().where(alarm.c.id.in_(rows)).values(ticket_id=number, effect=cause is not None, cause_key=cause)
    )


def move_problem(connection: Connection, number: int, holder: int, problem_key: str, cause: str) -> None:
    """Give all that fires of an effect in one ticket to another, whose problem `cause` explains it.

    An alarm of it may have come in this very transaction, after it was read what fires.
    """
    theirs = (alarm.c.ticket_id == holder) & (alarm.c.problem_key == problem_key) & alarm.c.ends_at.is_(None)
    connection.execute(alarm.update().where(theirs, alarm.c.effect.is_(True)).values(ticket_id=number, cause_key=cause))


def update(connection: Connection, changed: Iterable[Occurrence]) -> None:
    """Store what changed of known occurrences."""
    rows = [
        {
            "id": each.id,
            "ends_at": each.ends_at,
            "changed_at": each.changed_at,
            "late": each.late,
            "annotations": dict(each.annotations),
        }
        for each in changed
    ]
    batch.update(connection, alarm, rows)
