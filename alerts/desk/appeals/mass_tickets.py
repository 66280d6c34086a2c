"""A mass of appeals gets one emergency ticket: the one that is open for its service and region, or one of its own.

The count is that of `mass`: distinct customers of a cell within a quarter of an hour. To open a ticket, it has to be
reached by complaints that are still open and belong to no earlier mass. Requests for information, disputed bills,
appeals that were answered at once and appeals without a region open none: they may look alike and have nothing in
common. A mass without a ticket waits a while for one that alarms open: customers are often faster, and one fault is to
have one ticket.

Where a mass spreads over all regions, those that have one keep it, and what is left gets one more: no ticket is taken
back or told otherwise. While that is open, no region gets a further one. Later appeals of a region go on to its own
ticket, unless a person has confirmed the one for all regions and not that of the region.

Links to members are proposed. Once a person has confirmed them, those that come later are confirmed with them.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, TextClause, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import mass, store
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.appeals.causes import MASS_GROUP, MASS_REGION
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import BATCH, OVER, hold
from alerts.desk.appeals.mass import ANY, Cell, Mass
from alerts.desk.appeals.mass_members import EARLIER, Limits, linked, of_cell
from alerts.desk.appeals.mass_record import MassRecord
from alerts.desk.appeals.mass_running import cell_of, covered, limits_of_mass, running
from alerts.desk.appeals.mass_store import causes_of, current
from alerts.desk.appeals.states import Status
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import RUNNING, appeal, appeal_link, appeal_mass
from alerts.desk.core.database import Database
from alerts.desk.core.tables import OPEN, ticket
from alerts.desk.core.words import Words, catalogue, languages
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import Opened
from alerts.desk.tickets.policy import Policy, priority_of

LABELS = {"severity": "major"}
TYPE = "incident"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening emergency tickets for masses of appeals needs."""

    database: Database
    rules: Rules
    policy: Policy
    writes: bool = False  # the desk itself writes to the supplier
    waiting: dict[Cell, datetime] = field(default_factory=dict)  # masses without a ticket, and since when


def look(opening: Opening, baseline: Baseline, now: datetime) -> int:
    """Open and end masses, and attach who appealed since; return how many tickets were opened."""
    with opening.database.read() as connection:
        found = current(connection, opening.rules, baseline, now)
        taken = covered(connection, opening.rules) | {cell_of(each) for each in running(connection)}
    candidates = [each for each in found if each.cell.region and not any(cell.has(each.cell) for cell in taken)]
    _go_on_waiting(opening.waiting, {each.cell for each in candidates})
    opened = sum(_open(opening, each, now) for each in candidates)
    with opening.database.read() as connection:
        records = _in_order(connection, running(connection))
    apart = {each.cell: each.apart for each in found}
    for record in records:
        while _attach_some(opening, record, apart.get(cell_of(record), ()), now) == BATCH:
            pass
    _end(opening.database, now)
    return opened


def _in_order(connection: Connection, records: list[MassRecord]) -> list[MassRecord]:
    """Return masses in the order in which they take appeals: confirmed ones first, then those of a region first."""
    if all(each.region != ANY for each in records):
        return records
    return sorted(records, key=lambda each: (_confirmed_by(connection, each) is None, each.region == ANY))


def _go_on_waiting(waiting: dict[Cell, datetime], cells: Collection[Cell]) -> None:
    """Forget masses that are over; one that has spread, or has shrunk to a region, has waited since it began."""
    before = dict(waiting)
    waiting.clear()
    for cell in cells:
        since = [moment for known, moment in before.items() if known.has(cell) or cell.has(known)]
        if since:
            waiting[cell] = min(since)


def _open(opening: Opening, found: Mass, now: datetime) -> bool:
    """Open a mass where enough customers are left of it; return whether it got a ticket of its own."""
    cell = found.cell
    try:
        with opening.database.write() as connection:
            if not _is_due(connection, found, now):
                return False
            known = causes_of(connection, opening.rules, found, now)
            if not known and not _waited(opening, cell, now):
                return False
            number = known[0].id if known else _ticket(connection, opening, cell, now)
            values = {"code_group": cell.group, "region": cell.region, "service": cell.service}
            connection.execute(insert(appeal_mass).values(**values, ticket_id=number, began_at=now))
        opening.waiting.pop(cell, None)
    except (IntegrityError, tickets.OpenedElsewhereError):
        return False  # another desk opened it at this moment
    return not known


def _is_due(connection: Connection, found: Mass, now: datetime) -> bool:
    """Return whether enough complaints wait that belong to no mass; over all regions those of a region's mass count.

    At least one has to be left, for which the ticket is.
    """
    cell, apart = found.cell, Limits(apart=found.apart).conditions()
    recent = (*_complaints(cell), *apart, appeal.c.appealed_at > now - mass.WINDOW)
    customers_of = select(func.count(appeal.c.customer.distinct())).where(*recent)
    free = connection.scalar(customers_of.where(appeal.c.mass_id.is_(None))) or 0
    if cell.region != ANY or not free:
        return free >= found.bound
    under_way = select(appeal_mass.c.id).where(RUNNING)
    counted = or_(appeal.c.mass_id.is_(None), appeal.c.mass_id.in_(under_way))
    return (connection.scalar(customers_of.where(counted)) or 0) >= found.bound


def _waited(opening: Opening, cell: Cell, now: datetime) -> bool:
    """Return whether alarms had their time to open a ticket that explains a mass."""
    since = opening.waiting.setdefault(cell, now)
    return now - since >= timedelta(seconds=opening.rules.settings.mass_ticket_after)


def _ticket(connection: Connection, opening: Opening, cell: Cell, now: datetime) -> int:
    sites = opening.rules.settings.sites_of(cell.region) if cell.region != ANY else ()
    labels = {"service": cell.service, MASS_REGION: cell.region, MASS_GROUP: cell.group}
    # A further mass of the cell is a problem of its own: its ticket must not collide with one that is merely resolved.
    key = "\0".join(("appeals", cell.group, cell.region, cell.service, now.isoformat()))
    draft = tickets.fresh(
        problem_key=hashlib.sha256(key.encode()).hexdigest(),
        labels=labels,
        site=sites[0] if len(sites) == 1 else "",
        names={language: _text("mass_ticket", language, opening, cell) for language in languages()},
        descriptions={language: _text("mass_description", language, opening, cell) for language in languages()},
        severity=LABELS["severity"],
        priority=priority_of(LABELS),
        ticket_type=TYPE,
        status_at=now,
        opened_at=now,
        updated_at=now,
    )
    draft.record(now, Opened(draft.priority, draft.severity), DESK)
    draft.finish(opening.policy, now)
    tickets.insert(connection, [draft], opening.policy.publish)
    return draft.id


def _text(key: str, language: str, opening: Opening, cell: Cell) -> str:
    words = Words(language, opening.rules.calendars.zone)
    group, region = group_name(language, cell.group), region_name(words, cell.region)
    return words(f"appealmail.{key}", group=group, region=region, service=cell.service)


def region_name(words: Words, region: str) -> str:
    """Return how a mass's region is told."""
    return words("appealmail.all_regions") if region == ANY else region


def group_name(language: str, group: str) -> str:
    """Return the name of a code group in a language; a group of the operator's own list is its own name."""
    return catalogue(language).get(f"appealgroup.{group}", group)


def _complaints(cell: Cell) -> tuple[ColumnElement[bool] | TextClause, ...]:
    """Return the conditions on appeals that wait and have no known cause."""
    waits = (appeal.c.status != str(Status.RESOLVED), appeal.c.kind == "complaint")
    return (OPEN, *waits, *of_cell(cell), ~linked())


def _attach_some(opening: Opening, record: MassRecord, apart: tuple[str, ...], now: datetime) -> int:
    undone = (appeal_link.c.appeal_id == appeal.c.id, appeal_link.c.ticket_id == record.ticket_id)
    refused = select(appeal_link.c.id).where(*undone, appeal_link.c.state == "undone").exists()
    since = appeal.c.appealed_at > record.began_at - mass.WINDOW - EARLIER
    with opening.database.read() as connection:
        limits = replace(limits_of_mass(connection, opening.rules, record), apart=apart)
        free = (*_complaints(cell_of(record)), *limits.conditions(), appeal.c.mass_id.is_(None))
        wanted = select(appeal.c.id).where(*free, since, ~refused).order_by(appeal.c.id).limit(BATCH)
        numbers = list(connection.scalars(wanted))
    if not numbers:
        return 0
    with opening.database.write() as connection:
        # Another desk attaches the same ones at this moment, or the ticket has just ended: what is left is asked again.
        same = select(appeal_mass.c.id).where(appeal_mass.c.id == record.id, RUNNING).with_for_update()
        status = connection.scalar(select(ticket.c.status).where(ticket.c.id == record.ticket_id))
        if connection.scalar(same) is None or status in OVER:
            return 0
        numbers = list(connection.scalars(wanted.where(appeal.c.id.in_(numbers))))
        confirmed = _confirmed_by(connection, record)
        drafts = store.lock_some(connection, numbers)
        known = store.linked_to(connection, numbers, record.ticket_id)
        for draft in drafts:
            if confirmed is not None:
                hold(connection, draft, record.ticket_id, confirmed, now)
            elif draft.id not in known:
                store.add_link(connection, draft.id, record.ticket_id, "proposed", actor=DESK, at=now)
                draft.record(ev.Linked(record.ticket_id, "proposed"), DESK, now)
            draft.mass_id = record.id
            if opening.writes:
                draft.request_due = False  # the supplier is asked once, for all of them
        store.save_some(connection, opening.rules, drafts, now)
    return len(numbers)


def _confirmed_by(connection: Connection, record: MassRecord) -> str | None:
    """Return who confirmed that members of a mass belong to its ticket; None as long as nobody did."""
    wanted = select(appeal_link.c.actor).join(appeal, appeal.c.id == appeal_link.c.appeal_id)
    mine = (appeal.c.mass_id == record.id, appeal_link.c.ticket_id == record.ticket_id)
    latest = appeal_link.c["at"].desc(), appeal_link.c.id.desc()
    return connection.scalar(wanted.where(*mine, appeal_link.c.state == "confirmed").order_by(*latest).limit(1))


def _end(database: Database, now: datetime) -> None:
    over = select(ticket.c.id).where(ticket.c.status.in_(OVER))
    ended = (RUNNING, appeal_mass.c.ticket_id.in_(over))
    with database.read() as connection:
        numbers = list(connection.scalars(select(appeal_mass.c.id).where(*ended)))
    if numbers:
        with database.write() as connection:
            wanted = or_(*(appeal_mass.c.id == number for number in numbers))
            connection.execute(update(appeal_mass).where(wanted, *ended).values(ended_at=now))
