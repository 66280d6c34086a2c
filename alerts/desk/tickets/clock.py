"""A clock of a ticket as of an instant: what was used of its target, when it ends, which warnings are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.desk.tickets.calendars import Calendar
from alerts.desk.tickets.events import Event, HandedOver, Warned
from alerts.desk.tickets.spans import Span, missed, running, used

WARNINGS = (50, 75, 90, 100)  # per cent of the target; 100 is the breach


class State(StrEnum):
    """What a clock does at the moment it is read."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock as of an instant; times in working seconds of its calendar."""

    name: str
    target: float
    used: float
    state: State
    spans: tuple[Span, ...]
    calendar: Calendar
    told: frozenset[int] = frozenset()  # the warnings that the log already has
    priority: str = ""  # whose target it is; that of a vendor depends on none

    @property
    def left(self) -> float:
        """Return the time left; negative after the breach."""
        return self.target - self.used

    @property
    def breached(self) -> bool:
        """Return whether the target is missed."""
        return missed(self.used, self.target, running=self.state is State.RUNNING)

    @property
    def deadline(self) -> datetime | None:
        """Return when the target is used up; None unless the clock runs: a paused plan has no end."""
        return self.moment(self.target) if self.state is State.RUNNING else None

    def moment(self, seconds: float) -> datetime | None:
        """Return when so much time was or will be used, or None when the clock does not get there."""
        left = seconds
        for start, end in self.spans:
            if end is None:
                return self.calendar.after(start, left)
            length = self.calendar.working(start, end)
            if left <= length:
                return self.calendar.after(start, left)
            left -= length
        return None

    def warnings(self) -> list[int]:
        """Return the per cents that are reached and not yet told; after a long outage all of them at once."""
        return [percent for percent in WARNINGS if percent not in self.told and self.used >= self._share(percent)]

    def next_warning(self) -> datetime | None:
        """Return when the next warning falls due; None where the clock does not run or all is told."""
        rest = [percent for percent in WARNINGS if percent not in self.told]
        return self.moment(self._share(rest[0])) if rest and self.state is State.RUNNING else None

    def _share(self, percent: int) -> float:
        return self.target * percent / 100


def clock_of(  # noqa: PLR0913 - the one place where a clock's parts come together
    name: str,
    spans: Sequence[Span],
    target: tuple[float, Calendar],
    events: Sequence[Event],
    now: datetime,
    *,
    waiting: bool = False,
    vendor: str = "",
    priority: str = "",
) -> Clock:
    """Return a clock from its spans, its target in seconds of a calendar, and the warnings that the log has of it."""
    seconds, calendar = target
    state = State.RUNNING if running(spans) else State.PAUSED if waiting else State.STOPPED
    told = _told(name, events, vendor, priority)
    return Clock(name, seconds, used(spans, calendar, now), state, tuple(spans), calendar, told, priority)


def _told(name: str, events: Sequence[Event], vendor: str, priority: str) -> frozenset[int]:
    told: set[int] = set()
    for event in events:
        body = event.body
        if isinstance(body, HandedOver) and name == "accept":
            told.clear()  # each hand-over asks for its own acceptance
        elif isinstance(body, Warned) and (body.clock, body.vendor) == (name, vendor):
            told |= {body.percent} if body.priority in ("", priority) else set()
    return frozenset(told)
