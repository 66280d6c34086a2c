"""What a message that came in means for its appeal. Message and meaning are stored in one transaction, once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.appeals import actions
from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store as appeals
from alerts.desk.appeals.actions import Hand
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.interaction import NewInteraction
from alerts.desk.appeals.mail import sending, store
from alerts.desk.appeals.mail.matching import Match, match
from alerts.desk.appeals.mail.message import Message
from alerts.desk.appeals.mail.reading import Incoming, read
from alerts.desk.appeals.mail.steps import HandWithin
from alerts.desk.appeals.states import Status
from alerts.desk.core.actors import DESK
from alerts.desk.core.appeal_settings import AppealMail
from alerts.desk.core.database import Database

LONGEST_REPLY = 10_000
SETTLED, UNREAD = "settled", "unread"
SUPPLIERS = ("supplier", "vendor")


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a message: its state, and the appeal that it belongs to."""

    state: str
    appeal: int | None = None


def receive(database: Database, rules: Rules, settings: AppealMail, raw: bytes, now: datetime) -> Received | None:
    """Store a message and what it means; None where the desk has it already."""
    incoming = read(raw)
    with database.write() as connection:
        found = match(connection, rules, settings, incoming)
        number = store.keep(connection, _row(rules, incoming, found, now))
        if number is None:
            return None
        state = _Meaning(connection, database, rules, incoming, found, now).state()
        if state != SETTLED:
            store.change(connection, number, state=state)
    return Received(state, found.appeal)


def attach(hand: Hand, mail: int) -> bool:
    """Give a message that nobody could assign to the appeal of `hand`; return whether both are there."""
    with hand.database.write() as connection:
        row = store.find(connection, mail)
        if row is None or row.state != UNREAD or appeals.find(connection, hand.number) is None:
            return False
        reply = store.unseal(hand.rules.keys, row).get("reply", "")
        within = HandWithin(hand.database, hand.rules, hand.number, None, hand.by, hand.now, connection)
        party = row.party or "supplier"
        _say(within, party, reply)
        _go_on(within, party, reply)
        store.change(connection, mail, appeal_id=hand.number, state="done", actor=hand.by)
    return True


def done(database: Database, mail: int, by: str) -> bool:
    """Record that a person has dealt with a message; return whether it waited for that."""
    with database.write() as connection:
        row = store.find(connection, mail)
        if row is None or row.state not in (UNREAD, "refused", "bounced"):
            return False
        outbound = row.direction == "outbound"
        store.change(connection, mail, actor=by, **({} if outbound else {"state": "done"}))
    return True


def _row(rules: Rules, incoming: Incoming, found: Match, now: datetime) -> dict[str, object]:
    content = {
        "from": incoming.shown_sender,
        "subject": incoming.subject,
        "text": incoming.text,
        "reply": incoming.reply[:LONGEST_REPLY],
        "attachments": "\n".join(incoming.attachments),
        "why": found.why,
    }
    return {
        "appeal_id": found.appeal,
        "kind": incoming.kind,
        "party": found.party,
        "state": SETTLED,
        "digest": incoming.digest,
        "at": now,
        **store.seal(rules.keys, content),
    }


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One message in its transaction."""

    connection: Connection
    database: Database
    rules: Rules
    incoming: Incoming
    found: Match
    now: datetime

    def state(self) -> str:
        """Do what the message means; return whether that was all, or a person has to look at it."""
        found, kind = self.found, self.incoming.kind
        if found.appeal is None or kind == "unclear":
            return UNREAD
        if kind in ("bounce", "delay", "receipt"):
            return self._report(kind)
        if found.party in SUPPLIERS:
            self._received(found.appeal)
            self._received_by_mass(found.original)
        if kind == "automatic":
            # It says that a server has our message, and no more; to the customer's it says nothing at all.
            return SETTLED
        return self._reply(found.appeal, found.party)

    def _report(self, kind: str) -> str:
        original = self.found.original
        if original is None:
            return UNREAD
        if kind == "receipt" and original.kind == "request":
            self._received(original.appeal)
        elif kind == "receipt":
            self._received_by_mass(original)
        elif kind == "bounce" and original.state != "bounced":
            store.change(self.connection, original.id, state="bounced", next_at=None)
            sending.returned(self.connection, self.rules, original, self.now)
        return SETTLED

    def _received_by_mass(self, original: Message | None) -> None:
        """Note that the supplier has the request for a mass; its members' logs are written some at a time."""
        if original is not None and original.kind == store.MASS and original.state == "sent":
            store.change(self.connection, original.id, state="receipt")

    def _received(self, number: int) -> None:
        draft = appeals.lock(self.connection, number)
        if _awaits_receipt(draft):
            draft.record(ev.RequestReceived(), DESK, self.now)
            appeals.save(self.connection, self.rules, draft, self.now)

    def _reply(self, number: int, party: str) -> str:
        reply = self.incoming.reply[:LONGEST_REPLY]
        hand = HandWithin(self.database, self.rules, number, None, DESK, self.now, self.connection)
        _say(hand, party, reply)
        if self.incoming.kind == "notice":
            # A help desk's own programs mark a person's words as automatic, too: somebody has to read them.
            return UNREAD
        return SETTLED if _go_on(hand, party, reply) else UNREAD


def _say(hand: HandWithin, party: str, reply: str) -> None:
    reason = party if party in SUPPLIERS else "reply"
    fresh = NewInteraction(hand.number, "inbound", "email", reason, hand.now, hand.by)
    appeals.add_interaction(hand.connection, hand.rules, fresh, reply)


def _go_on(hand: HandWithin, party: str, reply: str) -> bool:
    """Take the appeal up with a reply; return whether that is all, or a person has to look at the message itself."""
    draft = appeals.lock(hand.connection, hand.number)
    if not reply.strip():
        return False
    if party in SUPPLIERS:
        if draft.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.PENDING):
            draft.record(ev.SupplierReplied(), hand.by, hand.now)
            appeals.save(hand.connection, hand.rules, draft, hand.now)
            return True  # whoever works on it sees the words
        if draft.status is Status.HELD and draft.status_reason in SUPPLIERS:
            actions.resume(hand)
            return True
        return False
    if draft.status is Status.PENDING:
        actions.resume(hand)
        return True
    # An answered customer who writes again: thanks, or "it still does not work". Nobody but a person can tell.
    return draft.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS)


def _awaits_receipt(draft: Draft) -> bool:
    """Return whether a request is out that nobody has acknowledged."""
    waits = False
    for event in draft.log:
        if isinstance(event.body, ev.RequestSent):
            waits = True
        elif isinstance(event.body, (ev.RequestReceived, ev.RequestBounced)):
            waits = False
    return waits and draft.is_open
