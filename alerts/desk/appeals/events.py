"""The event log of an appeal: append-only, and without a word of the customer's.

Who the customer is and what was said lies encrypted elsewhere; the log has codes, times and states, so that clocks and
statistics stay the same when contacts are deleted.
"""

from dataclasses import dataclass
from datetime import datetime

from alerts.desk.appeals.states import AnswerBy, Queue, Status


@dataclass(frozen=True, slots=True)
class Registered:
    """The appeal was registered; the customer appealed at `appealed_at`, perhaps earlier."""

    appealed_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """The state changed; `reason` says what a held appeal waits for: supplier, vendor or incident."""

    new: Status
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """The appeal came to a queue."""

    queue: Queue


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody of the queue took it."""


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request went to the supplier; `mass` is the mass of appeals whose members it concerns, 0: this appeal alone."""

    mass: int = 0


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """The supplier's mail server accepted the request."""


@dataclass(frozen=True, slots=True)
class RequestBounced:
    """The request came back: the supplier does not have it, whatever was believed."""


@dataclass(frozen=True, slots=True)
class SupplierReplied:
    """The supplier replied."""


@dataclass(frozen=True, slots=True)
class FaultFound:
    """Whose fault it is: supplier or vendor, the latter with its reference where there is one."""

    fault: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class AnswerSent:
    """An answer went to the customer; mail counts as delivered once it has not bounced for a while."""

    channel: AnswerBy


@dataclass(frozen=True, slots=True)
class AnswerDelivered:
    """The customer has the answer since `since`."""

    since: datetime


@dataclass(frozen=True, slots=True)
class AnswerBounced:
    """The answer came back: it was not delivered, whatever was believed."""


@dataclass(frozen=True, slots=True)
class CallFailed:
    """Nobody answered the call."""


@dataclass(frozen=True, slots=True)
class ClaimReceived:
    """A written claim arrived."""


@dataclass(frozen=True, slots=True)
class ClaimAnswered:
    """The written answer to the claim left."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """The customer came back about the same."""


@dataclass(frozen=True, slots=True)
class Late:
    """The time of a clock passed without an answer."""

    clock: str


@dataclass(frozen=True, slots=True)
class CompensationMoved:
    """The free month was proposed, approved, refused, exported, credited, verified in the billing, or told."""

    state: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A link to an emergency ticket was proposed, confirmed or undone."""

    ticket: int
    state: str


Body = (
    Registered
    | Moved
    | Queued
    | Taken
    | RequestSent
    | RequestReceived
    | RequestBounced
    | SupplierReplied
    | FaultFound
    | AnswerSent
    | AnswerDelivered
    | AnswerBounced
    | CallFailed
    | ClaimReceived
    | ClaimAnswered
    | Repeated
    | Late
    | CompensationMoved
    | Linked
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an appeal."""

    at: datetime
    actor: str
    body: Body
