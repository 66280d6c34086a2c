"""Effects that another ticket explains better than the one that has them.

Alarms arrive in any order, and an effect may have several valid causes. It belongs to the deepest of them that fails
now, of several to the earliest, whichever was heard of first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.desk.alarms.correlation.alarm import Alarm
from alerts.desk.alarms.correlation.explain import Explainer
from alerts.desk.alarms.correlation.head import Head

Rank = tuple[bool, tuple[int, datetime, str]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """A problem that is an effect under a ticket, or a ticket that is folded under another one."""

    alarm: Alarm
    holder: int  # the ticket that has the alarms; a folded ticket has its own
    root: int  # the ticket that stands for itself
    cause: str  # the problem that explains it
    heard: datetime
    rows: tuple[int, ...] = ()  # its alarms that fire; none for a folded ticket

    @property
    def folded(self) -> bool:
        """Return whether it is a ticket of its own."""
        return not self.rows


Read = Callable[[], Sequence[Gathered]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What goes to a ticket that explains it better."""

    what: Gathered
    head: Head
    cause: Alarm


def rank(head: Head, cause: Alarm) -> Rank:
    """Return how well a ticket's alarm explains: what fails now before what has ended, the deepest layer first."""
    return head.ended is not None, cause.order


def may_take(changed: Sequence[Head], others: Iterable[Head]) -> bool:
    """Return whether tickets may explain better what others have."""
    first = min((rank(head, one) for head in changed for one in head.own), default=None)
    return first is not None and any(first < rank(head, one) for head in others for one in head.own)


def moves(
    gathered: Iterable[Gathered], roots: Mapping[int, Head], to: Sequence[Head], explainer: Explainer
) -> list[Moved]:
    """Return what goes to one of these tickets; `roots` are the tickets that have it now, by number."""
    found: list[Moved] = []
    for one in gathered:
        root = roots.get(one.root)
        if root is None or root.by_hand.get(one.alarm.key):
            continue
        now = _now(one, root, explainer)
        best = _best(one, (head for head in to if head is not root), explainer)
        if best is not None and rank(*best) < now:
            found.append(Moved(one, *best))
    return found


def outliving(gathered: Iterable[Gathered], to: Sequence[Head], explainer: Explainer) -> list[Moved]:
    """Return what has another cause among these tickets now that its own has ended."""
    found = ((one, _best(one, to, explainer)) for one in gathered)
    return [Moved(one, *best) for one, best in found if best is not None]


def _now(one: Gathered, root: Head, explainer: Explainer) -> Rank:
    """Return how well its ticket explains a problem."""
    own = [cause for cause in root.own if cause.key == one.cause] or [
        cause for cause in root.own if explainer.explains(cause, one.alarm)
    ]
    return min(rank(root, cause) for cause in own or [root.alarm])


def _best(one: Gathered, to: Iterable[Head], explainer: Explainer) -> tuple[Head, Alarm] | None:
    found = [
        (head, cause)
        for head in to
        if head.by_hand.get(one.alarm.key) is not False and head.ticket != one.holder
        for cause in head.own
        if explainer.explains(cause, one.alarm)
    ]
    return min(found, key=lambda each: rank(*each), default=None)
