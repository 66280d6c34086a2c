"""What people do to an appeal, each in one transaction; what the state does not allow raises IllegalStepError."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from alerts.desk.appeals import events as ev
from alerts.desk.appeals import store
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.draft import Draft
from alerts.desk.appeals.interaction import NewInteraction
from alerts.desk.appeals.routes import Do, route
from alerts.desk.appeals.states import AnswerBy, IllegalStepError, Queue, Status
from alerts.desk.core.database import Database


@dataclass(frozen=True, slots=True)
class Hand:
    """Who acts on which appeal, in the version that they saw, and when."""

    database: Database
    rules: Rules
    number: int
    version: int | None
    by: str
    now: datetime

    def say(self, connection: Connection, direction: str, reason: str, text: str) -> None:
        """Store what was said, sealed."""
        fresh = NewInteraction(self.number, direction, "desk", reason, self.now, self.by)
        store.add_interaction(connection, self.rules, fresh, text)

    def change(self, do: Callable[[Connection, Draft], None]) -> None:
        """Lock the appeal, change it, store it."""
        with self.database.write() as connection:
            draft = store.lock(connection, self.number, self.version)
            do(connection, draft)
            store.save(connection, self.rules, draft, self.now)


def take(hand: Hand) -> None:
    """Take the appeal."""

    def do(_: Connection, draft: Draft) -> None:
        if not draft.is_open:
            raise IllegalStepError(draft.status, Status.IN_PROGRESS)
        draft.record(ev.Taken(), hand.by, hand.now)
        draft.owner = hand.by
        if draft.status is Status.ACKNOWLEDGED:
            draft.move(Status.IN_PROGRESS, hand.by, hand.now)

    hand.change(do)


def route_to(hand: Hand, region: str) -> None:
    """Give an appeal without a region to the branch of one."""

    def do(_: Connection, draft: Draft) -> None:
        draft.region = region
        draft.give(Queue.BRANCH, hand.by, hand.now)

    hand.change(do)


def forward(hand: Hand) -> None:
    """Pass to the supplier what the branch or 160 cannot answer; the request has then to be sent."""

    def do(_: Connection, draft: Draft) -> None:
        way = route({"step": "branch", "answerable": "no"})
        if way.asks(Do.HOLD_SUPPLIER):
            draft.move(Status.HELD, hand.by, hand.now, "supplier")
        draft.give(Queue.SUPPLIER, hand.by, hand.now)
        draft.request_due = way.asks(Do.REQUEST_SUPPLIER)

    hand.change(do)


def request_sent(hand: Hand, *, received: bool) -> None:
    """Record that the supplier was asked, and whether its mail server took the request."""

    def do(_: Connection, draft: Draft) -> None:
        if not draft.is_open:
            raise IllegalStepError(draft.status, Status.HELD)
        draft.record(ev.RequestSent(), hand.by, hand.now)
        if received:
            draft.record(ev.RequestReceived(), hand.by, hand.now)
        draft.request_due = False
        if draft.status in (Status.ACKNOWLEDGED, Status.IN_PROGRESS):
            draft.move(Status.HELD, hand.by, hand.now, "supplier")
        if draft.queue != Queue.SUPPLIER:
            draft.give(Queue.SUPPLIER, hand.by, hand.now)

    hand.change(do)


def request_received(hand: Hand) -> None:
    """Record that the supplier has the request."""
    hand.change(lambda _, draft: draft.record(ev.RequestReceived(), hand.by, hand.now))


def find_fault(hand: Hand, fault: str, reference: str) -> None:
    """Record whose fault it is; the routes say whose term follows."""

    def do(_: Connection, draft: Draft) -> None:
        known = "yes" if reference else "no"
        way = route({"step": "fault", "fault": fault, "reference": known, **hand.rules.questions.facts()})
        draft.record(ev.FaultFound(fault, reference), hand.by, hand.now)
        draft.fault = fault
        if way.asks(Do.HOLD_VENDOR):
            if draft.status is Status.HELD:
                draft.move(Status.IN_PROGRESS, hand.by, hand.now)
            draft.move(Status.HELD, hand.by, hand.now, "vendor")

    hand.change(do)


def ask_customer(hand: Hand, question: str) -> None:
    """Ask the customer something; the time for the answer waits with them."""

    def do(connection: Connection, draft: Draft) -> None:
        draft.move(Status.PENDING, hand.by, hand.now)
        hand.say(connection, "outbound", "question", question)

    hand.change(do)


def resume(hand: Hand, text: str = "") -> None:
    """Go on: the customer replied, or the supplier did."""

    def do(connection: Connection, draft: Draft) -> None:
        if draft.status not in (Status.PENDING, Status.HELD):
            raise IllegalStepError(draft.status, Status.IN_PROGRESS)
        if draft.status_reason == "supplier":
            draft.record(ev.SupplierReplied(), hand.by, hand.now)
        draft.move(Status.IN_PROGRESS, hand.by, hand.now)
        draft.give(Queue.CALLS_160, hand.by, hand.now)
        if text:
            hand.say(connection, "inbound", "reply", text)

    hand.change(do)


def answer(hand: Hand, text: str) -> None:
    """Write the answer; the customer has yet to get it."""

    def do(connection: Connection, draft: Draft) -> None:
        if draft.status_reason == "supplier":
            draft.record(ev.SupplierReplied(), hand.by, hand.now)
        draft.move(Status.RESOLVED, hand.by, hand.now)
        draft.give(Queue.CALLS_160, hand.by, hand.now)
        hand.say(connection, "outbound", "answer", text)

    hand.change(do)


def mailed(hand: Hand) -> None:
    """Record that the answer left by mail; it counts as delivered when it has not bounced for a while."""

    def do(_: Connection, draft: Draft) -> None:
        _must_be_resolved(draft)
        draft.record(ev.AnswerSent(AnswerBy.EMAIL), hand.by, hand.now)
        _enough_calls(hand, draft)

    hand.change(do)


def bounced(hand: Hand) -> None:
    """Record that the answer's mail came back: the customer has no answer, and the appeal is open again."""
    hand.change(lambda connection, draft: undelivered(connection, hand.rules, draft, hand.by, hand.now))


def undelivered(connection: Connection, rules: Rules, draft: Draft, by: str, now: datetime) -> None:
    """Take an appeal up again whose answer came back.

    Where the customer has meanwhile appealed about the same again, both are open, each with its own time, and the later
    one is told so: neither may end without an answer that arrived.
    """
    draft.record(ev.AnswerBounced(), by, now)
    if draft.status not in (Status.RESOLVED, Status.CLOSED):
        return  # it is being worked on already
    other = store.open_like(connection, [draft.customer], draft.service, draft.code)
    if other is not None and other.id != draft.id:
        other.record(ev.Repeated(), by, now)
        other.repeats = other.repeats + 1
        store.save(connection, rules, other, now)
        draft.reopened = True
    draft.move(Status.IN_PROGRESS, by, now)


def unrequested(draft: Draft, by: str, now: datetime) -> None:
    """Record that the request to the supplier came back; somebody has to find out why before it is sent again."""
    draft.record(ev.RequestBounced(), by, now)
    draft.request_due = True
    if draft.status is Status.HELD and draft.status_reason == "supplier":
        draft.move(Status.IN_PROGRESS, by, now)
    if draft.queue == Queue.SUPPLIER:
        draft.give(Queue.CALLS_160, by, now)


def called(hand: Hand, *, reached: bool) -> None:
    """Record a call with the answer: the customer was reached, or nobody answered."""

    def do(_: Connection, draft: Draft) -> None:
        _must_be_resolved(draft)
        channel = AnswerBy(draft.answer_by)
        if not reached:
            draft.record(ev.CallFailed(), hand.by, hand.now)
            _enough_calls(hand, draft)
            return
        draft.record(ev.AnswerSent(AnswerBy.MOBILE if channel is AnswerBy.EMAIL else channel), hand.by, hand.now)
        draft.deliver(hand.now, hand.by, hand.now)

    hand.change(do)


def claim_answered(hand: Hand) -> None:
    """Record that the written answer to a claim left."""
    hand.change(lambda _, draft: draft.record(ev.ClaimAnswered(), hand.by, hand.now))


def end(hand: Hand, status: Status) -> None:
    """Reject an appeal that is not ours, once the customer was told, or cancel one that was withdrawn."""
    hand.change(lambda _, draft: draft.move(status, hand.by, hand.now))


def _must_be_resolved(draft: Draft) -> None:
    if draft.status is not Status.RESOLVED:
        raise IllegalStepError(draft.status, Status.CLOSED)


def _enough_calls(hand: Hand, draft: Draft) -> None:
    """Count as answered what was tried often enough: failed calls on several days, and a mail as well."""
    questions = hand.rules.questions
    failed = [event.at for event in draft.log if isinstance(event.body, ev.CallFailed)]
    days = {moment.astimezone(hand.rules.calendars.zone).date() for moment in failed}
    mail = any(isinstance(each.body, ev.AnswerSent) and each.body.channel is AnswerBy.EMAIL for each in draft.log)
    if mail and len(failed) >= questions.failed_calls and len(days) >= questions.failed_call_days:
        draft.deliver(hand.now, hand.by, hand.now)
