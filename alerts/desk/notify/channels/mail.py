"""Letters over mail: those about one ticket are one conversation, at mail programs and at helpdesks."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alerts.desk.notify import outbox
from alerts.desk.notify.attempt import Answer
from alerts.desk.notify.message import Message
from alerts.desk.notify.texts import Letter
from alerts.desk.tickets.runtime import Runtime
from service import mail
from service.mail import Refusal, Smtp
from service.mail_message import Envelope, compose, domain_of


def send(
    smtp: Smtp, everybody: Sequence[str], missing: Sequence[str], letter: Letter, at: datetime
) -> dict[str, Refusal]:
    """Deliver a letter to those who have not got it yet; raise OSError when the server takes it for nobody."""
    domain = domain_of(smtp.sender)
    thread = [f"{each}@{domain}" for each in letter.thread]
    head = Envelope(smtp.sender, everybody, letter.subject, f"{letter.number}@{domain}", at, thread)
    return mail.send(smtp, compose(head, letter.text), missing)


def answer(recipient: str, numbers: Sequence[int], refusal: Refusal | None) -> Answer:
    """Return what became of messages for a recipient."""
    if refusal is None:
        return Answer(recipient, numbers)
    return Answer(recipient, numbers, f"the mail server answered {refusal}", final=refusal.final)


def numbered(runtime: Runtime, letter: Letter, messages: Sequence[Message]) -> Letter:
    """Return a letter with its number, which is the same at every attempt, and those of the letters before it.

    The first letter that a target gets about a ticket is the root of the conversation.
    """
    names = [_name(message.ticket_id, message.id, message.created_at) for message in messages]
    if len(messages) > 1 or messages[0].ticket_id is None:
        return replace(letter, number=f"digest.{hashlib.sha256(' '.join(names).encode()).hexdigest()[:32]}")
    with runtime.database.read() as connection:
        earlier = outbox.thread(connection, messages[0])
    return replace(letter, number=names[0], thread=[_name(messages[0].ticket_id, *each) for each in earlier])


def _name(ticket: int | None, number: int, written: datetime) -> str:
    # With the moment, so that a database that begins again gives no number a second time: mail servers drop what
    # they know.
    return f"ticket.{ticket or 0}.{number}.{int(written.timestamp() * 1000)}"
