"""What fires under tickets that correlation may group again, and what has ended there."""

from collections.abc import Iterable, Mapping, Sequence, Set

from sqlalchemy import Connection, select

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.head import Head
from alerts.desk.alarms.correlation.records import Firing, by_problem, worst_of
from alerts.desk.alarms.correlation.settling import Stored
from alerts.desk.alarms.correlation.store import ROOT
from alerts.desk.core import batch
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.states import WORKING_VALUES


def firing(connection: Connection, heads: Iterable[Head]) -> list[Stored]:
    """Return what fires under tickets whose grouping follows from their alarms alone.

    Those that engineers grouped stay what they are; so do those that outlived their cause, and those whose problem
    itself, or a part of it, has ended.
    """
    free = {head.ticket: head for head in heads if head.ended is None and not head.fixed and not head.by_hand}
    found = _by_root(_firing(connection, [number for number in free if number is not None]))
    inferred = [number for number in found if free[number].kin is not None]
    over = set(_ended(connection, inferred, problem_only=True))
    held = {number for number, alarms in found.items() if any(each.fixed for each in alarms)} | _doubled(found)
    return [
        one
        for number, alarms in found.items()
        if number not in over | held and any(each.ticket_id == number and each.own for each in alarms)
        for one in map(_stored, by_problem(alarms))
    ]


def ended(connection: Connection, roots: Set[int]) -> Mapping[int, Sequence[Alarm]]:
    """Return the alarms that have ended under tickets that stand for themselves."""
    return _ended(connection, sorted(roots))


def _firing(connection: Connection, roots: Sequence[int]) -> list[Firing]:
    names = ("id", "ticket_id", "problem_key", "labels", "starts_at", "effect")
    rows = connection.execute(
        select(*(alarm.c[name] for name in names), ROOT.label("root"), ticket.c.problem_key.label("own_key"))
        .add_columns(correlated.c.fixed)
        .join(correlated, correlated.c.ticket_id == alarm.c.ticket_id)
        .join(ticket, ticket.c.id == alarm.c.ticket_id)
        .where(
            alarm.c.ends_at.is_(None),
            ticket.c.status.in_(WORKING_VALUES),
            batch.among(connection.dialect.name, ROOT, "roots"),
        )
        .order_by(alarm.c.id),
        {"roots": batch.listed(connection, roots)},
    )
    return [Firing(row) for row in rows.mappings()] if roots else []


def _by_root(alarms: Iterable[Firing]) -> dict[int, list[Firing]]:
    found: dict[int, list[Firing]] = {}
    for each in alarms:
        found.setdefault(each.root, []).append(each)
    return found


def _doubled(found: Mapping[int, Iterable[Firing]]) -> set[int]:
    """Return the tickets that share a problem with another one."""
    holders: dict[str, dict[int, int]] = {}
    for root, alarms in found.items():
        for each in alarms:
            holders.setdefault(each.problem_key, {})[each.ticket_id] = root
    return {root for where in holders.values() if len(where) > 1 for root in where.values()}


def _stored(alarms: Sequence[Firing]) -> Stored:
    worst = worst_of(alarms)
    return Stored(
        Alarm(worst.problem_key, worst.labels, worst.starts_at),
        holder=worst.ticket_id,
        root=worst.root,
        own=worst.own,
        effect=worst.effect,
        rows=tuple(each.id for each in alarms),
    )


def _ended(connection: Connection, roots: Sequence[int], *, problem_only: bool = False) -> dict[int, list[Alarm]]:
    """Return what has ended, by the ticket that stands for itself; all, or only what was the problem itself."""
    wanted = (
        select(ROOT, alarm.c.problem_key, alarm.c.labels, alarm.c.starts_at)
        .join(correlated, correlated.c.ticket_id == alarm.c.ticket_id)
        .where(alarm.c.ends_at.is_not(None), batch.among(connection.dialect.name, ROOT, "roots"))
    )
    if problem_only:
        wanted = wanted.where(alarm.c.effect.is_(False))
    found: dict[int, list[Alarm]] = {}
    if roots:
        rows = connection.execute(wanted, {"roots": batch.listed(connection, roots)})
        for root, key, labels, starts_at in rows:
            found.setdefault(root, []).append(Alarm(key, labels, starts_at))
    return found
