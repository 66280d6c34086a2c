"""A ticket's event log: what clocks, timeline and reports are computed from. It is only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """What an event says."""

    OPENED = "opened"
    ALARMS = "alarms"  # occurrences began or ended
    STATUS = "status"  # to, reason
    TAKEN = "taken"
    PRIORITY = "priority"  # to, reason
    NOTE = "note"
    HANDED_OVER = "handed over"  # vendor
    ACCEPTED = "accepted"  # by the vendor
    RETURNED = "returned"  # from the vendor
    REFERENCE = "reference"  # the vendor's own number
    EDITED = "edited"  # fields changed over the API
    WARNING = "warning"  # clock, percent
    UNVERIFIED = "unverified"  # the series vanished
    VERIFIED = "verified"  # the series is back and healthy
    FLAPPING = "flapping"
    ESCALATED = "escalated"
    DELIVERY = "delivery"  # a message was sent or given up


CLOCK_KINDS = frozenset(
    {Kind.OPENED, Kind.STATUS, Kind.TAKEN, Kind.HANDED_OVER, Kind.ACCEPTED, Kind.RETURNED, Kind.WARNING}
)
"""What the clocks read."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a ticket's log."""

    at: datetime
    kind: Kind
    actor: str
    data: dict[str, Any]


class Recorded(NamedTuple):
    """The new events of one ticket, and the ticket's priority after them."""

    ticket: int
    priority: str
    events: Sequence[Event]
