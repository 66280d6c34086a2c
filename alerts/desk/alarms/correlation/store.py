"""What correlation keeps: tickets with a layer, and problems that wait."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, or_, select, update

from alerts.desk.alarms.correlation import by_hand
from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.common import Kin
from alerts.desk.alarms.correlation.grouping import AFTERMATH
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.records import CorrelatedTicket, Waiting
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.opening import worst_of
from alerts.desk.alarms.outcome import Occurrence
from alerts.desk.alarms.problem import problem_key
from alerts.desk.core import batch
from alerts.desk.core.annotations import by_language
from alerts.desk.core.kept_json import to_json
from alerts.desk.core.settings import SEPARATE
from alerts.desk.core.tables import OPEN, Instant, alarm, correlated, ticket, waiting
from alerts.desk.tickets.states import WORKING_VALUES

GROUPED = ("alertname", "site", "node", "element", "service", "channel")  # by alertmanager.yml
_ENDED = ("resolved", "closed")
# A ticket that is confirmed as repaired is closed minutes later; its cause ended when it was resolved.
ENDED_AT = func.coalesce(ticket.c.resolved_at, ticket.c.status_at)
ROOT = func.coalesce(correlated.c.cause_id, correlated.c.ticket_id)  # the ticket that stands for itself


def hosts(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[int, bool, str | None]]:
    """Return, by problem, the open ticket of another problem that holds its newest alarm, and as whose effect."""
    if not keys:
        return {}
    rows = connection.execute(_hosts(connection.dialect.name), {"keys": batch.listed(connection, keys)})
    return {key: (number, effect, cause) for key, number, effect, cause in rows.all()}


@cache
def _hosts(dialect: str) -> Select[str, int, bool, str | None]:
    known = batch.among(dialect, alarm.c.problem_key, "keys")
    newest = select(func.max(alarm.c.id)).where(known).group_by(alarm.c.problem_key)
    return (
        select(alarm.c.problem_key, alarm.c.ticket_id, alarm.c.effect, alarm.c.cause_key)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(alarm.c.id.in_(newest), ticket.c.problem_key != alarm.c.problem_key, OPEN)
    )


def heads(connection: Connection, now: datetime) -> list[Head]:
    """Return the tickets that stand for themselves: open ones, and those whose alarms ended a short time ago."""
    rows = connection.execute(_heads(), {"since": now - AFTERMATH}).mappings()
    found = [
        Head(
            Alarm(each.problem_key, each.labels, each.began),
            ticket=each.ticket_id,
            kin=each.kin,
            ended=each.ended_at if each.status in _ENDED else None,
            fixed=each.fixed,
            opened=each.opened_at,
        )
        for each in map(CorrelatedTicket, rows)
    ]
    by_hand.add(connection, found)
    _add_members(connection, [head for head in found if head.kin is not None])
    return found


@cache
def _heads() -> Select[*tuple[object, ...]]:
    lately = ticket.c.status.in_(_ENDED) & (bindparam("since", type_=Instant()) <= ENDED_AT)
    return (
        select(ticket.c.status, ENDED_AT.label("ended_at"), ticket.c.opened_at, ticket.c.problem_key, correlated)
        .join(ticket, ticket.c.id == correlated.c.ticket_id)
        .where(correlated.c.cause_id.is_(None), or_(ticket.c.status.in_(WORKING_VALUES), lately))
        .order_by(ticket.c.id)
    )


def _add_members(connection: Connection, families: Sequence[Head]) -> None:
    by_ticket = {head.ticket: head for head in families}
    if not by_ticket:
        return
    rows = connection.execute(
        select(alarm.c.ticket_id, alarm.c.problem_key, alarm.c.labels, alarm.c.starts_at)
        .where(alarm.c.ticket_id.in_(by_ticket), alarm.c.effect.is_(False), alarm.c.ends_at.is_(None))
        .order_by(alarm.c.id)
    )
    for number, key, labels, starts_at in rows:
        by_ticket[number].members.append(Alarm(key, labels, starts_at))
    below = connection.execute(
        select(correlated.c.cause_id, ticket.c.problem_key, correlated.c.labels, correlated.c.began)
        .join(ticket, ticket.c.id == correlated.c.ticket_id)
        .where(correlated.c.cause_id.in_(by_ticket), ticket.c.status.in_(WORKING_VALUES))
        .order_by(correlated.c.ticket_id)
    )
    for number, key, labels, began in below:
        by_ticket[number].below.append(Alarm(key, labels, began))


def add(connection: Connection, found: Iterable[Head]) -> None:
    """Store tickets that were opened for alarms with a layer."""
    rows = [
        {
            "ticket_id": head.ticket,
            "labels": dict(head.alarm.labels),
            "place": head.alarm.place,
            "began": head.alarm.began,
            "kin": None if head.kin is None else to_json(head.kin),
            "why": {},
            "fixed": head.fixed,
        }
        for head in found
    ]
    if rows:
        connection.execute(insert(correlated), rows)


def set_kin(connection: Connection, number: int, kin: Kin | None) -> None:
    """Store what the alarms of a ticket's inferred cause have in common; None: its cause is its own alarm."""
    values = {"kin": None if kin is None else to_json(kin)}
    connection.execute(update(correlated).where(correlated.c.ticket_id == number).values(values))


def set_cause(connection: Connection, number: int, cause: int | None, why: Mapping[str, str], *, fixed: bool) -> None:
    """Put a ticket under another one, or take it out; what lay under it goes along.

    Where that other one has just been put under a third, that is the cause of both.
    """
    above = select(correlated.c.cause_id).where(correlated.c.ticket_id == cause)
    root = None if cause is None else connection.scalar(above)
    cause = root if root is not None and root != number else cause
    values = {"cause_id": cause, "why": dict(why), "fixed": fixed}
    connection.execute(update(correlated).where(correlated.c.ticket_id == number).values(**values))
    if cause is not None:
        below = correlated.c.cause_id == number
        connection.execute(update(correlated).where(below).values(cause_id=cause))


def causes_of(connection: Connection, numbers: Sequence[int]) -> dict[int, tuple[int, Mapping[str, str]]]:
    """Return the cause of each ticket that has one, with the sentence that says why."""
    rows = connection.execute(
        select(correlated.c.ticket_id, correlated.c.cause_id, correlated.c.why).where(
            correlated.c.ticket_id.in_(numbers), correlated.c.cause_id.is_not(None)
        )
    )
    return {number: (cause, why) for number, cause, why in rows}


def effects_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[int]]:
    """Return the tickets that lie under each ticket."""
    rows = connection.execute(
        select(correlated.c.cause_id, correlated.c.ticket_id)
        .where(correlated.c.cause_id.in_(numbers))
        .order_by(correlated.c.ticket_id)
    )
    found: dict[int, list[int]] = {}
    for cause, number in rows:
        found.setdefault(cause, []).append(number)
    return found


def group_labels(labels: Mapping[str, str], key: str) -> dict[str, str]:
    """Return the labels of an alarm that make its problem's key: Alertmanager's group, or all of them."""
    group = {name: value for name, value in labels.items() if name in {*GROUPED, *SEPARATE} and value}
    return group if problem_key(group) == key else dict(labels)


def head_of(problem: Problem, fresh: Sequence[Occurrence]) -> Head:
    """Return a problem that outlived its cause as a ticket that stands for itself."""
    worst = worst_of(list(fresh))
    return Head(Alarm(problem.key, dict(worst.labels), worst.starts_at), fixed=True)


def put_waiting(connection: Connection, found: Sequence[tuple[Problem, datetime]]) -> None:
    """Store waiting problems, each with the moment since which it waits, in place of what is there of them."""
    take_waiting(connection, [problem.key for problem, _ in found])
    rows = [
        {
            "problem_key": problem.key,
            "labels": dict(problem.labels),
            "annotations": dict(problem.annotations),
            "alerts": [to_json(each) for each in problem.alerts],
            "since": since,
        }
        for problem, since in found
    ]
    if rows:
        connection.execute(insert(waiting), rows)


def all_waiting(connection: Connection, keys: Sequence[str] | None = None) -> list[Waiting]:
    """Return what waits, locked; all of it, or these problems."""
    wanted = select(waiting).order_by(waiting.c.problem_key).with_for_update()
    if keys is not None:
        wanted = wanted.where(waiting.c.problem_key.in_(keys))
    return [Waiting(row) for row in connection.execute(wanted).mappings()]


def waiting_keys(connection: Connection) -> set[str]:
    """Return the problems that wait."""
    return set(connection.scalars(select(waiting.c.problem_key)))


def take_waiting(connection: Connection, keys: Sequence[str]) -> None:
    """Forget problems that wait no more."""
    if keys:
        connection.execute(delete(waiting).where(waiting.c.problem_key.in_(keys)))


def first_waiting(connection: Connection) -> datetime | None:
    """Return since when the first one waits."""
    since: datetime | None = connection.scalar(select(func.min(waiting.c.since)))
    return since


def first_title(connection: Connection, number: int, first: Alarm, zone: tzinfo) -> dict[str, str]:
    """Return the title that a ticket's first alarm gives, by language."""
    wanted = select(alarm.c.annotations).where(alarm.c.ticket_id == number, alarm.c.problem_key == first.key)
    annotations = connection.scalar(wanted.order_by(alarm.c.id).limit(1)) or {}
    return by_language(annotations, "summary", first.name, zone)
