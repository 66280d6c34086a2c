"""Which appeal a message belongs to, and who wrote it.

A message id of ours in In-Reply-To or References is proof: nobody guesses it. A number in the subject or the text is
not, so it counts only from somebody who is known: the supplier, the vendor, or the customer of that appeal. Where two
signs contradict each other, a person decides.
"""

from dataclasses import dataclass
from email.utils import parseaddr

from sqlalchemy import Connection

from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.mail import store
from alerts.desk.appeals.mail.message import Message
from alerts.desk.appeals.mail.reading import Incoming
from alerts.desk.core.appeal_settings import AppealMail

UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The appeal, who wrote, and our message that is answered or reported about; `why` is a key of the texts."""

    appeal: int | None
    party: str
    original: Message | None = None
    why: str = ""


def match(connection: Connection, rules: Rules, settings: AppealMail, incoming: Incoming) -> Match:
    """Return what a message belongs to."""
    party = _party(settings, incoming.sender)
    originals = store.sent(connection, incoming.own_ids)
    threads = {each.appeal for each in originals}
    named = {number for year, number in incoming.subject_numbers if _is(connection, rules, year, number)}
    if originals:
        (original, *_) = originals
        if named and original.appeal not in named:
            return Match(None, party, why="contradiction")
        if len(threads) > 1 and not named:
            # The nearest one would be a guess where an answer to a digest names several.
            return Match(None, party, why="several")
        found = original.appeal
        first = next(each for each in originals if each.appeal == found)
        return Match(found, party or first.party, first)
    if incoming.subject_numbers and not named:
        return Match(None, party, why="no_such_number")
    named = named or {number for year, number in incoming.text_numbers if _is(connection, rules, year, number)}
    if len(named) != 1:
        return Match(None, party, why="several" if named else "no_number")
    (number,) = named
    party = party or ("customer" if _is_customer(connection, rules, number, incoming.sender) else UNKNOWN)
    return Match(number, party) if party else Match(None, UNKNOWN, why="unknown_sender")


def _party(settings: AppealMail, sender: str) -> str:
    if not sender:
        return UNKNOWN
    known = {
        parseaddr(settings.vendor)[1].lower(): "vendor",
        parseaddr(settings.supplier)[1].lower(): "supplier",
    }
    if sender in known:
        return known[sender]
    domain = "@" + sender.rpartition("@")[2]
    return "supplier" if {sender, domain} & {each.lower() for each in settings.senders} else UNKNOWN


def _is(connection: Connection, rules: Rules, year: int, number: int) -> bool:
    row = appeals.find(connection, number) if number < 2**31 else None
    return row is not None and row.registered_at.astimezone(rules.calendars.zone).year == year


def _is_customer(connection: Connection, rules: Rules, number: int, sender: str) -> bool:
    row = appeals.find(connection, number)
    contact = appeals.contact_of(connection, rules.keys, row.contact_id) if row else None
    return bool(sender and contact and contact.email and parseaddr(contact.email)[1].lower() == sender)
