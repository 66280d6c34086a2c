"""Sending: requests that are due are written by themselves, answers as soon as they are ready.

A message leaves outside of any transaction. What became of it and what that means for the appeal are one commit. A desk
that dies in between sends the message again under the same id, and the server at the other end recognises it.
"""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from alerts.desk.appeals import actions
from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.interaction import NewInteraction
from alerts.desk.appeals.mail import letters, store
from alerts.desk.appeals.mail.message import Message, Written
from alerts.desk.appeals.mail.steps import HandWithin
from alerts.desk.appeals.mail.store import Outgoing
from alerts.desk.appeals.mass import Cell
from alerts.desk.appeals.mass_members import of_cell
from alerts.desk.appeals.states import FINAL, AnswerBy, Status
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.appeal_tables import appeal, appeal_link, appeal_mail, appeal_mass
from alerts.desk.core.database import Database
from alerts.desk.core.tables import OPEN, ticket
from alerts.desk.core.words import Words
from service import mail
from service.mail import MailError, Refusal, Smtp
from service.mail_message import Envelope, compose, domain_of

log = logging.getLogger("desk.appeals")
TWICE = timedelta(seconds=30)
BATCH = 200
WAITING = (OPEN, appeal.c.status != str(Status.RESOLVED))
"""The conditions on appeals that have no answer yet."""
GIVEN_UP = (
    select(ticket.c.id)
    .where(ticket.c.id == appeal_mass.c.ticket_id, ticket.c.status.in_(("cancelled", "rejected")))
    .correlate(appeal_mass)
    .exists()
)
"""The condition on masses whose ticket turned out to be none."""
_ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True)
class Post:
    """What sending mail of appeals needs."""

    database: Database
    rules: Rules
    settings: AppealMail
    smtp: Smtp  # with the address of appeals as its sender
    url: str = ""

    @property
    def words(self) -> Words:
        """Return the language of mail."""
        return Words(self.settings.language, self.rules.calendars.zone)

    @property
    def domain(self) -> str:
        """Return the domain of message ids."""
        return domain_of(self.smtp.sender)


def post_of(database: Database, rules: Rules, smtp: Smtp | None, url: str) -> Post | None:
    """Return what sends mail of appeals; None where the settings say that people do."""
    settings = rules.settings.mail
    if settings is None or smtp is None:
        return None
    return Post(database, rules, settings, replace(smtp, sender=settings.address or smtp.sender), url)


# Writing


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


# Sending


def send_one(post: Post, now: datetime) -> bool:
    """Send the oldest message that is due; return whether there was one."""
    with post.database.write() as connection:
        message = store.claim(connection, now)
        if message is None:
            return False
        if _is_pointless(connection, message):
            store.change(connection, message.id, state="dropped", next_at=None)
            return True
        earlier = store.thread(connection, message.appeal, message.party, message.id)
    content = store.unseal_written(post.rules.keys, message)
    if content is None:
        with post.database.write() as connection:
            store.change(connection, message.id, state="refused", next_at=None, error="its key is gone")
        return True
    refusal = _hand_over(post, message, content, earlier)
    with post.database.write() as connection:
        _note(connection, post, message, refusal, now)
    return True


def _is_pointless(connection: Connection, message: Message) -> bool:
    """Return whether what a message says no longer holds: the appeal moved on before it left."""
    found = appeals.find(connection, message.appeal)
    if found is None:
        return True
    status = found.status
    if message.kind == "request":
        return not found.request_due or status in FINAL
    if message.kind == store.MASS:
        return not _has_members(connection, message.id)
    if message.kind == "answer":
        return status is not Status.RESOLVED or found.status_at > message.at
    return status in FINAL


def _has_members(connection: Connection, mail: int) -> bool:
    """Return whether somebody still waits for what a request for a mass asks: a resolved ticket answers nobody."""
    joined = select(appeal.c.id).join(appeal_mass, appeal_mass.c.id == appeal.c.mass_id)
    return connection.scalar(joined.where(appeal_mass.c.mail_id == mail, *WAITING, ~GIVEN_UP).limit(1)) is not None


def _hand_over(post: Post, message: Message, content: Written, earlier: list[str]) -> Refusal | MailError | None:
    head = Envelope(post.smtp.sender, [content.to], content.subject, message.message_id or "", message.at, earlier)
    try:
        refused = mail.send(post.smtp, compose(head, content.text), [content.to], receipts=True)
    except MailError as error:
        return error
    except OSError as error:  # a password that cannot be read
        return MailError(str(error))
    return refused.get(content.to)


def _note(
    connection: Connection, post: Post, message: Message, refusal: Refusal | MailError | None, now: datetime
) -> None:
    if refusal is None:
        store.change(connection, message.id, state="sent", next_at=None, error="")
        _sent(connection, post, message, now)
        return
    # What a server says may hold the address, and that is the customer's.
    error = _ADDRESS.sub("…", str(refusal))[: store.LONGEST_ERROR]
    if isinstance(refusal, Refusal) and refusal.final:
        store.change(connection, message.id, state="refused", next_at=None, error=error)
        returned(connection, post.rules, message, now)
        return
    # A server that refuses everybody, or is away, says nothing about this recipient: the message waits.
    store.change(connection, message.id, next_at=now + store.rest(message.attempts), error=error)


def _sent(connection: Connection, post: Post, message: Message, now: datetime) -> None:
    hand = HandWithin(post.database, post.rules, message.appeal, None, DESK, now, connection)
    status = appeals.lock(connection, message.appeal).status
    if message.kind == "request" and status not in FINAL:
        actions.request_sent(hand, received=post.settings.accepted_is_received)
    elif message.kind == "answer" and status is Status.RESOLVED:
        actions.mailed(hand)


def returned(connection: Connection, rules: Rules, message: Message, now: datetime) -> None:
    """Let an appeal know that a message of ours did not arrive: an answer is owed again, a request has to be sent."""
    draft = appeals.lock(connection, message.appeal)
    if message.kind == "answer" and _is_the_answer(connection, draft, message):
        actions.undelivered(connection, rules, draft, DESK, now)
    elif message.kind == "request" and draft.is_open:
        actions.unrequested(draft, DESK, now)
    appeals.save(connection, rules, draft, now)


def _is_the_answer(connection: Connection, draft: Draft, message: Message) -> bool:
    """Return whether the customer knows only this answer: one that was given by telephone, or written later, counts."""
    channels = [event.body.channel for event in draft.log if isinstance(event.body, ev.AnswerSent)]
    called = bool(channels) and channels[-1] is not AnswerBy.EMAIL
    later = [each for each in store.of_appeal(connection, draft.id) if each.id > message.id]
    return not called and not any(each.kind == "answer" and each.state != "dropped" for each in later)
