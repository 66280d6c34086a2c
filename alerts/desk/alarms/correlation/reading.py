"""What people read about a grouping: the cause, the effects with their times, and why each belongs to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from alerts.desk.alarms.correlation import texts
from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.records import Correlated
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.alarm_record import AlarmRecord

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Other:
    """A ticket that this one is grouped with, and the sentence that says why."""

    number: int
    names: Texts
    status: str
    opened_at: datetime
    why: Texts


@dataclass(frozen=True, slots=True)
class Line:
    """An alarm of the ticket that is not its own problem."""

    key: str
    labels: Texts
    annotations: Texts
    starts_at: datetime
    ends_at: datetime | None
    effect: bool
    why: Texts


@dataclass(frozen=True, slots=True)
class Kind:
    """How many alarms of one rule a ticket has gathered."""

    name: str
    number: int
    firing: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Grouping:
    """All of it; `lines` are one page of `total`."""

    cause: Other | None
    shared: Texts | None  # what the alarms of an inferred cause have in common
    folded: Sequence[Other]
    kinds: Sequence[Kind]
    lines: Sequence[Line]
    total: int

    def __bool__(self) -> bool:
        return bool(self.cause or self.shared or self.folded or self.total)


def read(connection: Connection, number: int, limit: int, offset: int = 0) -> Grouping:
    """Return the grouping of a ticket."""
    row = connection.execute(select(correlated).where(correlated.c.ticket_id == number)).mappings().one_or_none()
    own = Correlated(row) if row is not None else None
    kin = own.kin if own is not None else None
    shared = texts.shared(kin) if kin else None
    mine = select(ticket.c.problem_key).where(ticket.c.id == number).scalar_subquery()
    gathered = (alarm.c.ticket_id == number) & (alarm.c.effect | (alarm.c.problem_key != mine))
    kinds = _kinds(connection, gathered)
    return Grouping(
        _cause(connection, own) if own is not None else None,
        shared,
        _others(connection, correlated.c.cause_id == number),
        kinds,
        _lines(connection, number, gathered, shared, (limit, offset)),
        sum(kind.number for kind in kinds),
    )


def _cause(connection: Connection, own: Correlated) -> Other | None:
    if own.cause_id is None:
        return None
    wanted = select(ticket.c.id, ticket.c.names, ticket.c.status, ticket.c.opened_at)
    found = connection.execute(wanted.where(ticket.c.id == own.cause_id)).one_or_none()
    return Other(*found, own.why) if found else None


def _others(connection: Connection, condition: ColumnElement[bool]) -> list[Other]:
    columns = (ticket.c.id, ticket.c.names, ticket.c.status, ticket.c.opened_at, correlated.c.why)
    joined = select(*columns).join(correlated, correlated.c.ticket_id == ticket.c.id)
    return [Other(*row) for row in connection.execute(joined.where(condition).order_by(ticket.c.id))]


def _kinds(connection: Connection, gathered: ColumnElement[bool]) -> list[Kind]:
    name = alarm.c.labels["alertname"].as_string()
    rows = connection.execute(
        select(name, func.count(), func.sum(case((alarm.c.ends_at.is_(None), 1), else_=0)), func.min(alarm.c.starts_at))
        .where(gathered)
        .group_by(name)
        .order_by(func.count().desc(), name)
    )
    return [Kind(kind or "", number, firing, first) for kind, number, firing, first in rows]


def _lines(
    connection: Connection, number: int, gathered: ColumnElement[bool], shared: Texts | None, page: tuple[int, int]
) -> list[Line]:
    limit, offset = page
    order = (alarm.c.ends_at.is_not(None), alarm.c.starts_at, alarm.c.id)
    wanted = select(alarm).where(gathered).order_by(*order).limit(limit).offset(offset)
    rows = [AlarmRecord(row) for row in connection.execute(wanted).mappings()]
    causes = _causes(connection, number, {row.cause_key for row in rows if row.cause_key})
    result = []
    for row in rows:
        one, cause = Alarm(row.problem_key, row.labels, row.starts_at), causes.get(row.cause_key or "")
        why = texts.why(cause, one) if row.effect and cause else (shared or {}) if not row.effect else {}
        line = (row.problem_key, row.labels, row.annotations, row.starts_at, row.ends_at, row.effect)
        result.append(Line(*line, why))
    return result


def _causes(connection: Connection, number: int, keys: set[str]) -> dict[str, Alarm]:
    """Return the alarms that explain others, by problem; those of the ticket itself are among its own."""
    theirs = (alarm.c.ticket_id == number) & alarm.c.problem_key.in_(keys)
    wanted = select(alarm.c.problem_key, alarm.c.labels, alarm.c.starts_at).where(theirs).order_by(alarm.c.id)
    return {key: Alarm(key, labels, starts_at) for key, labels, starts_at in connection.execute(wanted)} if keys else {}
