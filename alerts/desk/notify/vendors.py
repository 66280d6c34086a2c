"""What vendors are told by mail: that they have a ticket, with the evidence, and what becomes of it."""

from datetime import timedelta

import httpx

from alerts.desk.core.words import Words
from alerts.desk.notify import attempt, outbox, texts
from alerts.desk.notify.attempt import Answer
from alerts.desk.notify.channels import mail
from alerts.desk.notify.evidence import measure
from alerts.desk.notify.message import Message
from alerts.desk.notify.routing import VENDOR_PREFIX
from alerts.desk.notify.texts import Letter
from alerts.desk.tickets import queries
from alerts.desk.tickets.events import Delivered
from alerts.desk.tickets.policy import Vendor
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.ticket import Ticket

TURN = timedelta(seconds=60)  # how long one vendor is written to before the others are looked at
WITH_EVIDENCE = frozenset({"handed_over", "escalated"})


def deliver_vendors(runtime: Runtime, client: httpx.Client) -> None:
    """Send what is due to the vendors' addresses."""
    for name, vendor in runtime.policy.vendors.items():
        end = runtime.now() + TURN
        while runtime.now() < end and (message := _next(runtime, VENDOR_PREFIX + name)):
            to = vendor.escalation_mail if message.kind == "escalated" else vendor.mail
            try:
                answer = _to_vendor(runtime, client, message, to, vendor)
            except OSError as error:
                answer = attempt.failed(to, [message.id], error)
            attempt.note(runtime, [message], [to], [answer])
            if not answer.error:
                attempt.record(runtime, {message.ticket: [Delivered(to, "sent")]})


def _next(runtime: Runtime, target: str) -> Message | None:
    with runtime.database.write() as connection:
        messages = outbox.claim(connection, target, runtime.now(), 1)
    return messages[0] if messages else None


def _to_vendor(runtime: Runtime, client: httpx.Client, message: Message, to: str, vendor: Vendor) -> Answer:
    if runtime.settings.smtp is None:
        raise OSError("the settings have no [smtp]: notify the vendor yourself")
    words = Words(vendor.language, runtime.settings.zone)
    with runtime.database.read() as connection:
        ticket = queries.find(connection, message.ticket)
    if ticket is None:
        return Answer(to, [message.id])
    if message.kind in WITH_EVIDENCE:
        letter = _with_evidence(runtime, client, ticket, message, words)
    else:
        letter = texts.to_vendor(ticket, message.kind, message.body, words)
    refused = mail.send(runtime.settings.smtp, [to], [to], mail.numbered(runtime, letter, [message]), runtime.now())
    return mail.answer(to, [message.id], refused.get(to))


def _with_evidence(runtime: Runtime, client: httpx.Client, ticket: Ticket, message: Message, words: Words) -> Letter:
    number = message.ticket
    with runtime.database.read() as connection:
        events = queries.timeline(connection, [number])[number]
        alarms = queries.alarms_of(connection, number, texts.MAX_ALARMS)
    known = bool(runtime.settings.prometheus)
    measured = measure(runtime.prometheus(client), ticket.opened_at, alarms) if known else None
    letter = texts.one(ticket, message.kind, message.body, words, "")
    return Letter(letter.subject, f"{letter.text}\n{texts.evidence(ticket, events, alarms, measured, words)}")
