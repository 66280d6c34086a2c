"""Links between appeals and emergency tickets: proposed by a rule, confirmed by a person, always undoable."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.link import LinkedTicket
from alerts.desk.appeals.states import Queue, Status
from alerts.desk.core.appeal_tables import appeal, appeal_link, appeal_mass
from alerts.desk.core.database import Database
from alerts.desk.core.tables import ticket as ticket_table

INCIDENT = "incident"
BATCH = 25  # appeals in one transaction: whoever registers the next one waits for it
OVER = ("resolved", "closed", "cancelled", "rejected")


class NoSuchLinkError(LookupError):
    """The appeal has no link to this ticket."""


def confirm(hand: Hand, ticket: int) -> None:
    """Confirm a link: the appeal waits for the incident; its time for the answer goes on."""

    def do(connection: Connection, draft: Draft) -> None:
        _known(connection, draft, ticket)
        hold(connection, draft, ticket, hand.by, hand.now)

    hand.change(do)


def hold(connection: Connection, draft: Draft, ticket: int, by: str, now: datetime) -> None:
    """Let an appeal wait for an incident, whether the link was proposed before or not."""
    _put(connection, draft, ticket, "confirmed", by, now)
    if draft.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
        draft.move(Status.HELD, by, now, INCIDENT)


def undo(hand: Hand, ticket: int) -> None:
    """Undo a link, proposed or confirmed; the request to the supplier that it withheld is due again."""

    hand.change(lambda connection, draft: _undo(connection, hand, draft, ticket))


def undo_all(database: Database, rules: Rules, ticket: int, by: str, now: datetime) -> int:
    """Undo every confirmed link to a ticket, some at a time; return how many."""
    undone = 0
    while some := _undo_some(database, rules, ticket, by, now):
        undone += some
    return undone


def _undo_some(database: Database, rules: Rules, ticket: int, by: str, now: datetime) -> int:
    with database.write() as connection:
        mine = (appeal_link.c.ticket_id == ticket, appeal_link.c.state == "confirmed")
        wanted = select(appeal_link.c.appeal_id).where(*mine).order_by(appeal_link.c.appeal_id).limit(BATCH)
        numbers = list(connection.scalars(wanted))
        for number in numbers:
            draft = store.lock(connection, number)
            _undo(connection, Hand(database, rules, number, None, by, now), draft, ticket)
            store.save(connection, rules, draft, now)
    return len(numbers)


def callers(connection: Connection, tickets: Sequence[int]) -> dict[int, int]:
    """Return how many customers' appeals are linked to each ticket, proposed or confirmed."""
    wanted = (appeal_link.c.ticket_id.in_(tickets), appeal_link.c.state != "undone")
    counted = select(appeal_link.c.ticket_id, func.count()).where(*wanted).group_by(appeal_link.c.ticket_id)
    return {number: count for number, count in connection.execute(counted)}  # noqa: C416 - rows, not pairs


def linked(connection: Connection) -> list[LinkedTicket]:
    """Return the open tickets to which appeals are linked, with how many."""
    # PostgreSQL cannot group by JSON, so the names are fetched by number.
    counts = (
        select(appeal_link.c.ticket_id, func.count().label("customers"))
        .where(appeal_link.c.state == "confirmed")
        .group_by(appeal_link.c.ticket_id)
        .subquery()
    )
    named = select(ticket_table.c.id, ticket_table.c.names, counts.c.customers)
    joined = named.join(counts, counts.c.ticket_id == ticket_table.c.id)
    rows = connection.execute(joined.where(ticket_table.c.status.not_in(OVER))).mappings()
    return [LinkedTicket(row) for row in rows]


def belongs(number: int) -> ColumnElement[bool]:
    """Return the condition on appeals that a person linked to a ticket."""
    mine = (
        appeal_link.c.appeal_id == appeal.c.id,
        appeal_link.c.ticket_id == number,
        appeal_link.c.state == "confirmed",
    )
    return select(appeal_link.c.id).where(*mine).exists()


def _undo(connection: Connection, hand: Hand, draft: Draft, ticket: int) -> None:
    _known(connection, draft, ticket)
    _put(connection, draft, ticket, "undone", hand.by, hand.now)
    if draft.status is Status.HELD and draft.status_reason == INCIDENT:
        draft.move(Status.IN_PROGRESS, hand.by, hand.now)
    _ask_alone(draft)
    mine = select(appeal_mass.c.ticket_id).where(appeal_mass.c.id == draft.mass_id)
    if draft.mass_id is not None and connection.scalar(mine) in (ticket, None):
        draft.mass_id = draft.mass_mail_id = None


def release(draft: Draft) -> None:
    """Take an appeal out of its mass; where the supplier was not asked about it alone, that is due."""
    _ask_alone(draft)
    draft.mass_id = draft.mass_mail_id = None


def _ask_alone(draft: Draft) -> None:
    suppliers = draft.entry == "160" or draft.queue == Queue.SUPPLIER
    if draft.is_open and suppliers and not any(_asked(event.body) for event in draft.log):
        draft.request_due = True


def _asked(body: ev.Body) -> bool:
    """Return whether the supplier was asked about this appeal; for a mass that it was taken out of does not count."""
    return isinstance(body, ev.RequestSent) and not body.mass


def _known(connection: Connection, draft: Draft, ticket: int) -> None:
    if store.link(connection, draft.id, ticket) is None:
        raise NoSuchLinkError(f"appeal {draft.id} has no link to ticket {ticket}")


def _put(connection: Connection, draft: Draft, ticket: int, state: str, by: str, now: datetime) -> None:  # noqa: PLR0913, PLR0917
    store.put_link(connection, draft.id, ticket, state, actor=by, at=now)
    draft.record(ev.Linked(ticket, state), by, now)
