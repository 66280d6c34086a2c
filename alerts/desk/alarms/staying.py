"""An occurrence stays with the problem that has it, though Alertmanager brings it in another group meanwhile.

After a reload with another `group_by`, or by a second route, the same occurrence comes with other group labels. As a
problem of its own it would open a second ticket, and the first one would never hear of its end.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    and_,
    cast,
    exists,
    or_,
    select,
    type_coerce,
)

from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.webhook import Alert
from alerts.desk.core import batch
from alerts.desk.core.tables import OPEN, alarm, micros, ticket, works_alarm

UNKNOWN_START = "-1"


class Home(NamedTuple):
    """The problem that has an occurrence."""

    key: str
    labels: Mapping[str, str]


Name = tuple[str, str]
"""Problem key and fingerprint."""


def with_their_problems(connection: Connection, found: Sequence[Problem]) -> list[Problem]:
    """Return the alerts of a notification under the problems that have their occurrences already."""
    return gathered(found, homes_of(connection, found))


def homes_of(connection: Connection, found: Sequence[Problem]) -> Mapping[Name, Home]:
    """Return the alerts whose occurrences another problem has, with that problem."""
    every = [(problem.key, alert) for problem in found for alert in problem.alerts]
    homes = _homes(connection, every, _in_tickets)
    rest = [each for each in every if (each[0], each[1].fingerprint) in homes]
    homes |= {name: home for name, home in _homes(connection, rest, _in_works).items() if home}
    return {name: home for name, home in homes.items() if home}


def gathered(found: Iterable[Problem], homes: Mapping[Name, Home]) -> list[Problem]:
    """Return problems with the alerts that have another home moved there."""
    problems = list(found)
    if not homes:
        return problems
    result: dict[str, Problem] = {}
    for problem in problems:
        for alert in problem.alerts:
            key, labels = homes.get((problem.key, alert.fingerprint), (problem.key, problem.labels))
            place = result.get(key)
            if place is None:
                place = result[key] = replace(problem, key=key, labels=labels, alerts=[])
            elif problem.truncated > place.truncated:
                place.truncated = problem.truncated
            if all(known.fingerprint != alert.fingerprint for known in place.alerts):
                place.alerts.append(alert)
    return [result[key] for key in sorted(result)]


def _homes(
    connection: Connection,
    every: Sequence[tuple[str, Alert]],
    wanted: Callable[[str], Select[str, str, str | None, Mapping[str, str]]],
) -> dict[Name, Home | None]:
    """Return the alerts whose own problem does not have them, with the problem that does."""
    if not every:
        return {}
    moments = {each.starts_at for _, each in every}  # few, even in a storm
    starts = {moment: str(micros(moment)) if moment else UNKNOWN_START for moment in moments}
    names = [
        {"problem_key": key, "fingerprint": each.fingerprint, "starts": starts[each.starts_at]} for key, each in every
    ]
    rows = connection.execute(wanted(connection.dialect.name), {"names": batch.document(names)}).all()
    result: dict[Name, Home | None] = {}
    for key, fingerprint, home, labels in rows:
        result[key, fingerprint] = Home(home, labels) if home else None
    return result


@cache
def _in_tickets(dialect: str) -> Select[str, str, str | None, Mapping[str, str]]:
    other, holder = alarm.alias("other"), ticket.alias("holder")
    fires = and_(other.c.ends_at.is_(None), exists().where(ticket.c.id == other.c.ticket_id, OPEN))
    given, known, same = _compared(dialect, alarm, other, fires)
    return (
        select(given.c.problem_key, given.c.fingerprint, other.c.problem_key, holder.c.labels)
        .select_from(given.outerjoin(other, same).outerjoin(holder, holder.c.id == other.c.ticket_id))
        .where(~known)
        .order_by(other.c.id)
    )


@cache
def _in_works(dialect: str) -> Select[str, str, str | None, Mapping[str, str]]:
    other = works_alarm.alias("other")
    fires = and_(other.c.ends_at.is_(None), other.c.released_at.is_(None))
    given, known, same = _compared(dialect, works_alarm, other, fires)
    return (
        select(given.c.problem_key, given.c.fingerprint, other.c.problem_key, other.c.group_labels)
        .select_from(given.join(other, same))
        .where(~known)
        .order_by(other.c.id)
    )


def _compared(
    dialect: str, table: Table, other: FromClause, fires: ColumnElement[bool]
) -> tuple[FromClause, ColumnElement[bool], ColumnElement[bool]]:
    """Return the given names, whether their own problem has them, and whether another one has the same occurrence."""
    given = batch.texts(dialect, "names", ("problem_key", "fingerprint", "starts"))
    starts, own = cast(given.c.starts, BigInteger), table.alias("own")
    known = exists().where(
        own.c.problem_key == given.c.problem_key,
        own.c.fingerprint == given.c.fingerprint,
        or_(own.c.ends_at.is_(None), type_coerce(own.c.starts_at, BigInteger) >= starts),
    )
    same = and_(
        other.c.fingerprint == given.c.fingerprint,
        other.c.problem_key != given.c.problem_key,
        or_(type_coerce(other.c.starts_at, BigInteger) == starts, fires),
    )
    return given, known, same
