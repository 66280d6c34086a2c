"""Exported free months whose credit the agent looks for in the billing: which they are, and what it found.

The agent counts from the billing's rows and remembers nothing; what it reports is stored where its rows are newer than
those of the last report. So restarts, repeated reports and several agents or desks change nothing, and a source that
stands still changes nothing either.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, func, or_, select, type_coerce, update

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store
from alerts.desk.appeals.compensations import BATCH, WRONGLY, advance
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.free_month import FreeMonth
from alerts.desk.core.actors import BILLING_WATCH
from alerts.desk.core.appeal_tables import compensation, compensation_export
from alerts.desk.core.database import Database

PAGE = 500
REFRESHED = timedelta(minutes=10)  # how old `watched_at` may grow while nothing changes
UNSEEN = "unseen"
"""What a waiting month is called once its credit should be there."""
_EXPORTED = ("exported", "credited", "told")


class Seen(StrEnum):
    """What the agent found of a free month."""

    WAITING = "waiting"  # no credit, or one that was taken back
    CREDITED = "credited"  # one, of one fee
    TWICE = "twice"
    WRONG = "wrong"  # of another sum, or for several accounts


class Month(NamedTuple):
    """A free month as agents read it."""

    id: int
    since: datetime  # when its batch was made: a credit may come before the batch is confirmed

    @property
    def reference(self) -> str:
        """Return the `case_ref` of its credit."""
        return reference_of(self.id)


def reference_of(number: int) -> str:
    """Return what the billing writes into `case_ref` of the movement that credits a free month."""
    return f"free-month-{number}"


def listed(connection: Connection, rules: Rules, service: str, after: int, now: datetime) -> list[Month]:
    """Return a page of the months of a service that are looked for, those after a number first."""
    columns = (compensation.c.id, compensation_export.c.at)
    mine = (compensation.c.service == service, compensation.c.id > after)
    wanted = select(*columns).join(compensation_export, compensation_export.c.id == compensation.c.export_id)
    wanted = wanted.where(*mine, _looked_for(rules, now)).order_by(compensation.c.id).limit(PAGE)
    return [Month(*row) for row in connection.execute(wanted)]


def _looked_for(rules: Rules, now: datetime) -> ColumnElement[bool]:
    """Those that wait for their credit, those that have it, for a time, and those that are wrong until they are not."""
    recent = compensation.c.state_at > now - timedelta(seconds=rules.settings.credits_watched)
    return and_(
        compensation.c.state.in_(_EXPORTED),
        compensation_export.c.confirmed_at.is_not(None),
        or_(compensation.c.state == "exported", recent, compensation.c.watch.in_(WRONGLY)),
    )


def take_over(  # noqa: PLR0913, PLR0917 - whose rows, up to when, and what they say
    database: Database, rules: Rules, service: str, up_to: datetime, seen: Mapping[int, Seen], now: datetime
) -> int:
    """Store what an agent found with the rows up to a moment; return how many months became credited by it."""
    by_word: dict[Seen, list[int]] = {}
    for number, word in sorted(seen.items()):
        by_word.setdefault(word, []).append(number)
    credited = 0
    for word, numbers in by_word.items():
        about = (
            compensation.c.id.in_(numbers),
            compensation.c.service == service,
            compensation.c.state.in_(_EXPORTED),
        )
        credited += _changed(database, rules, about, (word, up_to), now)
        same = (compensation.c.watch == str(word), compensation.c.watched_at < up_to - REFRESHED)
        with database.write() as connection:
            connection.execute(update(compensation).where(*about, *same).values(watched_at=up_to))
    return credited


def _changed(
    database: Database,
    rules: Rules,
    about: Sequence[ColumnElement[bool]],
    report: tuple[Seen, datetime],
    now: datetime,
) -> int:
    """Store the months of which something else was known, some in each transaction; return how many were credited."""
    word, up_to = report
    older = or_(compensation.c.watched_at.is_(None), compensation.c.watched_at < up_to)
    other = [compensation.c.watch.is_(None), compensation.c.watch != str(word)]
    if word is Seen.CREDITED:
        other.append(compensation.c.state == "exported")
    wanted = select(compensation).where(*about, older, or_(*other)).order_by(compensation.c.id).limit(BATCH)
    credited = 0
    while True:
        with database.write() as connection:
            months = [FreeMonth(row) for row in connection.execute(wanted.with_for_update()).mappings()]
            these = compensation.c.id.in_([each.id for each in months])
            values = {"watch": str(word), "watched_at": up_to}
            connection.execute(update(compensation).where(these).values(**values))
            if word is Seen.CREDITED:
                credited += _credit(connection, rules, months, now)
        if len(months) < BATCH:
            return credited


def _credit(connection: Connection, rules: Rules, months: Sequence[FreeMonth], now: datetime) -> int:
    """Verify months that have their one credit: those that wait for it become credited; return how many."""
    fresh = [each for each in months if each.verified_at is None]
    these = compensation.c.id.in_([each.id for each in fresh])
    connection.execute(update(compensation).where(these).values(verified_at=now))
    waiting = [each for each in months if each.state == "exported"]
    if waiting:
        advance(connection, rules, waiting, "credited", BILLING_WATCH, now)
    said = [each.appeal_id for each in fresh if each.state != "exported"]  # a person was first
    drafts = store.lock_some(connection, said) if said else []
    for draft in drafts:
        draft.record(ev.CompensationMoved("verified"), BILLING_WATCH, now)
    store.save_some(connection, rules, drafts, now)
    return len(waiting)


def counts(connection: Connection, rules: Rules, now: datetime) -> dict[tuple[str, ...], int]:
    """Return by service and word how many months there are, zeros included; no service that no agent looks at.

    A month is unseen once rows up to `credited_within` after its export show no credit: the billing's own time, so a
    source that stands still makes none. What a person says was credited is not, unless it had been seen before.
    """
    passed = type_coerce(compensation.c.watched_at, BigInteger) - type_coerce(
        compensation_export.c.confirmed_at, BigInteger
    )
    unseen = and_(
        compensation.c.watch == str(Seen.WAITING),
        or_(compensation.c.state == "exported", compensation.c.verified_at.is_not(None)),
        passed >= int(rules.settings.credited_within * 1_000_000),
    )
    word = case((unseen, UNSEEN), else_=compensation.c.watch)
    wanted = select(compensation.c.service, word, func.count()).join(
        compensation_export, compensation_export.c.id == compensation.c.export_id
    )
    rows = connection.execute(
        wanted.where(_looked_for(rules, now), compensation.c.watch.is_not(None)).group_by(compensation.c.service, word)
    )
    found = {(service, name): number for service, name, number in rows}
    names = (*map(str, Seen), UNSEEN)
    return {(service, name): found.get((service, name), 0) for service, _ in found for name in names}
