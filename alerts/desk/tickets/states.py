"""Ticket states and the moves between them, in TMF621's words.

TMF621 lists the states and leaves the moves to the operator. `MOVES` is what people and other systems may do; the desk
itself may also hold a ticket that another one explains, resolve any ticket that is worked on or waiting, because a
recovered alarm ends the emergency whatever the ticket was waiting for, and reopen what it resolved.
"""

from enum import StrEnum


class Status(StrEnum):
    """TMF621's states; a new ticket is acknowledged: accepted, with a number."""

    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "inProgress"
    PENDING = "pending"  # waits for the originator
    HELD = "held"  # blocked on the handler's side, such as at the vendor
    RESOLVED = "resolved"  # repaired, the confirmation window runs
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


S = Status
TERMINAL = frozenset({S.CLOSED, S.REJECTED, S.CANCELLED})
WORKING = frozenset({S.ACKNOWLEDGED, S.IN_PROGRESS, S.PENDING, S.HELD})
WORKING_VALUES = tuple(sorted(status.value for status in WORKING))  # as a query takes them
MOVES: dict[Status, frozenset[Status]] = {
    S.ACKNOWLEDGED: frozenset({S.IN_PROGRESS, S.REJECTED, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.PENDING, S.HELD, S.RESOLVED, S.CANCELLED}),
    S.PENDING: frozenset({S.IN_PROGRESS, S.CANCELLED}),
    S.HELD: frozenset({S.IN_PROGRESS, S.CANCELLED}),
    S.RESOLVED: frozenset({S.CLOSED, S.IN_PROGRESS}),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
    S.CLOSED: frozenset(),
}
DESK_MOVES: dict[Status, frozenset[Status]] = {
    **{state: MOVES[state] | {S.RESOLVED, S.HELD} for state in WORKING},
    S.RESOLVED: frozenset({S.CLOSED, S.IN_PROGRESS}),
}

RECOVERED = "recovered"
REFIRED = "refired"
STILL_FIRING = "still firing"
CONFIRMED = "confirmed"
VENDOR = "vendor"
RELEASED = "released"  # goes on though its cause has ended
CAUSE = "cause"  # held as long as another ticket explains it
RETURNED = "returned"


# What a ticket whose billing case is not over cannot become.
KEPT_FROM = {"open": TERMINAL | {S.RESOLVED}, "watched": TERMINAL}


class IllegalMoveError(ValueError):
    """A change of state that the life cycle does not have."""

    def __init__(self, old: Status, new: Status) -> None:
        allowed = ", ".join(sorted(MOVES[old])) or "nothing: the state is final"
        super().__init__(f"a ticket in state {old} cannot become {new}; allowed: {allowed}")
        self.old, self.new = old, new


class KeptOpenError(IllegalMoveError):
    """A change of state that the ticket's billing case does not allow yet."""

    def __init__(self, old: Status, new: Status) -> None:
        super().__init__(old, new)
        self.args = (f"the ticket cannot become {new}: its billing case is not over, see the page of the case",)


def check_move(old: Status, new: Status) -> None:
    """Raise IllegalMoveError unless people may move a ticket so."""
    if new not in MOVES[old]:
        raise IllegalMoveError(old, new)


def path(old: Status, new: Status) -> list[Status]:
    """Return the states that lead from `old` to `new`, by inProgress where the life cycle has no single step.

    "Resolve with a note" is one action on the screen, whether or not someone took the ticket before. A ticket that is
    there already goes nowhere: by inProgress it would leave and come back, with its clocks.
    """
    if new in MOVES[old]:
        return [new]
    if new is not old and S.IN_PROGRESS in MOVES[old] and new in MOVES[S.IN_PROGRESS]:
        return [S.IN_PROGRESS, new]
    raise IllegalMoveError(old, new)


def ticket_number(text: str) -> int:
    """Return a ticket's number; 0, which no ticket has, for anything else."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    return number if number < 2**63 else 0
