"""What the evaluation of an alarm's expression comes to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Truth(StrEnum):
    """What is known of a part of an expression for the labels of one alarm."""

    TRUE = "true"  # it has a result
    FALSE = "false"  # it has none, and the data that it reads are present
    UNKNOWN = "unknown"  # it has none, and data that it read while the alarm fired are missing
    NEVER = "never"  # it has none, and had none while the alarm fired


class Why(StrEnum):
    """Why a recovery cannot be verified; the texts are in the catalogues under `event.unverified_…`."""

    HOLDS = "holds"  # the condition is still met
    NO_DATA = "no_data"  # nothing of `what` since `since`
    GAP = "gap"  # the range `what` is not filled with samples again yet
    OLD = "old"  # the newest samples of `what`, of `since`, are from before the alarm's end
    NO_HISTORY = "no_history"  # there are no data of the time in which the alarm fired either
    SOURCE = "source"  # the rule's own query for its source, `what`, has no result
    REJECTED = "rejected"  # the server refuses the query: `what` is its sentence
    UNREADABLE = "unreadable"  # the expression is not PromQL as the desk reads it
    TRUNCATED = "truncated"  # the sender left `what` alerts of a group that fires out of its message
    SENDER = "sender"  # the sender itself says that it had no data: `what`


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason, with the part of the expression that has no data and the time of the last ones."""

    why: Why
    what: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A truth; `doubt` is set where it is unknown."""

    truth: Truth
    doubt: Doubt | None = None


TRUE, FALSE, NEVER = Finding(Truth.TRUE), Finding(Truth.FALSE), Finding(Truth.NEVER)


def unknown(why: Why, what: str = "", since: datetime | None = None) -> Finding:
    """Return that nothing is known, and why."""
    return Finding(Truth.UNKNOWN, Doubt(why, what, since))


def all_of(parts: list[Finding]) -> Finding:
    """Return what parts come to that are all needed for a result."""
    return _first(parts, (Truth.FALSE, Truth.NEVER, Truth.UNKNOWN, Truth.TRUE))


def any_of(parts: list[Finding]) -> Finding:
    """Return what parts come to of which each is enough for a result."""
    return _first(parts, (Truth.TRUE, Truth.UNKNOWN, Truth.FALSE, Truth.NEVER))


def _first(parts: list[Finding], order: tuple[Truth, ...]) -> Finding:
    return min(parts, key=lambda part: order.index(part.truth), default=TRUE)
