"""Masses of appeals whose ticket is not over: which cells are theirs, and of whose appeals the supplier is not told."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mass import ANY, Cell
from alerts.desk.appeals.mass_members import NO_LIMITS, Limits, limits_of
from alerts.desk.appeals.mass_record import MassRecord
from alerts.desk.appeals.mass_store import current
from alerts.desk.core.appeal_tables import RUNNING, appeal, appeal_mass
from alerts.desk.core.tables import ticket
from alerts.desk.tickets.ticket import Ticket


def held_back(connection: Connection, rules: Rules, baseline: Baseline, now: datetime) -> set[Cell]:
    """Return the cells of masses, whose supplier is not told of each appeal."""
    return {each.cell for each in current(connection, rules, baseline, now)} | covered(connection, rules)


def covered(connection: Connection, rules: Rules) -> set[Cell]:
    """Return the cells whose appeals masses with a ticket take."""
    result = set()
    for record in running(connection):
        cell = cell_of(record)
        only = limits_of_mass(connection, rules, record).only
        result |= {cell} if only is None else {replace(cell, region=region) for region in only}
    return result


def limits_of_mass(connection: Connection, rules: Rules, record: MassRecord) -> Limits:
    """Return which regions of a mass its ticket concerns."""
    if record.region != ANY:
        return NO_LIMITS
    row = connection.execute(select(ticket).where(ticket.c.id == record.ticket_id)).mappings().one()
    return limits_of(rules, cell_of(record), Ticket(row))


def running(connection: Connection) -> list[MassRecord]:
    """Return the masses whose ticket is not over."""
    rows = connection.execute(select(appeal_mass).where(RUNNING).order_by(appeal_mass.c.id)).mappings()
    return [MassRecord(row) for row in rows]


def cell_of(record: MassRecord) -> Cell:
    """Return what the customers of a mass appeal about, and where."""
    return Cell(record.code_group, record.region, record.service)


def customers(connection: Connection, number: int) -> int:
    """Return how many customers are members of a mass."""
    wanted = select(func.count(appeal.c.customer.distinct())).where(appeal.c.mass_id == number)
    return connection.scalar(wanted) or 0
