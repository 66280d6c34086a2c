"""Cases in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Text, cast, insert, select, update

from alerts.desk.billing.case import CLOSED, Case, Frozen, case_of
from alerts.desk.billing.figures import Counts
from alerts.desk.billing.kinds import ALERTS, Kind
from alerts.desk.billing.records import CaseEvent, CaseRecord, CountRecord, ScopeRecord
from alerts.desk.core.billing_tables import billing_case, billing_count, billing_event, billing_scope
from alerts.desk.core.kept_json import to_json
from alerts.desk.core.tables import OPEN, alarm, ticket


class NoSuchCaseError(LookupError):
    """There is no case with this number."""


class StaleCaseError(Exception):
    """The case changed since the caller looked at it."""


class WithoutCase(NamedTuple):
    """A ticket that has no case yet."""

    ticket_id: int
    opened_at: datetime


def find(connection: Connection, number: int) -> Case | None:
    """Return a case."""
    row = connection.execute(select(billing_case).where(billing_case.c.id == number)).mappings().one_or_none()
    return case_of(CaseRecord(row)) if row else None


def of_ticket(connection: Connection, ticket_id: int) -> Case | None:
    """Return the case of a ticket."""
    wanted = select(billing_case).where(billing_case.c.ticket_id == ticket_id)
    row = connection.execute(wanted).mappings().one_or_none()
    return case_of(CaseRecord(row)) if row else None


def lock(connection: Connection, number: int, version: int | None = None) -> Case:
    """Lock a case; raise StaleCaseError where it is not in the version that the caller saw."""
    wanted = select(billing_case).where(billing_case.c.id == number).with_for_update()
    row = connection.execute(wanted).mappings().one_or_none()
    if row is None:
        raise NoSuchCaseError(f"there is no case {number}")
    case = case_of(CaseRecord(row))
    if version is not None and case.version != version:
        raise StaleCaseError
    return case


def current(connection: Connection) -> list[Case]:
    """Return the cases that are not closed, oldest first."""
    wanted = select(billing_case).where(billing_case.c.state != CLOSED).order_by(billing_case.c.id)
    return [case_of(CaseRecord(row)) for row in connection.execute(wanted).mappings()]


def latest(connection: Connection, limit: int) -> list[Case]:
    """Return the latest cases, newest first."""
    wanted = select(billing_case).order_by(billing_case.c.id.desc()).limit(limit)
    return [case_of(CaseRecord(row)) for row in connection.execute(wanted).mappings()]


def opened(connection: Connection, start: datetime, end: datetime) -> list[Case]:
    """Return the cases that were opened in a span, oldest first."""
    span = (billing_case.c.opened_at >= start, billing_case.c.opened_at < end)
    wanted = select(billing_case).where(*span).order_by(billing_case.c.id)
    return [case_of(CaseRecord(row)) for row in connection.execute(wanted).mappings()]


def without_case(connection: Connection) -> dict[tuple[str, Kind], WithoutCase]:
    """Return, by service and kind, the first open ticket with a firing alarm of billing that has no case yet."""
    columns = (ticket.c.id, ticket.c.opened_at, alarm.c.labels)
    fires = (alarm.c.ends_at.is_(None), OPEN, cast(alarm.c.labels, Text).like('%"Billing%'))
    known = select(billing_case.c.id).where(billing_case.c.ticket_id == ticket.c.id).exists()
    wanted = select(*columns).join(ticket, ticket.c.id == alarm.c.ticket_id).where(*fires, ~known)
    found: dict[tuple[str, Kind], WithoutCase] = {}
    for number, opened_at, labels in connection.execute(wanted.order_by(ticket.c.id)):
        kind, service = ALERTS.get(labels.get("alertname", "")), labels.get("service", "")
        if kind is not None and service:
            found.setdefault((service, kind), WithoutCase(number, opened_at))
    return found


def create(connection: Connection, **columns: object) -> int:
    """Store a new case; return its number."""
    blank = {"version": 0, "figures": {}, "waived": {}, "compensation": None, "clean": False, "state": "open"}
    done = connection.execute(insert(billing_case).values(**blank | columns))
    return int(done.inserted_primary_key[0])  # type: ignore[index]


def change(connection: Connection, number: int, **columns: object) -> None:
    """Change columns of a case."""
    connection.execute(update(billing_case).where(billing_case.c.id == number).values(**columns))


def scopes(connection: Connection, number: int) -> list[Frozen]:
    """Return the frozen versions of a case's scope, oldest first."""
    wanted = select(billing_scope).where(billing_scope.c.case_id == number).order_by(billing_scope.c.version)
    found = map(ScopeRecord, connection.execute(wanted).mappings())
    return [Frozen(each.version, each.at, each.final, each.scope) for each in found]


def freeze(connection: Connection, number: int, frozen: Frozen) -> None:
    """Keep a version of the scope."""
    values = {"case_id": number, "version": frozen.version, "at": frozen.at, "final": frozen.final}
    connection.execute(insert(billing_scope).values(**values, scope=to_json(frozen.scope)))


def counts(connection: Connection, number: int) -> list[CountRecord]:
    """Return how far the stages were, oldest first."""
    wanted = select(billing_count).where(billing_count.c.case_id == number).order_by(billing_count.c.id)
    return [CountRecord(row) for row in connection.execute(wanted).mappings()]


def add_count(connection: Connection, number: int, at: datetime, stages: Mapping[str, Counts]) -> None:
    """Keep how far the stages are."""
    connection.execute(insert(billing_count).values(case_id=number, at=at, stages=to_json(stages)))


def tell(connection: Connection, number: int, at: datetime, actor: str, kind: str, **data: object) -> None:
    """Add a line to the log of a case."""
    connection.execute(insert(billing_event).values(case_id=number, at=at, actor=actor, kind=kind, data=data))


def log_of(connection: Connection, number: int) -> list[CaseEvent]:
    """Return the log of a case, newest first."""
    wanted = select(billing_event).where(billing_event.c.case_id == number).order_by(billing_event.c.id.desc())
    return [CaseEvent(row) for row in connection.execute(wanted).mappings()]
