"""Writing: requests that are due are written by themselves, answers as soon as they are ready, messages by people."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.interaction import NewInteraction
from alerts.desk.appeals.mail import letters, store
from alerts.desk.appeals.mail.message import Written
from alerts.desk.appeals.mail.post import Post
from alerts.desk.appeals.mail.store import Outgoing
from alerts.desk.appeals.mass import Cell
from alerts.desk.appeals.mass_members import of_cell
from alerts.desk.appeals.states import AnswerBy, Status
from alerts.desk.core.appeal_tables import appeal, appeal_link, appeal_mail, appeal_mass
from alerts.desk.core.tables import OPEN

TWICE = timedelta(seconds=30)
BATCH = 200


def write_due(post: Post, now: datetime, held_back: Collection[Cell] = ()) -> int:
    """Write what is due, `held_back` being masses of which the supplier is not told one by one; return how many."""
    with post.database.read() as connection:
        if not _wanted(connection, post, held_back):
            return 0
    written = 0
    with post.database.write() as connection:
        for draft in appeals.lock_some(connection, _wanted(connection, post, held_back)):
            written += _write(connection, post, draft, held_back, now)
    return written


def _wanted(connection: Connection, post: Post, held_back: Collection[Cell]) -> list[int]:
    asked = exists().where(appeal_mail.c.appeal_id == appeal.c.id, appeal_mail.c.kind == "request")
    told = exists().where(appeal_mail.c.appeal_id == appeal.c.id, appeal_mail.c.kind == "vendor")
    answered = exists().where(
        appeal_mail.c.appeal_id == appeal.c.id,
        appeal_mail.c.kind == "answer",
        appeal_mail.c["at"] >= appeal.c.status_at,
    )
    requests = and_(appeal.c.request_due, appeal.c.status != str(Status.RESOLVED), ~asked)
    if held_back:
        requests &= ~or_(*(and_(*of_cell(cell)) for cell in held_back)) | _unlinked()
    answers = and_(appeal.c.status == str(Status.RESOLVED), appeal.c.answer_by == str(AnswerBy.EMAIL), ~answered)
    wanted = requests | answers
    if post.settings.vendor:
        wanted |= and_(appeal.c.fault == "vendor", appeal.c.status != str(Status.RESOLVED), ~told)
    return list(connection.scalars(select(appeal.c.id).where(OPEN, wanted).order_by(appeal.c.id).limit(BATCH)))


def _write(connection: Connection, post: Post, of: Appeal, held_back: Collection[Cell], now: datetime) -> int:
    if of.status is Status.RESOLVED:
        return int(_write_answer(connection, post, of, now))
    cell = Cell(of.code_group, of.region, of.service)
    written = 0
    held = of.request_due and any(each.has(cell) for each in held_back) and not _was_unlinked(connection, of.id)
    if of.request_due and not held and not store.wrote(connection, of.id, "request"):
        write_request(connection, post, of, now)
        written += 1
    if of.fault == "vendor" and post.settings.vendor and not store.wrote(connection, of.id, "vendor"):
        content = letters.request(post.rules, of, post.words, post.settings.vendor)
        _put(connection, post, Outgoing(of.id, "vendor", "vendor", content), now)
        written += 1
    return written


def _was_unlinked(connection: Connection, number: int) -> bool:
    """Return whether a person took an appeal out of a mass: it is asked about on its own."""
    return connection.scalar(select(appeal.c.id).where(appeal.c.id == number, _unlinked())) is not None


def _unlinked() -> ColumnElement[bool]:
    """Return the condition on appeals that a person took out of a mass."""
    mine = (appeal_link.c.appeal_id == appeal.c.id, appeal_link.c.state == "undone")
    of_mass = select(appeal_mass.c.id).where(appeal_mass.c.ticket_id == appeal_link.c.ticket_id)
    return select(appeal_link.c.id).where(*mine, of_mass.exists()).exists()


def write_request(connection: Connection, post: Post, of: Appeal, now: datetime) -> None:
    """Write the request to the supplier."""
    content = letters.request(post.rules, of, post.words, post.settings.supplier, post.url)
    _put(connection, post, Outgoing(of.id, "request", "supplier", content), now)


def write_message(post: Post, number: int, text: str, by: str, now: datetime) -> None:
    """Write a further message to the supplier; the same one a moment later is that of a button pressed twice."""
    with post.database.write() as connection:
        of = appeals.lock(connection, number)
        content = letters.message(post.rules, of, post.words, post.settings.supplier, text)
        if _just_wrote(connection, post, number, content, now):
            return
        _put(connection, post, Outgoing(number, "message", "supplier", content), now)
        fresh = NewInteraction(number, "outbound", "email", "supplier", now, by)
        appeals.add_interaction(connection, post.rules, fresh, text)


def _just_wrote(connection: Connection, post: Post, number: int, content: Written, now: datetime) -> bool:
    ours = [each for each in store.of_appeal(connection, number) if each.direction == "outbound"]
    latest = [each for each in ours if each.kind == "message" and each.at > now - TWICE]
    return any(store.unseal_written(post.rules.keys, each) == content for each in latest)


def ask_again(post: Post, number: int, by: str, now: datetime) -> None:
    """Write the request to the supplier once more; what did not arrive is dealt with."""
    with post.database.write() as connection:
        of = appeals.lock(connection, number)
        for each in store.of_appeal(connection, number):
            if each.kind == "request" and each.state in ("refused", "bounced") and not each.actor:
                store.change(connection, each.id, actor=by)
        write_request(connection, post, of, now)


def _write_answer(connection: Connection, post: Post, of: Appeal, now: datetime) -> bool:
    number = of.id
    if store.wrote(connection, number, "answer", since=of.status_at):
        return False
    contact = appeals.contact_of(connection, post.rules.keys, of.contact_id)
    text = _answer_text(connection, post.rules, number)
    if contact is None or not text:
        # Deleted, or sealed with a key that is gone: a person has to know that nobody is told.
        blank = Written("", "", "")
        mail_id = _put(connection, post, Outgoing(number, "answer", "customer", blank), now)
        store.change(connection, mail_id, state="refused", next_at=None, error="no address or no text")
        return True
    _put(
        connection,
        post,
        Outgoing(number, "answer", "customer", letters.answer(post.rules, of, post.words, contact, text)),
        now,
    )
    return True


def _answer_text(connection: Connection, rules: Rules, number: int) -> str:
    said = [each for each in appeals.interactions(connection, number) if each.reason == "answer"]
    latest = next(((each.sealed, each.key_id) for each in reversed(said) if each.sealed), None)
    return (rules.keys.open(*latest) or "") if latest else ""


def _put(connection: Connection, post: Post, outgoing: Outgoing, now: datetime) -> int:
    return store.write(connection, post.rules.keys, outgoing, post.domain, now)
