"""What the desk writes: to the supplier and the vendor without a word of the customer's, to customers their answer."""

from dataclasses import dataclass
from datetime import datetime

from alerts.desk.appeals import numbers
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.contacts import Contact
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail.message import Written
from alerts.desk.appeals.mail.quoted import MARK
from alerts.desk.core.words import Words


@dataclass(frozen=True, slots=True)
class Mass:
    """What the supplier is told of a mass of appeals."""

    ticket: int
    group: str  # its name
    region: str
    service: str
    customers: int
    reference: str  # of the first member, whose conversation the request is part of


def reference(rules: Rules, appeal: Appeal) -> str:
    """Return the number of an appeal as mail has it."""
    return numbers.reference(rules.calendars.zone, appeal.id, appeal.registered_at)


def request(rules: Rules, appeal: Appeal, words: Words, to: str, url: str = "") -> Written:
    """Return the request to the supplier or the vendor."""
    code = rules.codes.get(appeal.code)
    name = code.name(words.language) if code else appeal.code
    shown = reference(rules, appeal)
    lines = [
        _mark(words),
        "",
        words("appealmail.request"),
        "",
        words("appealmail.number", number=shown),
        words("appealmail.code", code=appeal.code, name=name),
        words("appealmail.service", service=appeal.service),
        words("appealmail.region", region=appeal.region or "–"),
        words("appealmail.appealed", time=words.time(appeal.appealed_at)),
        *([words("appealmail.deadline", time=words.time(appeal.deadline_at))] if appeal.deadline_at else []),
        *(["", f"{url}/appeals/{appeal.id}"] if url else []),
    ]
    return Written(to, words("appealmail.request_subject", number=shown, name=name), _text(lines))


def mass(words: Words, to: str, of: Mass) -> Written:
    """Return the request to the supplier for all members of a mass of appeals."""
    lines = [
        _mark(words),
        "",
        words("appealmail.mass_request"),
        "",
        words("appealmail.mass_ticket_number", number=of.ticket),
        words("appealmail.mass_group", group=of.group),
        words("appealmail.service", service=of.service),
        words("appealmail.region", region=of.region),
        words("appealmail.mass_customers", n=of.customers),
        words("appealmail.mass_first", number=of.reference),
    ]
    subject = words("appealmail.mass_subject", number=of.reference, group=of.group, region=of.region)
    return Written(to, subject, _text(lines))


def message(rules: Rules, appeal: Appeal, words: Words, to: str, text: str) -> Written:
    """Return a further message about an appeal."""
    shown = reference(rules, appeal)
    return Written(to, words("appealmail.message_subject", number=shown), _text([_mark(words), "", text]))


def answer(rules: Rules, appeal: Appeal, words: Words, contact: Contact, text: str) -> Written:
    """Return the answer to the customer."""
    shown = reference(rules, appeal)
    lines = [
        *([words("appealmail.dear", name=contact.name), ""] if contact.name else []),
        words("appealmail.answer", number=shown, day=_day(words, appeal.appealed_at)),
        "",
        text,
        "",
        words("appealmail.not_solved"),
    ]
    return Written(contact.email, words("appealmail.answer_subject", number=shown), _text(lines))


def _mark(words: Words) -> str:
    return f"{MARK}{words('appealmail.reply_above')} -##"


def _day(words: Words, moment: datetime) -> str:
    return words.day(moment.astimezone(words.zone).date())


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
