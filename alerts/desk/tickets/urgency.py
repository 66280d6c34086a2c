"""Which targets bind a ticket whose priority changed.

The target of a priority counts the time during which the ticket had that priority or a more urgent one. A raised
priority therefore has its whole target from the moment at which it was raised, and what a less urgent one promised
before still holds: the earliest of the deadlines counts. A lowered priority counts from the beginning, since all the
time before was at least as urgent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from alerts.desk.core.settings import PRIORITIES
from alerts.desk.tickets.events import Event, Opened, PriorityChanged
from alerts.desk.tickets.spans import Span

_EVER = datetime.min.replace(tzinfo=UTC)


def binding(events: Sequence[Event], priority: str) -> dict[str, list[Span]]:
    """Return the priorities whose targets bind a ticket that has `priority` now, with the time that counts for each."""
    history = _history(events, priority)
    if history:
        # Whatever the clocks count from, the ticket had no other priority before its first one.
        history[0] = (_EVER, history[0][1])
    lasting = [(at, end, given) for (at, given), (end, _) in zip(history, [*history[1:], (None, "")], strict=True)]
    binds = {given for _, given in history if _rank(given) >= _rank(priority)} | {priority}
    return {
        each: _joined([(at, end) for at, end, given in lasting if _rank(given) <= _rank(each)])
        for each in sorted(binds, key=_rank)
    }


def _history(events: Sequence[Event], priority: str) -> list[tuple[datetime, str]]:
    """Return from when on the ticket had which priority; times never run back, whatever the machine clocks say."""
    result: list[tuple[datetime, str]] = []
    for event in events:
        if isinstance(event.body, Opened):
            result.append((event.at, event.body.priority))
        elif isinstance(event.body, PriorityChanged) and result:
            result.append((max(event.at, result[-1][0]), event.body.to))
    # An opening of long ago does not tell its priority: then no change is known of.
    known = [(at, given if given in PRIORITIES else priority) for at, given in result]
    return [*known[:-1], (known[-1][0], priority)] if known else []


def _rank(priority: str) -> int:
    return PRIORITIES.index(priority)


def _joined(spans: Sequence[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in spans:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result
