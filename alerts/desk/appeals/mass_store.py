"""Mass appeals in the database: who appealed about what, what is usual, and linking a whole cell to a ticket."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from alerts.desk.appeals import mass, store
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.causes import incidents
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import BATCH, hold
from alerts.desk.appeals.mass import Cell, Mass, Usual, Word
from alerts.desk.appeals.usual import NOTHING_KNOWN, History, Hour, Moments
from alerts.desk.core.appeal_tables import appeal, appeal_link, interaction
from alerts.desk.core.database import Database
from alerts.desk.core.tables import OPEN
from alerts.desk.tickets.ticket import Ticket

BEFORE = timedelta(weeks=8)
EARLIER = timedelta(minutes=30)  # how long before the window appeals may belong to the same

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mass with its open appeals, and the emergency tickets that may be its cause."""

    mass: Mass
    appeals: tuple[int, ...]
    tickets: tuple[Ticket, ...]


def _unlinked(connection: Connection, since: datetime, until: datetime) -> list[Word]:
    """Return who appealed about what in (since, until], without appeals whose cause is known."""
    columns = (interaction.c["at"], appeal.c.customer, appeal.c.code_group, appeal.c.region, appeal.c.service)
    rows = connection.execute(_said(select(*columns), since, until))
    return [Word(at, customer, Cell(group, region, service)) for at, customer, group, region, service in rows]


def _said(wanted: Select[*Columns], since: datetime, until: datetime) -> Select[*Columns]:
    """Return the question for columns of what customers said in (since, until], of appeals without a known cause."""
    joined = wanted.select_from(interaction).join(appeal, appeal.c.id == interaction.c.appeal_id)
    inbound = (interaction.c.direction == "inbound", interaction.c.reason.in_(("appeal", "repeat")))
    return joined.where(*inbound, ~linked(), interaction.c["at"] > since, interaction.c["at"] <= until)


def _customers(connection: Connection, since: datetime, until: datetime) -> dict[Cell, int]:
    """Return how many customers of each cell appealed in (since, until]; the database counts them."""
    cell = (appeal.c.code_group, appeal.c.region, appeal.c.service)
    wanted = _said(select(*cell, func.count(appeal.c.customer.distinct())), since, until).group_by(*cell)
    return {Cell(group, region, service): count for group, region, service, count in connection.execute(wanted)}


def usual(connection: Connection, zone: tzinfo, now: datetime) -> dict[Cell, Usual]:
    """Return what cells usually have in a window of this hour, on working days or at weekends, over eight weeks.

    Appeals that a person linked to an emergency ticket are left out: a mass of last week is not usual. A desk that has
    taken appeals for less than eight weeks knows only those.
    """
    until = now - mass.WINDOW
    known = _unlinked(connection, now - BEFORE, until)
    first = connection.scalar(select(func.min(interaction.c["at"])))
    since = max(first, now - BEFORE) if first is not None else now
    windows = Counter(
        _class(since + mass.WINDOW * number, zone) for number in range((until - since) // mass.WINDOW + 1)
    )
    seen: dict[Cell, dict[Hour, dict[int, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for word in known:
        place = int(word.at.timestamp() // mass.WINDOW.total_seconds())
        seen[word.cell][_class(word.at, zone)][place].add(word.customer)
    counts = {cell: {hour: _moments(found) for hour, found in hours.items()} for cell, hours in seen.items()}
    return History(counts, windows).usual(_class(now, zone))


def _moments(found: Mapping[int, set[str]]) -> Moments:
    sizes = [len(each) for each in found.values()]
    return Moments(sum(sizes), sum(size * size for size in sizes))


def masses(connection: Connection, known: dict[Cell, Usual], now: datetime) -> list[Mass]:
    """Return the masses of the last window."""
    return mass.exceeding(_customers(connection, now - mass.WINDOW, now), known, NOTHING_KNOWN)


def current(connection: Connection, rules: Rules, baseline: Baseline, now: datetime) -> list[Mass]:
    """Return the masses of this moment."""
    return masses(connection, baseline.get(now, lambda: usual(connection, rules.calendars.zone, now)), now)


def proposals(connection: Connection, rules: Rules, known: dict[Cell, Usual], now: datetime) -> list[Proposal]:
    """Return the masses of the last window; what is linked to a ticket already is no longer one."""
    result = []
    for each in masses(connection, known, now):
        tickets = incidents(connection, rules, each.cell.service, each.cell.region, each.cell.group)
        result.append(Proposal(each, tuple(members(connection, each.cell, now)), tuple(tickets)))
    return result


def members(connection: Connection, cell: Cell, now: datetime, most: int | None = None) -> Sequence[int]:
    """Return the open appeals of a cell since shortly before the window that no person linked to a ticket."""
    since = appeal.c.registered_at > now - mass.WINDOW - EARLIER
    wanted = select(appeal.c.id).where(OPEN, *of_cell(cell), since, ~linked()).order_by(appeal.c.id).limit(most)
    return list(connection.scalars(wanted))


def link_all(database: Database, rules: Rules, cell: Cell, ticket: int, by: str, now: datetime) -> int:  # noqa: PLR0913, PLR0917
    """Link every member of a mass to an emergency ticket while it is open; return how many.

    Some at a time, so that nothing else has to wait for ten thousand of them; what is left when a desk dies is still
    proposed.
    """
    number = 0
    while some := _link_some(database, rules, cell, ticket, by, now):
        number += some
    return number


def _link_some(database: Database, rules: Rules, cell: Cell, ticket: int, by: str, now: datetime) -> int:  # noqa: PLR0913, PLR0917
    with database.write() as connection:
        known = incidents(connection, rules, cell.service, cell.region, cell.group)
        if ticket not in {each.id for each in known}:
            return 0
        numbers = members(connection, cell, now, most=BATCH)
        drafts = store.lock_some(connection, numbers)
        for draft in drafts:
            hold(connection, draft, ticket, by, now)
            draft.request_due = False
        store.save_some(connection, rules, drafts, now)
    return len(numbers)


def of_cell(cell: Cell) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on the appeals of a cell."""
    return (appeal.c.code_group == cell.group, appeal.c.region == cell.region, appeal.c.service == cell.service)


def linked() -> ColumnElement[bool]:
    """Return the condition on appeals that a person linked to a ticket."""
    return (
        select(appeal_link.c.id)
        .where(appeal_link.c.appeal_id == appeal.c.id, appeal_link.c.state == "confirmed")
        .exists()
    )


def _class(moment: datetime, zone: tzinfo) -> tuple[bool, int]:
    local = moment.astimezone(zone)
    return local.weekday() >= 5, local.hour
