"""Mail of appeals in the database: written, claimed for sending, found again by its message id."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Executable, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alerts.desk.appeals.contacts import Keys
from alerts.desk.appeals.mail.message import Message, Written
from alerts.desk.core.appeal_tables import appeal, appeal_mail
from alerts.desk.core.database import Database
from alerts.desk.core.kept_json import from_json, to_json

CLAIM = timedelta(minutes=2)  # how long a desk may take over a message that it claims
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0
LONGEST_ERROR = 300
# What could not be sent for good, and nobody has dealt with, has to be seen as well.
_FAILED = and_(
    appeal_mail.c.direction == "outbound", appeal_mail.c.state.in_(("refused", "bounced")), appeal_mail.c.actor == ""
)
UNREAD: ColumnElement[bool] = or_(appeal_mail.c.state == "unread", _FAILED)
MASS = "mass"  # the kind of a request for all members of a mass of appeals
SENT = ("sent", "receipt", "received")
"""States of a message that left: a request for a mass whose receipt is being recorded, and one where that is done."""


def seal(keys: Keys, content: Mapping[str, object]) -> dict[str, object]:
    """Return the columns that hold what a message says: addresses, subject and words."""
    return {"sealed": keys.seal(json.dumps(dict(content), ensure_ascii=False)), "key_id": keys.current}


def unseal(keys: Keys, message: Message) -> dict[str, str]:
    """Return what a message says; empty where it was deleted, or its key is gone."""
    text = keys.open(message.sealed, message.key_id) if message.sealed else None
    found: dict[str, str] = json.loads(text) if text else {}
    return found


def unseal_written(keys: Keys, message: Message) -> Written | None:
    """Return what a message that is to be sent says; None where its key is gone."""
    found = unseal(keys, message)
    return from_json(found, Written) if found else None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that is to be sent about an appeal: request, mass, vendor, message or answer."""

    appeal: int
    kind: str
    party: str
    content: Written


def write(connection: Connection, keys: Keys, mail: Outgoing, domain: str, at: datetime) -> int:
    """Store a message that is to be sent; return its number."""
    values = {
        "appeal_id": mail.appeal,
        "direction": "outbound",
        "kind": mail.kind,
        "party": mail.party,
        "state": "pending",
        # Nobody who has not seen the message can name it, so a reply that names it may be trusted with the thread.
        "message_id": f"appeal.{mail.appeal}.{secrets.token_hex(16)}@{domain}",
        "at": at,
        "next_at": at,
        "attempts": 0,
        "error": "",
        "actor": "",
        **seal(keys, to_json(mail.content)),
    }
    stored: int = connection.execute(insert(appeal_mail).values(**values).returning(appeal_mail.c.id)).scalar_one()
    return stored


def keep(connection: Connection, values: Mapping[str, object]) -> int | None:
    """Store a message that came in; return its number, None where the desk has it already."""
    fresh = {"direction": "inbound", "next_at": None, "attempts": 0, "error": "", "actor": ""} | dict(values)
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = kind.insert(appeal_mail).values(**fresh).on_conflict_do_nothing().returning(appeal_mail.c.id)
    number: int | None = connection.execute(statement).scalar()
    return number


def claim(connection: Connection, now: datetime) -> Message | None:
    """Take the oldest message that is due; another desk finds it not due until the claim runs out."""
    due = select(appeal_mail.c.id).where(appeal_mail.c.next_at <= now).order_by(appeal_mail.c.id).limit(1)
    number = connection.scalar(due.with_for_update(skip_locked=True))
    if number is None:
        return None
    change(connection, number, next_at=now + CLAIM, attempts=appeal_mail.c.attempts + 1)
    return find(connection, number)


def change(connection: Connection, number: int, **values: object) -> None:
    """Change a message."""
    connection.execute(update(appeal_mail).where(appeal_mail.c.id == number).values(**values))


def find(connection: Connection, number: int) -> Message | None:
    """Return a message."""
    row = connection.execute(select(appeal_mail).where(appeal_mail.c.id == number)).mappings().one_or_none()
    return Message(row) if row is not None else None


def rest(attempts: int) -> timedelta:
    """Return the time before the next attempt: doubling, up to an hour."""
    return timedelta(seconds=min(FIRST_PAUSE * 2.0 ** (attempts - 1), LONGEST_PAUSE))


def sent(connection: Connection, ids: Sequence[str]) -> list[Message]:
    """Return our messages with these ids, in the order of the ids."""
    found = _all(connection, select(appeal_mail).where(appeal_mail.c.message_id.in_(ids)))
    known = {each.message_id: each for each in found}
    return [known[each] for each in ids if each in known]


def of_appeal(connection: Connection, number: int) -> list[Message]:
    """Return the messages of an appeal, oldest first."""
    return _all(connection, select(appeal_mail).where(appeal_mail.c.appeal_id == number).order_by(appeal_mail.c.id))


def thread(connection: Connection, number: int, party: str, before: int) -> list[str]:
    """Return the ids of our earlier messages of an appeal to a party, the first one first."""
    same = (appeal_mail.c.appeal_id == number, appeal_mail.c.party == party, appeal_mail.c.id < before)
    outbound = (appeal_mail.c.direction == "outbound", appeal_mail.c.state != "dropped")
    return list(connection.scalars(select(appeal_mail.c.message_id).where(*same, *outbound).order_by(appeal_mail.c.id)))


def wrote(connection: Connection, number: int, *kinds: str, since: datetime | None = None) -> bool:
    """Return whether a message of a kind was written for an appeal, sent or not."""
    same = [appeal_mail.c.appeal_id == number, appeal_mail.c.kind.in_(kinds), appeal_mail.c.direction == "outbound"]
    if since is not None:
        same.append(appeal_mail.c["at"] >= since)
    return connection.scalar(select(appeal_mail.c.id).where(*same).limit(1)) is not None


def unread(connection: Connection, limit: int = 200) -> list[Message]:
    """Return the messages that a person has to look at, the oldest first."""
    return _all(connection, select(appeal_mail).where(UNREAD).order_by(appeal_mail.c.id).limit(limit))


def _all(connection: Connection, wanted: Executable) -> list[Message]:
    return [Message(row) for row in connection.execute(wanted).mappings()]


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many messages there are of each direction and state that somebody or something has to deal with."""
    both = (appeal_mail.c.direction, appeal_mail.c.state)
    open_ = or_(appeal_mail.c.state == "pending", UNREAD)
    rows = connection.execute(select(*both, func.count()).where(open_).group_by(*both))
    return {(direction, state): number for direction, state, number in rows}


def forget(database: Database, now: datetime, keep_unmatched: float) -> int:
    """Delete the words of mail whose appeal has lost its contact, and old mail of no appeal; return how many."""
    gone = select(appeal.c.id).where(
        appeal.c.contact_id.is_(None), appeal.c.status.in_(("closed", "rejected", "cancelled"))
    )
    nobodys = appeal_mail.c.appeal_id.is_(None) & (appeal_mail.c["at"] <= now - timedelta(seconds=keep_unmatched))
    old = appeal_mail.c.appeal_id.in_(gone) | nobodys
    with database.write() as connection:
        wanted = update(appeal_mail).where(appeal_mail.c.sealed.is_not(None), old)
        return connection.execute(wanted.values(sealed=None, key_id="")).rowcount
