"""A ticket's event log: what clocks, timeline and reports are computed from. It is only ever added to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from alerts.desk.tickets.states import Status


class Kind(StrEnum):
    """What an event says."""

    OPENED = "opened"
    ALARMS = "alarms"
    STATUS = "status"
    TAKEN = "taken"
    PRIORITY = "priority"
    NOTE = "note"
    HANDED_OVER = "handed over"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REFERENCE = "reference"
    EDITED = "edited"
    WARNING = "warning"
    VERIFYING = "verifying"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    FLAPPING = "flapping"
    ESCALATED = "escalated"
    DELIVERY = "delivery"
    COUNTED_FROM = "counted from"


CLOCK_KINDS = frozenset(
    {
        Kind.OPENED,
        Kind.STATUS,
        Kind.TAKEN,
        Kind.PRIORITY,
        Kind.HANDED_OVER,
        Kind.ACCEPTED,
        Kind.RETURNED,
        Kind.WARNING,
        Kind.COUNTED_FROM,
    }
)
"""What the clocks read."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The ticket was opened."""

    kind: ClassVar[Kind] = Kind.OPENED
    priority: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class AlarmsChanged:
    """Occurrences began or ended; `texts` names the first that began, by language."""

    kind: ClassVar[Kind] = Kind.ALARMS
    began: int
    ended: int
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    effects: bool = False  # they are effects of the ticket's own alarms


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The state changed."""

    kind: ClassVar[Kind] = Kind.STATUS
    old: Status | None
    new: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """The actor took the ticket."""

    kind: ClassVar[Kind] = Kind.TAKEN


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """The priority changed."""

    kind: ClassVar[Kind] = Kind.PRIORITY
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """The actor wrote a note; one of the desk itself has its text in several languages, too."""

    kind: ClassVar[Kind] = Kind.NOTE
    text: str
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The ticket was given to a vendor."""

    kind: ClassVar[Kind] = Kind.HANDED_OVER
    vendor: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor accepted the ticket."""

    kind: ClassVar[Kind] = Kind.ACCEPTED
    vendor: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The ticket came back from the vendor."""

    kind: ClassVar[Kind] = Kind.RETURNED
    vendor: str


@dataclass(frozen=True, slots=True)
class ReferenceGiven:
    """Another system or a vendor told its own number."""

    kind: ClassVar[Kind] = Kind.REFERENCE
    owner: str
    reference: str


@dataclass(frozen=True, slots=True)
class Edited:
    """Fields were changed over the API."""

    kind: ClassVar[Kind] = Kind.EDITED
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class Warned:
    """A share of a target is used up; 100 per cent is the breach.

    `vendor` is set for the clock of a vendor, `priority` for one whose target depends on it.
    """

    kind: ClassVar[Kind] = Kind.WARNING
    clock: str
    percent: int
    vendor: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Verifying:
    """The alarms ended, and the recovery waits for its verification longer than for one answer of Prometheus."""

    kind: ClassVar[Kind] = Kind.VERIFYING
    why: str  # "unavailable": Prometheus does not answer; "slow": it does not answer this query in time


@dataclass(frozen=True, slots=True)
class Unverified:
    """The alarms ended, and it cannot be verified that the problem did; `since` is an RFC 3339 time or nothing."""

    kind: ClassVar[Kind] = Kind.UNVERIFIED
    why: str = ""  # a key of the texts; events of earlier versions have none
    what: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """The alarms' conditions were evaluated over present data and are not met."""

    kind: ClassVar[Kind] = Kind.VERIFIED


@dataclass(frozen=True, slots=True)
class Flapping:
    """The alarm came back this many times within a while."""

    kind: ClassVar[Kind] = Kind.FLAPPING
    returns: int


@dataclass(frozen=True, slots=True)
class Escalated:
    """Nobody at the vendor accepted in time: it is asked again, one level higher."""

    kind: ClassVar[Kind] = Kind.ESCALATED
    clock: str
    vendor: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message was sent, refused for good or given up."""

    kind: ClassVar[Kind] = Kind.DELIVERY
    target: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CountedFrom:
    """The ticket explains what was there before it: its clocks count from then."""

    kind: ClassVar[Kind] = Kind.COUNTED_FROM
    since: datetime
    priority: str = ""  # of the effect


EventBody = (
    Opened
    | AlarmsChanged
    | StatusChanged
    | Taken
    | PriorityChanged
    | NoteAdded
    | HandedOver
    | Accepted
    | Returned
    | ReferenceGiven
    | Edited
    | Warned
    | Verifying
    | Unverified
    | Verified
    | Flapping
    | Escalated
    | Delivered
    | CountedFrom
)
"""What an event says. `event_json.py` has its form in the database."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a ticket's log."""

    at: datetime
    actor: str
    body: EventBody

    @property
    def kind(self) -> Kind:
        """Return the kind of the body."""
        return self.body.kind


class Recorded(NamedTuple):
    """The new events of one ticket, its priority after them, and what it was before."""

    ticket: int
    priority: str
    events: Sequence[Event]
    old_priority: str = ""  # empty: just opened
    vendor: str = ""  # who had the ticket before
