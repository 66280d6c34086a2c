"""What lies under tickets that stand for themselves: alarms that are effects, and tickets that were folded."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.moving import Gathered
from alerts.desk.alarms.correlation.records import CorrelatedTicket, Effect, by_problem, worst_of
from alerts.desk.alarms.correlation.store import ROOT
from alerts.desk.core import batch
from alerts.desk.core.tables import alarm, correlated, ticket
from alerts.desk.tickets.states import WORKING_VALUES


def gathered(connection: Connection, roots: Sequence[int]) -> list[Gathered]:
    """Return what fires under these tickets; not what engineers put there."""
    return [*_effects(connection, roots), *_folded(connection, roots)] if roots else []


def _effects(connection: Connection, roots: Sequence[int]) -> list[Gathered]:
    columns = ("id", "ticket_id", "problem_key", "labels", "starts_at", "changed_at", "cause_key")
    rows = connection.execute(
        select(*(alarm.c[name] for name in columns), ROOT.label("root"))
        .join(correlated, correlated.c.ticket_id == alarm.c.ticket_id)
        .where(
            alarm.c.ends_at.is_(None),
            alarm.c.effect.is_(True),
            batch.among(connection.dialect.name, ROOT, "roots"),
        )
        .order_by(alarm.c.id),
        {"roots": batch.listed(connection, roots)},
    ).mappings()
    return [_effect(found) for found in by_problem(map(Effect, rows))]


def _effect(found: Sequence[Effect]) -> Gathered:
    worst = worst_of(found)
    return Gathered(
        Alarm(worst.problem_key, worst.labels, worst.starts_at),
        holder=worst.ticket_id,
        root=worst.root,
        cause=worst.cause_key or "",
        heard=min(each.changed_at for each in found),
        rows=tuple(each.id for each in found),
    )


def _folded(connection: Connection, roots: Sequence[int]) -> list[Gathered]:
    rows = connection.execute(
        select(correlated, ticket.c.problem_key, ticket.c.opened_at)
        .join(ticket, ticket.c.id == correlated.c.ticket_id)
        .where(
            batch.among(connection.dialect.name, correlated.c.cause_id, "roots"),
            correlated.c.fixed.is_(False),
            correlated.c.kin.is_(None),
            ticket.c.firing > 0,
            ticket.c.status.in_(WORKING_VALUES),
        )
        .order_by(correlated.c.ticket_id),
        {"roots": batch.listed(connection, roots)},
    ).mappings()
    return [
        Gathered(
            Alarm(each.problem_key, each.labels, each.began),
            holder=each.ticket_id,
            root=each.cause_id or 0,
            cause="",
            heard=each.opened_at,
        )
        for each in map(CorrelatedTicket, rows)
    ]
