"""The one request to the supplier for all members of a mass of appeals, and what became of it in each member's log."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.linking import BATCH, release
from alerts.desk.appeals.mail import letters, store
from alerts.desk.appeals.mail.post import Post
from alerts.desk.appeals.mail.store import MASS, SENT, Outgoing
from alerts.desk.appeals.mail.waiting import GIVEN_UP, WAITING
from alerts.desk.appeals.mass_record import MassRecord
from alerts.desk.appeals.mass_running import cell_of, customers
from alerts.desk.appeals.mass_tickets import group_name, region_name
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import appeal, appeal_event, appeal_mail, appeal_mass

RETURNED = ("refused", "bounced")
_WAITS = select(appeal.c.id).where(appeal.c.mass_id == appeal_mass.c.id, *WAITING).exists() & ~GIVEN_UP


def ask(post: Post, now: datetime) -> int:
    """Write the request of each mass that has none; return how many were written."""
    with post.database.read() as connection:
        numbers = list(connection.scalars(select(appeal_mass.c.id).where(appeal_mass.c.mail_id.is_(None), _WAITS)))
    written = 0
    for number in numbers:
        with post.database.write() as connection:
            written += _write(connection, post, number, appeal_mass.c.mail_id.is_(None), now)
    return written


def ask_again(post: Post, number: int, by: str, now: datetime) -> bool:
    """Write the request of an appeal's mass once more where it did not arrive; return whether that was so."""
    with post.database.write() as connection:
        member = appeals.lock(connection, number)
        row = connection.execute(select(appeal_mass).where(appeal_mass.c.id == member.mass_id)).mappings().first()
        mass = MassRecord(row) if row is not None else None
        mail = store.find(connection, mass.mail_id) if mass is not None and mass.mail_id else None
        if mass is None or mail is None or mail.state not in RETURNED:
            return False
        store.change(connection, mail.id, actor=by)
        return _write(connection, post, mass.id, appeal_mass.c.mail_id == mail.id, now)


def _write(connection: Connection, post: Post, number: int, unchanged: ColumnElement[bool], now: datetime) -> bool:
    """Write a mass's request while members wait and its request is still that; another desk waits for the row's lock.

    Members wait although the ticket is resolved: each has its own time for the answer.
    """
    wanted = select(appeal_mass).where(appeal_mass.c.id == number, _WAITS, unchanged).with_for_update()
    row = connection.execute(wanted).mappings().one_or_none()
    first = select(appeal.c.id).where(appeal.c.mass_id == number, *WAITING).order_by(appeal.c.id).limit(1)
    member = connection.scalar(first) if row is not None else None
    if row is None or member is None:
        return False
    mass = MassRecord(row)
    cell = cell_of(mass)
    told = letters.Mass(
        ticket=mass.ticket_id,
        group=group_name(post.words.language, cell.group),
        region=region_name(post.words, cell.region),
        service=cell.service,
        customers=customers(connection, number),
        reference=letters.reference(post.rules, appeals.lock(connection, member)),
    )
    content = letters.mass(post.words, post.settings.supplier, told)
    mail = store.write(connection, post.rules.keys, Outgoing(member, MASS, "supplier", content), post.domain, now)
    connection.execute(update(appeal_mass).where(appeal_mass.c.id == number).values(mail_id=mail))
    return True


def record(post: Post, now: datetime) -> int:
    """Record in the log of each member that the supplier was asked, or that the request came back; return how many."""
    done = 0
    for some_of in (_record_some, _receive_some, _release_some):
        while some := some_of(post, now):
            done += some
    return done


def _record_some(post: Post, now: datetime) -> int:
    joined = select(appeal.c.id, appeal_mail.c.id, appeal_mail.c.state, appeal_mail.c.appeal_id)
    joined = joined.join(appeal_mass, appeal_mass.c.id == appeal.c.mass_id)
    joined = joined.join(appeal_mail, appeal_mail.c.id == appeal_mass.c.mail_id)
    told = appeal.c.mass_mail_id == appeal_mail.c.id
    untold = or_(appeal.c.mass_mail_id.is_(None), ~told)
    sent = appeal_mail.c.state.in_(SENT) & untold
    returned = appeal_mail.c.state.in_(RETURNED) & told
    wanted = joined.where(*WAITING, sent | returned).order_by(appeal.c.id).limit(BATCH)
    with post.database.read() as connection:
        rows = connection.execute(wanted).all()
    if not rows:
        return 0
    with post.database.write() as connection:
        drafts = {draft.id: draft for draft in appeals.lock_some(connection, [row[0] for row in rows])}
        for number, mail, state, member in rows:
            draft = drafts.get(number)
            if draft is None:
                continue
            if state in SENT and draft.mass_mail_id != mail:
                _sent(draft, mail, now, received=post.settings.accepted_is_received or state != "sent")
            elif state not in SENT and draft.mass_mail_id == mail:
                _returned(draft, now)
                draft.request_due = draft.request_due or number == member  # where a person sends it again
        appeals.save_some(connection, post.rules, list(drafts.values()), now)
    return len(rows)


def _receive_some(post: Post, now: datetime) -> int:
    """Record in members' logs that the supplier has the request for their mass; return how many messages or members."""
    mails = select(appeal_mail.c.id).where(appeal_mail.c.state == "receipt", appeal_mail.c.kind == MASS)
    with post.database.read() as connection:
        mail = connection.scalar(mails.order_by(appeal_mail.c.id).limit(1))
    if mail is None:
        return 0
    asked = select(func.max(appeal_event.c.id)).where(*_logged("RequestSent")).scalar_subquery()
    later = appeal_event.alias("later")
    known = (later.c.appeal_id == appeal.c.id, later.c.kind.in_(("RequestReceived", "RequestBounced")))
    settled = select(later.c.id).where(*known, later.c.id > asked).exists()
    mine = (appeal.c.mass_mail_id == mail, *WAITING, asked.is_not(None), ~settled)
    with post.database.write() as connection:
        numbers = list(connection.scalars(select(appeal.c.id).where(*mine).order_by(appeal.c.id).limit(BATCH)))
        drafts = appeals.lock_some(connection, numbers)
        for draft in drafts:
            draft.record(ev.RequestReceived(), DESK, now)
        appeals.save_some(connection, post.rules, drafts, now)
        if not drafts:
            done = update(appeal_mail).where(appeal_mail.c.id == mail, appeal_mail.c.state == "receipt")
            connection.execute(done.values(state="received"))
    return len(drafts) or 1


def _release_some(post: Post, now: datetime) -> int:
    """Take out of their mass the members of which the supplier was not asked before its ticket was given up.

    There was no mass after all: each of them is asked about alone.
    """
    asked = select(appeal_mail.c.id).where(appeal_mail.c.id == appeal_mass.c.mail_id, appeal_mail.c.state.in_(SENT))
    lost = select(appeal_mass.c.id).where(appeal_mass.c.id == appeal.c.mass_id, GIVEN_UP, ~asked.exists())
    wanted = select(appeal.c.id).where(appeal.c.mass_id.is_not(None), *WAITING, lost.exists())
    wanted = wanted.order_by(appeal.c.id).limit(BATCH)
    with post.database.read() as connection:
        if connection.scalar(wanted.limit(1)) is None:
            return 0
    with post.database.write() as connection:
        drafts = appeals.lock_some(connection, list(connection.scalars(wanted)))
        for draft in drafts:
            release(draft)
        appeals.save_some(connection, post.rules, drafts, now)
    return len(drafts)


def _logged(kind: str) -> tuple[ColumnElement[bool], ...]:
    return (appeal_event.c.appeal_id == appeal.c.id, appeal_event.c.kind == kind)


def _sent(draft: Draft, mail: int, now: datetime, *, received: bool) -> None:
    draft.mass_mail_id = mail
    draft.request_due = False
    if _asked(draft) is None:
        draft.record(ev.RequestSent(draft.mass_id or 0), DESK, now)
        if received:
            draft.record(ev.RequestReceived(), DESK, now)


def _returned(draft: Draft, now: datetime) -> None:
    draft.mass_mail_id = None
    asked = _asked(draft)
    if asked is not None and asked.mass:
        draft.record(ev.RequestBounced(), DESK, now)


def _asked(draft: Draft) -> ev.RequestSent | None:
    """Return the request that the supplier has, as far as is known."""
    for event in reversed(draft.log):
        if isinstance(event.body, ev.RequestBounced):
            return None
        if isinstance(event.body, ev.RequestSent):
            return event.body
    return None
