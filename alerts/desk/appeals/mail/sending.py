"""Sending: a message leaves outside of any transaction.

What became of it and what that means for the appeal are one commit. A desk that dies in between sends the message again
under the same id, and the server at the other end recognises it.
"""

import re
from datetime import datetime

from sqlalchemy import Connection, select

from alerts.desk.appeals import actions
from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.mail import store
from alerts.desk.appeals.mail.message import Message, Written
from alerts.desk.appeals.mail.post import Post
from alerts.desk.appeals.mail.steps import HandWithin
from alerts.desk.appeals.mail.waiting import GIVEN_UP, WAITING
from alerts.desk.appeals.states import FINAL, AnswerBy, Status
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_tables import appeal, appeal_mass
from service import mail
from service.mail import MailError, Refusal
from service.mail_message import Envelope, compose

_ADDRESS = re.compile(r"\S+@\S+")


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
