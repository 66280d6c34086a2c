"""Which messages a change of a ticket causes. Pure: the rows are written with the change itself.

A row says what happened; the words are made at delivery, from the ticket as it is then, so that a message that waited
for its mail server tells the truth.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.desk.tickets.events import Event, Kind
from alerts.desk.tickets.ticket import TERMINAL, Status

VENDOR_PREFIX = "vendor:"
HUB_PREFIX = "hub:"
TEST = "test"
"""The kind of a message that belongs to no ticket: somebody wants to know whether a target hears."""


@dataclass(frozen=True, slots=True)
class Route:
    """Who wants to hear of what."""

    target: str
    topics: frozenset[str]
    priorities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Message:
    """A row to be."""

    target: str
    kind: str
    body: dict[str, Any]


def topic(event: Event) -> str | None:  # noqa: PLR0911 - one a kind of event
    """Return the topic of an event, or None where it is nobody's news."""
    match event.kind:
        case Kind.OPENED:
            return "opened"
        case Kind.WARNING:
            return "breach" if event.data["percent"] == 100 else "warning"
        case Kind.STATUS if event.data["to"] == Status.RESOLVED:
            return "resolved"
        case Kind.STATUS if event.data["to"] in TERMINAL:
            return "closed"
        case Kind.STATUS if event.data["from"] == Status.RESOLVED:
            return "reopened"
        case Kind.UNVERIFIED | Kind.FLAPPING | Kind.HANDED_OVER | Kind.ESCALATED:
            return event.kind.name.lower()
        case _:
            return None


def messages(events: Iterable[Event], priority: str, routes: Sequence[Route]) -> list[Message]:
    """Return the messages that new events cause."""
    result = []
    for event in events:
        name = topic(event)
        if name is None:
            continue
        targets = [route.target for route in routes if name in route.topics and priority in route.priorities]
        if event.kind in (Kind.HANDED_OVER, Kind.ESCALATED) and "vendor" in event.data:
            targets.append(f"{VENDOR_PREFIX}{event.data['vendor']}")
        if targets:
            facts = {fact: event.data[fact] for fact in ("clock", "percent", "reason", "vendor") if fact in event.data}
            body = facts | {"at": event.at.isoformat()}
            result += [Message(target, name, body) for target in targets]
    return result


# TMF621's events.
CREATED = "TroubleTicketCreateEvent"
CHANGED = "TroubleTicketAttributeValueChangeEvent"
STATUS_CHANGED = "TroubleTicketStatusChangeEvent"
RESOLVED = "TroubleTicketResolvedEvent"
INFORMATION = "TroubleTicketInformationRequiredEvent"


def hub_events(events: Sequence[Event]) -> list[str]:
    """Return the TMF621 event types that new events amount to, each once."""
    result: list[str] = []
    for event in events:
        match event.kind:
            case Kind.OPENED:
                result.append(CREATED)
            case Kind.STATUS:
                result.append(STATUS_CHANGED)
                if event.data["to"] == Status.RESOLVED:
                    result.append(RESOLVED)
                elif event.data["to"] == Status.PENDING:
                    result.append(INFORMATION)
            case Kind.PRIORITY | Kind.NOTE | Kind.EDITED | Kind.REFERENCE | Kind.TAKEN:
                result.append(CHANGED)
            case _:
                pass
    return list(dict.fromkeys(result))
