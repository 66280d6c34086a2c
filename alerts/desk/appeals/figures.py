"""What `/metrics` reads of appeals. Plain functions of a connection; they change nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, func, literal, or_, select

from alerts.desk.appeals import billing_watch
from alerts.desk.appeals.compensations import UNDER_WAY
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.events import Late
from alerts.desk.appeals.log_json import from_json
from alerts.desk.appeals.states import Queue, Status
from alerts.desk.core.appeal_metrics import LISTED, AppealFigures, Deadline
from alerts.desk.core.appeal_tables import appeal, appeal_event, appeal_mail, compensation
from alerts.desk.core.mass_notice import MassNotice
from alerts.desk.core.tables import OPEN

RECENT = timedelta(hours=1)

# Who has an appeal: the customer who was asked, whoever it is held for, else its queue.
PARTY = case(
    (appeal.c.status == str(Status.PENDING), literal("customer")),
    (and_(appeal.c.status == str(Status.HELD), appeal.c.status_reason != ""), appeal.c.status_reason),
    else_=appeal.c.queue,
).label("party")
_UNANSWERED = appeal.c.delivered_at.is_(None)


def read(connection: Connection, rules: Rules, masses: Sequence[MassNotice], now: datetime) -> AppealFigures:
    """Return the figures of this moment; `masses` are those that the desk's worker found."""
    return AppealFigures(
        codes=[(code.id, code.en, code.ru) for code in rules.codes.values()],
        open=_counts(connection, (appeal.c.service, appeal.c.code, appeal.c.entry, PARTY, appeal.c.answer_by), OPEN),
        recent=_counts(
            connection,
            (appeal.c.service, appeal.c.region, appeal.c.code, appeal.c.entry),
            appeal.c.registered_at > now - RECENT,
        ),
        overdue=_overdue(connection),
        deadlines=_deadlines(connection),
        unrouted=_unrouted(connection),
        masses={(each.service, each.region, each.group): each.customers for each in masses},
        mail=_mail(connection),
        free_months=_free_months(connection),
        free_months_late=_free_months_late(connection),
        free_month_credits=billing_watch.counts(connection, rules, now),
    )


def _counts(connection: Connection, labels: Sequence[object], *conditions: object) -> dict[tuple[str, ...], int]:
    wanted = select(*labels, func.count()).where(*conditions).group_by(*labels)  # type: ignore[call-overload]
    return {tuple(row[:-1]): row[-1] for row in connection.execute(wanted)}


def _overdue(connection: Connection) -> dict[tuple[str, ...], int]:
    """Return how many are overdue, zeros included: an alert that ends must not look like a desk that is gone."""
    labels = (appeal.c.service, PARTY)
    late = func.sum(case((and_(appeal.c.late, _UNANSWERED), 1), else_=0))
    rows = connection.execute(select(*labels, late).where(OPEN).group_by(*labels))
    return {(service, party): int(number) for service, party, number in rows}


def _deadlines(connection: Connection) -> list[Deadline]:
    columns = (appeal.c.id, appeal.c.service, appeal.c.code, appeal.c.region, PARTY, appeal.c.deadline_at)
    runs = (OPEN, _UNANSWERED, appeal.c.deadline_at.is_not(None))
    rows = connection.execute(select(*columns).where(*runs).order_by(appeal.c.deadline_at).limit(LISTED))
    return [Deadline(*row) for row in rows]


def _unrouted(connection: Connection) -> datetime | None:
    waits = (OPEN, appeal.c.queue == str(Queue.UNROUTED))
    oldest: datetime | None = connection.scalar(select(func.min(appeal.c.registered_at)).where(*waits))
    return oldest


def _mail(connection: Connection) -> dict[str, datetime]:
    waits = or_(
        and_(appeal_mail.c.direction == "outbound", appeal_mail.c.next_at.is_not(None)), appeal_mail.c.state == "unread"
    )
    oldest = select(appeal_mail.c.direction, func.min(appeal_mail.c["at"])).where(waits)
    rows = connection.execute(oldest.group_by(appeal_mail.c.direction))
    return {direction: moment for direction, moment in rows}  # noqa: C416 - rows, not pairs


def _free_months(connection: Connection) -> dict[str, int]:
    counted = select(compensation.c.state, func.count()).group_by(compensation.c.state)
    rows = connection.execute(counted.where(compensation.c.state.in_(UNDER_WAY)))
    return dict.fromkeys(UNDER_WAY, 0) | {state: number for state, number in rows}  # noqa: C416 - rows, not pairs


def _free_months_late(connection: Connection) -> dict[str, int]:
    """Return how many are late; the log of their appeals says so."""
    joined = select(compensation.c.state, compensation.c.id, appeal_event.c.kind, appeal_event.c.data).join(
        appeal_event, appeal_event.c.appeal_id == compensation.c.appeal_id
    )
    rows = connection.execute(joined.where(compensation.c.state.in_(UNDER_WAY), appeal_event.c.kind == "Late"))
    late = {number: state for state, number, kind, data in rows if from_json(kind, data) == Late("free_month")}
    return dict.fromkeys(UNDER_WAY, 0) | Counter(late.values())
