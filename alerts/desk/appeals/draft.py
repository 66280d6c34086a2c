"""An appeal that is being changed: its row, its log, and what is new of both."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.desk.appeals import clocks
from alerts.desk.appeals import events as ev
from alerts.desk.appeals.appeal import Appeal
from alerts.desk.appeals.clocks import Clock
from alerts.desk.appeals.desk import Rules
from alerts.desk.appeals.events import Body, Event
from alerts.desk.appeals.routes import Do, route
from alerts.desk.appeals.states import FINAL, Queue, Status, check_move
from alerts.desk.core.actors import DESK
from alerts.desk.core.record import Changed, Row

ANSWER_CLOCKS = ("answer", "vendor_answer")


class Draft(Changed, Appeal):
    """A locked appeal, or one that is being registered; `fresh` holds the events of its log that are not stored yet."""

    __slots__ = ("compensate", "fresh", "log")

    def __init__(self, row: Row, log: Sequence[Event] = ()) -> None:
        super().__init__(row)
        self.log = list(log)
        self.fresh: list[Event] = []
        self.compensate: datetime | None = None  # a free month has to be proposed: the term passed at this moment

    def stored(self, number: int) -> None:
        """Note that the changes are stored, under this number."""
        self.row |= self.changes | {"id": number}
        self.changes.clear()
        self.fresh.clear()

    @property
    def is_open(self) -> bool:
        """Return whether the customer waits for something."""
        return self.status not in FINAL

    def record(self, body: Body, actor: str, now: datetime) -> None:
        """Add an event."""
        event = Event(max(now, self.log[-1].at) if self.log else now, actor, body)
        self.log.append(event)
        self.fresh.append(event)

    def move(self, new: Status, actor: str, now: datetime, reason: str = "") -> None:
        """Change the state; raise IllegalStepError where the life of an appeal has no such step."""
        check_move(self.status, new)
        self.record(ev.Moved(new, reason), actor, now)
        self.change("status", new.value)
        self.status_reason, self.status_at = reason, now

    def give(self, queue: Queue, actor: str, now: datetime) -> None:
        """Give the appeal to a queue, where nobody has taken it yet."""
        self.record(ev.Queued(queue), actor, now)
        self.queue, self.owner = queue.value, ""

    def told(self, clock: str) -> bool:
        """Return whether the log says that this clock has run out."""
        return any(isinstance(event.body, ev.Late) and event.body.clock == clock for event in self.log)

    def finish(self, rules: Rules, now: datetime) -> None:
        """Let the appeal notice what time it is: settle mail, record what is late, compute when to look again.

        Everything that changes an appeal ends here, so whoever comes first after a term has passed records it.
        """
        terms = self.terms
        settles = clocks.mail_settles(self.log, terms)
        if settles is not None and settles <= now:
            sent = next(event.at for event in reversed(self.log) if isinstance(event.body, ev.AnswerSent))
            self.deliver(sent, DESK, now)
            settles = None
        found = clocks.read(self.log, terms, rules.calendars, now)
        for clock in found.values():
            if clock.late and not self.told(clock.name) and not self._may_be_in_time(clock, settles):
                self._miss(clock, rules, now)
        running = [found[name] for name in ANSWER_CLOCKS if name in found]
        self.deadline_at = next((clock.deadline for clock in running if clock.deadline), None)
        self.delivered_at = clocks.delivered_at(self.log)
        self.due_at = self._due(found.values(), settles)

    def deliver(self, since: datetime, actor: str, now: datetime) -> None:
        """Record that the customer has the answer, and close what was resolved."""
        self.record(ev.AnswerDelivered(since), actor, now)
        if self.status is Status.RESOLVED:
            self.move(Status.CLOSED, actor, now)

    def _may_be_in_time(self, clock: Clock, settles: datetime | None) -> bool:
        """Return whether mail that left in time may still turn out to be delivered."""
        if clock.name not in ANSWER_CLOCKS or settles is None or clock.late_at is None:
            return False
        sent = next(event.at for event in reversed(self.log) if isinstance(event.body, ev.AnswerSent))
        return sent <= clock.late_at

    def _miss(self, clock: Clock, rules: Rules, now: datetime) -> None:
        self.record(ev.Late(clock.name), DESK, now)
        if clock.name not in ANSWER_CLOCKS:
            return
        self.late = True
        facts = {"step": "term", "entry": self.entry, "answered": "no", **rules.questions.facts()}
        if route(facts).asks(Do.PROPOSE_COMPENSATION):
            self.compensate = clock.late_at or now

    def _due(self, found: Iterable[Clock], settles: datetime | None) -> datetime | None:
        waits = [clock for clock in found if clock.late_at and clock.deadline and not self.told(clock.name)]
        # A term that runs out while mail is under way is looked at when the mail has settled.
        moments = [clock.late_at for clock in waits if not self._may_be_in_time(clock, settles)]
        return min((moment for moment in (*moments, settles) if moment), default=None)
