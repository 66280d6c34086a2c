"""What TMF656 says of tickets beyond TMF621: alarms, cause, groups. Plain functions of a connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, select

from alerts.desk.core.tables import alarm, correlated, event, grouped_by_hand, ticket
from alerts.desk.tickets.events import Kind

MOST_ALARMS = 50  # of one problem
PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Underlying:
    """An alarm of a problem."""

    number: int
    labels: Mapping[str, str]
    starts_at: datetime


@dataclass(slots=True)
class Context:
    """What a problem has to do with others."""

    place: str = ""  # that its alarms are about; "site:NAME" for a site
    cause: int | None = None
    cause_place: str = ""
    why: Mapping[str, str] = field(default_factory=dict)
    alarms: list[Underlying] = field(default_factory=list)  # its own before their effects
    channels: int = 0


def contexts(connection: Connection, numbers: Sequence[int]) -> dict[int, Context]:
    """Return the context of each ticket."""
    result = {number: Context() for number in numbers}
    above, cause = correlated.alias("above"), ticket.alias("cause")
    joined = (
        select(
            *(correlated.c.ticket_id, correlated.c.place, correlated.c.cause_id, correlated.c.why),
            *(above.c.place.label("above"), cause.c.node, cause.c.site),
        )
        .outerjoin(above, above.c.ticket_id == correlated.c.cause_id)
        .outerjoin(cause, cause.c.id == correlated.c.cause_id)
    )
    for row in connection.execute(joined.where(correlated.c.ticket_id.in_(numbers))):
        found = result[row.ticket_id]
        found.place, found.cause, found.why = row.place, row.cause_id, row.why
        found.cause_place = place_of(row.above or "", row.node or "", row.site or "")
    _add_alarms(connection, result)
    return result


def place_of(place: str, node: str, site: str) -> str:
    """Return what a problem is about: by its alarms, else by its ticket; empty for the platform as a whole."""
    known = place if place != PLATFORM else ""
    return known or node or (f"site:{site}" if site else "")


def _add_alarms(connection: Connection, result: Mapping[int, Context]) -> None:
    numbers = list(result)
    rank = func.row_number().over(partition_by=alarm.c.ticket_id, order_by=(alarm.c.effect, alarm.c.id)).label("rank")
    columns = (alarm.c.ticket_id, alarm.c.id, alarm.c.labels, alarm.c.starts_at, rank)
    ranked = select(*columns).where(alarm.c.ticket_id.in_(numbers)).subquery()
    order = (ranked.c.ticket_id, ranked.c.rank)
    for row in connection.execute(select(ranked).where(ranked.c.rank <= MOST_ALARMS).order_by(*order)):
        result[row.ticket_id].alarms.append(Underlying(row.id, row.labels, row.starts_at))
    channel = alarm.c.labels["channel"].as_string()
    counted = select(alarm.c.ticket_id, func.count(channel.distinct())).where(alarm.c.ticket_id.in_(numbers))
    for number, channels in connection.execute(counted.group_by(alarm.c.ticket_id)):
        result[number].channels = channels


@dataclass(frozen=True, slots=True)
class Group:
    """Problems that lie under one, or one that came out; the parent is not always known of the latter."""

    number: int
    parent: int | None
    children: Sequence[int]


def groups(connection: Connection, limit: int, offset: int, number: int | None = None) -> tuple[int, list[Group]]:
    """Return how many problems have others under them, and one page of them by number."""
    condition = correlated.c.cause_id == number if number is not None else correlated.c.cause_id.is_not(None)
    total = connection.scalar(select(func.count(correlated.c.cause_id.distinct())).where(condition)) or 0
    parents = connection.scalars(
        select(correlated.c.cause_id).where(condition).distinct().order_by(correlated.c.cause_id)
        .limit(limit).offset(offset)
    ).all()  # fmt: skip
    children: dict[int, list[int]] = {parent: [] for parent in parents}
    below = select(correlated.c.cause_id, correlated.c.ticket_id).where(correlated.c.cause_id.in_(parents))
    for parent, child in connection.execute(below.order_by(correlated.c.ticket_id)):
        children[parent].append(child)
    return total, [Group(parent, parent, some) for parent, some in children.items()]


def ungrouped(connection: Connection, limit: int, offset: int, number: int | None = None) -> tuple[int, list[Group]]:
    """Return how many problems came out of others, and one page of them by number."""
    out = and_(correlated.c.fixed, correlated.c.cause_id.is_(None))
    condition = out if number is None else and_(out, correlated.c.ticket_id == number)
    total = connection.scalar(select(func.count()).select_from(correlated).where(condition)) or 0
    by_hand = select(func.max(grouped_by_hand.c.ticket_id)).where(
        grouped_by_hand.c.problem_key == ticket.c.problem_key,
        grouped_by_hand.c.together.is_(False),
        grouped_by_hand.c.ticket_id != ticket.c.id,
    )
    rows = connection.execute(
        select(correlated.c.ticket_id, by_hand.scalar_subquery())
        .join(ticket, ticket.c.id == correlated.c.ticket_id)
        .where(condition)
        .order_by(correlated.c.ticket_id)
        .limit(limit)
        .offset(offset)
    )
    return total, [Group(child, parent, [child]) for child, parent in rows]


class Acknowledged(NamedTuple):
    """A problem that somebody took, whom it was, and when; of several the latest."""

    number: int
    at: datetime
    actor: str


def acknowledged(
    connection: Connection, limit: int, offset: int, number: int | None = None
) -> tuple[int, list[Acknowledged]]:
    """Return how many problems somebody took, and one page of them by number."""
    condition = event.c.kind == Kind.TAKEN
    if number is not None:
        condition = and_(condition, event.c.ticket_id == number)
    total = connection.scalar(select(func.count(event.c.ticket_id.distinct())).where(condition)) or 0
    latest = (
        select(func.max(event.c.id))
        .where(condition)
        .group_by(event.c.ticket_id)
        .order_by(event.c.ticket_id)
        .limit(limit)
        .offset(offset)
    )
    columns = select(event.c.ticket_id, event.c.at, event.c.actor)
    rows = connection.execute(columns.where(event.c.id.in_(latest)).order_by(event.c.ticket_id))
    return total, [Acknowledged(*row) for row in rows]


def parent_of(connection: Connection, number: int) -> int | None:
    """Return the problem that a problem lies under."""
    cause: int | None = connection.scalar(select(correlated.c.cause_id).where(correlated.c.ticket_id == number))
    return cause
