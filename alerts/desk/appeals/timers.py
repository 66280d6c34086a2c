"""What happens to appeals because time passes: mail settles, terms run out, incidents end, contacts are forgotten.

Several desks may share one database. Each locks the appeals that are due and skips those that another one holds; the
effect, a free month included, is one commit with the new `due_at`. A kill in between leaves all of it undone, and the
keys of the table of free months refuse a second one whoever comes again.
"""

from datetime import datetime

from sqlalchemy import delete, select, update

from alerts.desk.appeals import store
from alerts.desk.appeals.compensations import UNDER_WAY
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.linking import INCIDENT, OVER
from alerts.desk.appeals.states import Status
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import appeal, appeal_contact, appeal_link, compensation, interaction
from alerts.desk.core.database import Database
from alerts.desk.core.tables import ticket

BATCH = 50  # appeals in one transaction: whoever registers the next one waits for it


def run_due(database: Database, rules: Rules, now: datetime) -> int:
    """Deal with every appeal whose moment has come; return how many there were."""
    done = 0
    while True:
        with database.write() as connection:
            drafts = store.lock_due(connection, now, BATCH)
            store.save_some(connection, rules, drafts, now)
        done += len(drafts)
        if len(drafts) < BATCH:
            return done


def follow_incidents(database: Database, rules: Rules, now: datetime) -> int:
    """Take up again the appeals whose incident is over: somebody has to answer them; return how many."""
    waits = (appeal.c.status == str(Status.HELD), appeal.c.status_reason == INCIDENT)
    linked = (appeal_link.c.appeal_id == appeal.c.id, appeal_link.c.state == "confirmed")
    running = select(ticket.c.id).where(ticket.c.id == appeal_link.c.ticket_id, ticket.c.status.not_in(OVER)).exists()
    waiting = select(appeal_link.c.id).where(*linked, running).exists()
    wanted = select(appeal.c.id).where(*waits, ~waiting).order_by(appeal.c.id).limit(BATCH)
    with database.read() as connection:
        numbers = list(connection.scalars(wanted))
    if not numbers:
        return 0
    done = 0
    with database.write() as connection:
        drafts = store.lock_some(connection, numbers)
        held = [each for each in drafts if each.status is Status.HELD and each.status_reason == INCIDENT]
        for draft in held:
            draft.move(Status.IN_PROGRESS, DESK, now)
        store.save_some(connection, rules, held, now)
        done += len(held)
    return done


def forget_contacts(database: Database, now: datetime) -> int:
    """Delete the contacts whose time is over, and with them every text; return how many.

    A contact is kept until the free month of its appeal has been told or refused: billing finds the account by it.
    """
    owed = select(compensation.c.id).join(appeal, appeal.c.id == compensation.c.appeal_id)
    owed = owed.where(appeal.c.contact_id == appeal_contact.c.id, compensation.c.state.in_(UNDER_WAY))
    over = (appeal_contact.c.delete_after <= now, ~owed.exists())
    done = 0
    while True:
        with database.write() as connection:
            old = select(appeal_contact.c.id).where(*over).limit(BATCH)
            numbers = list(connection.scalars(old))
            appeals = select(appeal.c.id).where(appeal.c.contact_id.in_(numbers))
            texts = update(interaction).where(interaction.c.appeal_id.in_(appeals))
            connection.execute(texts.values(sealed=None, key_id=""))
            connection.execute(update(appeal).where(appeal.c.contact_id.in_(numbers)).values(contact_id=None))
            connection.execute(delete(appeal_contact).where(appeal_contact.c.id.in_(numbers)))
        done += len(numbers)
        if len(numbers) < BATCH:
            return done
