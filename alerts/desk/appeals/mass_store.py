"""Mass appeals in the database: who appealed about what, what is usual, and which tickets may be the cause."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import TypeVarTuple

from sqlalchemy import Connection, Select, func, select

from alerts.desk.appeals import mass
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.causes import MASS_REGION, concerned, incidents
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import ANY, Cell, Mass, Usual, Word
from alerts.desk.appeals.mass_members import Limits, limits_of, linked, members, of_cell
from alerts.desk.appeals.usual import NOTHING_KNOWN, Hour, Moments, learn
from alerts.desk.core.appeal_tables import appeal, interaction
from alerts.desk.tickets.ticket import Ticket

BEFORE = timedelta(weeks=8)

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mass with its open appeals, and the emergency tickets that may be its cause."""

    mass: Mass
    appeals: tuple[int, ...]
    tickets: tuple[Ticket, ...]
    members: Mapping[int, int] = field(default_factory=dict)  # by ticket: how many of the appeals it concerns


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
        for cell in (word.cell, word.cell.whole) if word.cell.region else (word.cell,):
            seen[cell][_class(word.at, zone)][place].add(word.customer)
    counts = {cell: {hour: _moments(found) for hour, found in hours.items()} for cell, hours in seen.items()}
    return learn(counts, windows).usual(_class(now, zone))


def _moments(found: Mapping[int, set[str]]) -> Moments:
    sizes = [len(each) for each in found.values()]
    return Moments(sum(sizes), sum(size * size for size in sizes))


def masses(connection: Connection, rules: Rules, known: dict[Cell, Usual], now: datetime) -> list[Mass]:
    """Return the masses of the last window."""
    count = _counting(connection, now)

    def own(whole: Mass, parts: Sequence[Mass]) -> Collection[str]:
        if not parts or spanning(connection, rules, whole, count):
            return ()
        return [each.cell.region for each in parts if _has_own(connection, rules, each.cell)]

    return mass.exceeding(_customers(connection, now - mass.WINDOW, now), known, NOTHING_KNOWN, count, own)


def _counting(connection: Connection, now: datetime) -> mass.Count:
    """Return how the database counts the customers of all regions together in the last window."""

    def count(whole: Cell, without: Collection[str]) -> int:
        wanted = _said(select(func.count(appeal.c.customer.distinct())), now - mass.WINDOW, now)
        return connection.scalar(wanted.where(*of_cell(whole), appeal.c.region.not_in(without))) or 0

    return count


def spanning(connection: Connection, rules: Rules, whole: Mass, count: mass.Count) -> list[Ticket]:
    """Return the emergency tickets that explain a mass over all regions, the most urgent first.

    Of a ticket that does not concern the whole platform the regions have all of the excess: those of the others would
    not be a mass, and they alone would be one.
    """
    return [
        each
        for each in incidents(connection, rules, whole.cell.service, ANY, whole.cell.group)
        if _explains(concerned(rules, each), whole, count)
    ]


def _explains(regions: Collection[str] | None, whole: Mass, count: mass.Count) -> bool:
    if regions is None:
        return True
    others = [region for region, _ in whole.regions if region not in regions]
    inside = count(whole.cell, (*whole.apart, *others))
    outside = count(whole.cell, (*whole.apart, *regions))
    return inside >= whole.bound > outside


def _has_own(connection: Connection, rules: Rules, cell: Cell) -> bool:
    """Return whether alarms of a region's own site may be the cause of its mass."""
    found = incidents(connection, rules, cell.service, cell.region, cell.group)
    return any(each.site and MASS_REGION not in each.labels for each in found)


def current(connection: Connection, rules: Rules, baseline: Baseline, now: datetime) -> list[Mass]:
    """Return the masses of this moment."""
    return masses(connection, rules, baseline.get(now, lambda: usual(connection, rules.calendars.zone, now)), now)


def causes_of(connection: Connection, rules: Rules, found: Mass, now: datetime) -> list[Ticket]:
    """Return the emergency tickets that may be the cause of a mass of the last window, the most urgent first."""
    cell = found.cell
    if cell.region == ANY:
        return spanning(connection, rules, found, _counting(connection, now))
    return incidents(connection, rules, cell.service, cell.region, cell.group)


def proposals(connection: Connection, rules: Rules, known: dict[Cell, Usual], now: datetime) -> list[Proposal]:
    """Return the masses of the last window; what is linked to a ticket already is no longer one."""
    result = []
    for each in masses(connection, rules, known, now):
        tickets = causes_of(connection, rules, each, now)
        numbers = members(connection, each.cell, now, Limits(apart=each.apart))
        counts = {
            ticket.id: len(members(connection, each.cell, now, limits_of(rules, each.cell, ticket, each.apart)))
            for ticket in tickets
        }
        result.append(Proposal(each, tuple(numbers), tuple(tickets), counts))
    return result


def _class(moment: datetime, zone: tzinfo) -> tuple[bool, int]:
    local = moment.astimezone(zone)
    return local.weekday() >= 5, local.hour
