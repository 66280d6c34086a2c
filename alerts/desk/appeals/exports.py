"""Batches of free months for the billing team: each month is in one batch, and a batch is confirmed once.

A batch is made of all months that are approved and in no batch yet, and never changes. While one is not confirmed there
is no other: who asks again, at another desk or after a kill, gets the same. Its months count as exported once it is
confirmed.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.desk.appeals.billing_watch import reference_of
from alerts.desk.appeals.compensations import advance_export
from alerts.desk.appeals.desk import Rules
from alerts.desk.core.appeal_tables import appeal, appeal_contact, compensation, compensation_export
from alerts.desk.core.database import Database

_WAITS = (compensation.c.state == "approved", compensation.c.export_id.is_(None))


class NoSuchBatchError(LookupError):
    """There is no batch with this number."""


class Batch(NamedTuple):
    """A batch without its months."""

    number: int
    at: datetime
    by: str
    months: int
    confirmed_at: datetime | None
    confirmed_by: str


class Month(NamedTuple):
    """A free month as billing gets it. Its number is the idempotency key: billing credits no number twice."""

    id: int
    appeal: int
    service: str
    region: str
    period_from: date  # the accounting period in which the term passed
    period_to: date  # the first day of the next one
    number: str  # of the customer, in digits; empty: see `problem`
    crm_ref: str
    cabinet_ref: str
    problem: str  # why there is no number: contact_deleted, key_missing
    reference: str  # the `case_ref` of the movement that credits it


def make(database: Database, by: str, now: datetime) -> tuple[Batch, bool] | None:
    """Return the batch that is not confirmed, or a new one, and whether it is new; None where no month waits."""
    with database.write() as connection:
        waiting = _unconfirmed(connection)
        if waiting is not None:
            return waiting, False
        if connection.scalar(select(compensation.c.id).where(*_WAITS).limit(1)) is None:
            return None
        number = _begin(connection, by, now)
        if number is None:  # another desk was first
            found = _unconfirmed(connection)
            return (found, False) if found else None
        taken = update(compensation).where(*_WAITS).values(export_id=number)
        if not connection.execute(taken).rowcount:
            # Another desk made and confirmed a batch of them meanwhile.
            connection.execute(delete(compensation_export).where(compensation_export.c.id == number))
            return None
        return one(connection, number), True


def confirm(database: Database, rules: Rules, number: int, by: str, now: datetime) -> Batch:
    """Record that billing has a batch, and that its months are exported; a second time changes nothing.

    The months are taken some at a time and the batch is confirmed last: when a desk dies in between, it is not, and
    confirming it again goes on with the rest.
    """
    advance_export(database, rules, number, by, now)
    with database.write() as connection:
        this = compensation_export.c.id == number
        connection.execute(select(compensation_export.c.id).where(this).with_for_update())
        if one(connection, number).confirmed_at is None:
            done = update(compensation_export).where(this)
            connection.execute(done.values(unconfirmed=None, confirmed_at=now, confirmed_by=by))
        return one(connection, number)


def batches(connection: Connection, *conditions: ColumnElement[bool], limit: int = 200) -> Sequence[Batch]:
    """Return batches, the latest first."""
    months = select(func.count()).where(compensation.c.export_id == compensation_export.c.id).scalar_subquery()
    columns = [compensation_export.c[name] for name in ("id", "at", "actor")]
    later = [compensation_export.c[name] for name in ("confirmed_at", "confirmed_by")]
    wanted = select(*columns, months, *later).where(*conditions).order_by(compensation_export.c.id.desc())
    return [Batch(*tuple(row)) for row in connection.execute(wanted.limit(limit))]


def one(connection: Connection, number: int) -> Batch:
    """Return a batch; raise NoSuchBatchError where there is none."""
    found = batches(connection, compensation_export.c.id == number)
    if not found:
        raise NoSuchBatchError(f"there is no batch {number} of free months")
    return found[0]


def months(connection: Connection, rules: Rules, number: int) -> list[Month]:
    """Return the months of a batch in the order of their numbers."""
    return list(_months(connection, rules, number))


def waiting(connection: Connection) -> int:
    """Return how many approved months are in no batch yet."""
    return connection.scalar(select(func.count()).select_from(compensation).where(*_WAITS)) or 0


def _unconfirmed(connection: Connection) -> Batch | None:
    return next(iter(batches(connection, compensation_export.c.unconfirmed == true())), None)


def _begin(connection: Connection, by: str, now: datetime) -> int | None:
    """Store a batch without months; None where one is not confirmed: the index permits no second one."""
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {"actor": by, "at": now, "unconfirmed": True, "confirmed_by": ""}
    stored = kind.insert(compensation_export).values(**values).on_conflict_do_nothing()
    number: int | None = connection.execute(stored.returning(compensation_export.c.id)).scalar()
    return number


def _months(connection: Connection, rules: Rules, number: int) -> Iterator[Month]:
    columns = (
        *(compensation.c.id, compensation.c.appeal_id, compensation.c.service, appeal.c.region),
        *(compensation.c.period_start, compensation.c.period_end, appeal.c.crm_ref, appeal.c.cabinet_ref),
        *(appeal_contact.c.sealed, appeal_contact.c.key_id),
    )
    joined = compensation.join(appeal, appeal.c.id == compensation.c.appeal_id)
    wanted = select(*columns).select_from(joined.outerjoin(appeal_contact, appeal_contact.c.id == appeal.c.contact_id))
    for row in connection.execute(wanted.where(compensation.c.export_id == number).order_by(compensation.c.id)):
        contact = rules.keys.open_contact(row.sealed, row.key_id) if row.sealed is not None else None
        missing = "contact_deleted" if row.sealed is None else "key_missing"
        yield Month(
            row.id,
            row.appeal_id,
            row.service,
            row.region,
            row.period_start.astimezone(rules.calendars.zone).date(),
            row.period_end.astimezone(rules.calendars.zone).date(),
            contact.number.removeprefix("+") if contact else "",
            row.crm_ref,
            row.cabinet_ref,
            "" if contact else missing,
            reference_of(row.id),
        )
