"""A ticket while it is being changed: the row that was locked, the changes, and the events that tell of them.

Every change of a ticket, by people, alarms or timers, goes through here, so that each leaves its event, raises the
version and recomputes the clocks from the log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.desk.core.actors import DESK
from alerts.desk.core.record import Changed, Row
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.clock import Clock
from alerts.desk.tickets.events import CLOCK_KINDS, CountedFrom, Event, EventBody, Flapping, StatusChanged
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.states import (
    DESK_MOVES,
    KEPT_FROM,
    MOVES,
    RECOVERED,
    REFIRED,
    TERMINAL,
    WORKING,
    IllegalMoveError,
    KeptOpenError,
    Status,
)
from alerts.desk.tickets.ticket import Deadlines, Ticket

Moments = dict[str, Deadlines | datetime | None]
Readings = dict[tuple[object, ...], tuple[dict[str, Clock], Moments]]
"""Clocks and the columns that follow from them, by everything that they are read from."""


class Draft(Changed, Ticket):
    """One locked ticket. `log` holds its clock events so far; it is empty for a ticket that is just being opened."""

    __slots__ = ("clocks", "events", "log")

    def __init__(self, row: Row, log: Sequence[Event] = ()) -> None:
        super().__init__(row)
        self.log = list(log)
        self.events: list[Event] = []
        self.clocks: dict[str, Clock] = {}

    @property
    def is_new(self) -> bool:
        """Return whether the ticket has no number yet."""
        return self.as_read("id") is None

    @property
    def had_deadlines(self) -> bool:
        """Return whether rows of `ticket_clock` are stored for it, whatever its clocks say by now."""
        return bool(self.as_read("deadlines"))

    @property
    def changed(self) -> bool:
        """Return whether there is anything to save."""
        return bool(self.changes or self.events)

    def record(self, now: datetime, body: EventBody, actor: str) -> None:
        """Add a line to the log."""
        self.events.append(Event(now, actor, body))

    def move(self, to: Status, reason: str, actor: str, now: datetime) -> None:
        """Change the state; raise IllegalMoveError where the life cycle does not allow it to this actor."""
        old = self.status
        if to not in (DESK_MOVES if actor == DESK else MOVES).get(old, frozenset()):
            raise IllegalMoveError(old, to)
        if to in KEPT_FROM.get(self.kept_open, ()):
            raise KeptOpenError(old, to)
        self.record(now, StatusChanged(old, to, reason), actor)
        self.change("status", to.value)
        self.status_reason, self.status_at = reason, now
        if to is not Status.HELD:
            self.vendor = ""
        if to not in WORKING:  # who takes a ticket or hands it over does not end the doubt about its recovery
            self.verify_at, self.unverified = None, False
        if to is Status.RESOLVED:
            self.resolved_at = now
        elif to in WORKING:
            self.resolved_at = None

    def recovered(self, policy: Policy, now: datetime) -> None:
        """React to the end of the last occurrence: repaired, or Prometheus is to be asked first."""
        if self.status not in WORKING:
            return
        if policy.verify_recovery:
            self.verify_at = now
        else:
            self.repaired(now)

    def repaired(self, now: datetime) -> None:
        """Resolve the ticket because its alarms have ended; a billing case that is open keeps it."""
        if Status.RESOLVED in KEPT_FROM.get(self.kept_open, ()):
            self.verify_at, self.unverified = None, False
        else:
            self.move(Status.RESOLVED, RECOVERED, DESK, now)

    def refired(self, policy: Policy, now: datetime) -> None:
        """React to an occurrence that began (again); say so once when it comes and goes."""
        self.verify_at, self.unverified = None, False
        if self.status is not Status.RESOLVED:
            return
        self.move(Status.IN_PROGRESS, REFIRED, DESK, now)
        since = now - timedelta(seconds=policy.flap_window)
        returns = sum(
            isinstance(event.body, StatusChanged) and event.body.reason == REFIRED and event.at > since
            for event in (*self.log, *self.events)
        )
        if returns >= policy.flap_count and not self.flapping:
            self.flapping = True
            self.record(now, Flapping(returns), DESK)

    def count_from(self, since: datetime, priority: str, actor: str, now: datetime) -> None:
        """Let the clocks count from the first effect of this ticket's alarms."""
        earlier = [each.body.since for each in (*self.log, *self.events) if isinstance(each.body, CountedFrom)]
        if all(since < one for one in earlier):
            self.record(now, CountedFrom(since, priority), actor)

    def measure(self, policy: Policy, now: datetime) -> None:
        """Read the clocks from the log."""
        self.clocks = clock.read(self._told(), self.priority, policy, now, self.ticket_type)

    def _told(self) -> list[Event]:
        return self.log + [event for event in self.events if event.kind in CLOCK_KINDS]

    def finish(self, policy: Policy, now: datetime, known: Readings | None = None) -> None:
        """Compute the clocks again and say when the timers have to look.

        `known` keeps what was read under the same policy at the same moment: the tickets of a storm open together and
        recover together, and their clocks say the same.
        """
        events = [(each.at, each.body) for each in self._told()]
        origin = (self.ticket_type, self.priority, self.status, self.status_at, self.verify_at, *events)
        reading = known.get(origin) if known is not None else None
        if reading is None:
            self.measure(policy, now)
            reading = self.clocks, self._moments(policy)
            if known is not None:
                known[origin] = reading
        self.clocks, moments = reading
        for column, moment in moments.items():
            self.change(column, moment)
        if self.changed:
            self.changes["updated_at"] = now
            self.changes["version"] = self.as_read("version") + 1

    def _moments(self, policy: Policy) -> Moments:
        ends = {name: end for name, each in self.clocks.items() if (end := each.deadline)}
        return {
            "deadlines": ends,
            "deadline_at": min(ends.values(), default=None),
            "due_at": self._due(policy),
        }

    def _due(self, policy: Policy) -> datetime | None:
        if self.status in TERMINAL:
            return None
        moments = [each.next_warning() for each in self.clocks.values()]
        if self.status is Status.RESOLVED and not self.kept_open:
            moments.append(self.status_at + timedelta(seconds=policy.confirmation))
        elif self.status is not Status.RESOLVED:
            moments.append(self.verify_at)
        return min((moment for moment in moments if moment is not None), default=None)
