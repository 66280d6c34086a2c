"""States of an appeal and the moves between them, in TMF621's words, and the ways in and out."""

from collections.abc import Mapping
from enum import StrEnum


class Status(StrEnum):
    """TMF621's states as appeals use them."""

    ACKNOWLEDGED = "acknowledged"  # registered
    IN_PROGRESS = "inProgress"
    PENDING = "pending"  # the customer was asked something
    HELD = "held"  # with the supplier, with the vendor, or behind an incident
    RESOLVED = "resolved"  # the answer is ready
    CLOSED = "closed"  # the answer was delivered
    REJECTED = "rejected"  # not ours; the customer was told
    CANCELLED = "cancelled"  # withdrawn


S = Status
FINAL = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})
MOVES: Mapping[Status, frozenset[Status]] = {
    S.ACKNOWLEDGED: frozenset({S.IN_PROGRESS, S.PENDING, S.HELD, S.RESOLVED, S.REJECTED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.PENDING, S.HELD, S.RESOLVED, S.REJECTED, S.CANCELLED}),
    S.PENDING: frozenset({S.IN_PROGRESS, S.CANCELLED}),
    S.HELD: frozenset({S.IN_PROGRESS, S.PENDING, S.RESOLVED, S.CANCELLED}),
    S.RESOLVED: frozenset({S.IN_PROGRESS, S.HELD, S.CLOSED}),
    S.CLOSED: frozenset({S.IN_PROGRESS}),  # a bounce that came late
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
}


class Entry(StrEnum):
    """How an appeal came in; each is a scheme of the procedure."""

    CALL_160 = "160"
    CALL_165 = "165"
    CABINET = "cabinet"


class AnswerBy(StrEnum):
    """How the customer wants the answer."""

    EMAIL = "email"
    MOBILE = "mobile"
    CITY = "city"


class Queue(StrEnum):
    """Who has an appeal now."""

    CALLS_160 = "160"
    BRANCH = "branch"
    SUPPLIER = "supplier"
    UNROUTED = "unrouted"


class IllegalStepError(ValueError):
    """The appeal is not in a state that allows this."""

    def __init__(self, old: Status, new: Status) -> None:
        allowed = ", ".join(sorted(MOVES[old])) or "nothing: the state is final"
        super().__init__(f"an appeal in state {old} cannot become {new}; allowed: {allowed}")
        self.old, self.new = old, new


def check_move(old: Status, new: Status) -> None:
    """Raise IllegalStepError unless an appeal may move so."""
    if new not in MOVES[old]:
        raise IllegalStepError(old, new)
