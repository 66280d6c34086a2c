"""The members of a mass of appeals, and linking all of them to an emergency ticket."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select

from alerts.desk.appeals import mass, store
from alerts.desk.appeals.causes import concerned, incidents
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import BATCH, hold
from alerts.desk.appeals.mass import ANY, Cell
from alerts.desk.core.appeal_tables import appeal, appeal_link
from alerts.desk.core.database import Database
from alerts.desk.core.tables import OPEN
from alerts.desk.tickets.ticket import Ticket

EARLIER = timedelta(minutes=30)  # how long before the window appeals may belong to the same


@dataclass(frozen=True, slots=True)
class Limits:
    """Which regions of a cell over all of them are meant."""

    only: tuple[str, ...] | None = None  # None: all of them
    apart: tuple[str, ...] = ()

    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions on appeals."""
        only = () if self.only is None else (appeal.c.region.in_(self.only),)
        return (*only, *((appeal.c.region.not_in(self.apart),) if self.apart else ()))


NO_LIMITS = Limits()


def limits_of(rules: Rules, cell: Cell, ticket: Ticket, apart: Collection[str] = ()) -> Limits:
    """Return which regions of a cell over all of them a ticket concerns."""
    return Limits(concerned(rules, ticket), tuple(apart)) if cell.region == ANY else NO_LIMITS


def members(
    connection: Connection, cell: Cell, now: datetime, limits: Limits = NO_LIMITS, most: int | None = None
) -> Sequence[int]:
    """Return the open appeals of a cell since shortly before the window that no person linked to a ticket."""
    since = appeal.c.registered_at > now - mass.WINDOW - EARLIER
    wanted = select(appeal.c.id).where(OPEN, *of_cell(cell), *limits.conditions(), since, ~linked())
    return list(connection.scalars(wanted.order_by(appeal.c.id).limit(most)))


def link_all(  # noqa: PLR0913, PLR0917
    database: Database,
    rules: Rules,
    cell: Cell,
    ticket: int,
    by: str,
    now: datetime,
    apart: Collection[str] = (),
) -> int:
    """Link every member of a mass to an emergency ticket while it is open; return how many.

    Of a mass over all regions only those that the ticket concerns, and without the regions that are told by themselves.
    Some at a time, so that nothing else has to wait for ten thousand of them; what is left when a desk dies is still
    proposed.
    """
    number = 0
    while some := _link_some(database, rules, cell, ticket, by, now, apart):
        number += some
    return number


def _link_some(  # noqa: PLR0913, PLR0917
    database: Database, rules: Rules, cell: Cell, ticket: int, by: str, now: datetime, apart: Collection[str]
) -> int:
    with database.write() as connection:
        known = incidents(connection, rules, cell.service, cell.region, cell.group)
        found = next((each for each in known if each.id == ticket), None)
        if found is None:
            return 0
        numbers = members(connection, cell, now, limits_of(rules, cell, found, apart), most=BATCH)
        drafts = store.lock_some(connection, numbers)
        for draft in drafts:
            hold(connection, draft, ticket, by, now)
            draft.request_due = False
        store.save_some(connection, rules, drafts, now)
    return len(numbers)


def of_cell(cell: Cell) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on the appeals of a cell."""
    region = appeal.c.region == cell.region if cell.region != ANY else appeal.c.region != ""
    return (appeal.c.code_group == cell.group, region, appeal.c.service == cell.service)


def linked() -> ColumnElement[bool]:
    """Return the condition on appeals that a person linked to a ticket."""
    return (
        select(appeal_link.c.id)
        .where(appeal_link.c.appeal_id == appeal.c.id, appeal_link.c.state == "confirmed")
        .exists()
    )
