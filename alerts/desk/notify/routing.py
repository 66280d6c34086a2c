"""Which messages a change of a ticket causes. Pure: the rows are written with the change itself.

A row says what happened; the words are made at delivery, from the ticket as it is then, so that a message that waited
for its mail server tells the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.desk.tickets.events import (
    Edited,
    Escalated,
    Event,
    Flapping,
    HandedOver,
    NoteAdded,
    Opened,
    PriorityChanged,
    Recorded,
    ReferenceGiven,
    Returned,
    StatusChanged,
    Taken,
    Unverified,
    Verified,
    Verifying,
    Warned,
)
from alerts.desk.tickets.states import CAUSE, RELEASED, TERMINAL, Status

VENDOR_PREFIX = "vendor:"
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
    body: dict[str, object]


def topic(event: Event) -> str | None:
    """Return the topic of an event, or None where it is nobody's news."""
    match event.body:
        case Opened():
            return "opened"
        case Warned(percent=percent):
            return "breach" if percent == 100 else "warning"
        case StatusChanged(old, new):
            return _topic_of_status(old, new)
        case PriorityChanged():
            return "priority"
        case Unverified() | Flapping() | HandedOver() | Escalated():
            return event.kind.name.lower()
        case _:
            return None


def _topic_of_status(old: Status | None, new: Status) -> str | None:
    if new is Status.RESOLVED:
        return "resolved"
    if new in TERMINAL:
        return "closed"
    return "reopened" if old is Status.RESOLVED else None


def messages(recorded: Recorded, routes: Sequence[Route]) -> list[Message]:
    """Return the messages that new events cause."""
    result = []
    for event in recorded.events:
        name = topic(event)
        # Who heard of a ticket at its old priority also hears that it has another one now.
        known = {recorded.priority, recorded.old_priority} if name == "priority" else {recorded.priority}
        targets = [route.target for route in routes if name in route.topics and known & route.priorities]
        if isinstance(event.body, (HandedOver, Escalated)):
            targets.append(f"{VENDOR_PREFIX}{event.body.vendor}")
        if name and targets:
            result += [Message(target, name, _body(event)) for target in targets]
    return result + _to_holder(recorded)


def _to_holder(recorded: Recorded) -> list[Message]:
    """Return what the vendor that had the ticket is told: that it has not any more, or that it is more urgent."""
    if not recorded.vendor:
        return []
    found = {kind: event for event in recorded.events if (kind := _vendor_topic(event))}
    for kind in ("closed", "resolved", "returned"):
        if kind in found:  # the most that has happened to it: the steps on the way are no news
            found = {name: event for name, event in found.items() if name == kind}
            break
    return [Message(f"{VENDOR_PREFIX}{recorded.vendor}", kind, _body(event)) for kind, event in found.items()]


def _vendor_topic(event: Event) -> str:
    match event.body:
        case Returned():
            return "returned"
        case StatusChanged(old, new):
            found = _topic_of_status(old, new)
            return found or ("returned" if old is Status.HELD else "")
        case PriorityChanged():
            return "priority"
        case _:
            return ""


def _body(event: Event) -> dict[str, object]:
    return _facts(event) | {"at": event.at.isoformat()}


def _facts(event: Event) -> dict[str, object]:
    match event.body:
        case Warned(clock, percent, vendor, _):
            return {"clock": clock, "percent": percent} | ({"vendor": vendor} if vendor else {})
        case StatusChanged(reason=reason):
            return {"reason": reason}
        case PriorityChanged(to, reason):
            return {"priority": to, "reason": reason}
        case HandedOver(vendor):
            return {"vendor": vendor}
        case Escalated(clock, vendor):
            return {"clock": clock, "vendor": vendor}
        case _:
            return {}


# TMF621's events.
CREATED = "TroubleTicketCreateEvent"
CHANGED = "TroubleTicketAttributeValueChangeEvent"
STATUS_CHANGED = "TroubleTicketStatusChangeEvent"
RESOLVED = "TroubleTicketResolvedEvent"
INFORMATION = "TroubleTicketInformationRequiredEvent"
EVENT_TYPES = (CREATED, CHANGED, STATUS_CHANGED, RESOLVED, INFORMATION)


def hub_events(events: Sequence[Event]) -> list[str]:
    """Return the TMF621 event types that new events amount to, each once."""
    result: list[str] = []
    for event in events:
        match event.body:
            case Opened():
                result.append(CREATED)
            case StatusChanged(new=new):
                result.append(STATUS_CHANGED)
                if new is Status.RESOLVED:
                    result.append(RESOLVED)
                elif new is Status.PENDING:
                    result.append(INFORMATION)
            case Verifying() | Unverified() | Verified() | Flapping():
                result.append(CHANGED)  # a characteristic of the ticket
            case PriorityChanged() | NoteAdded() | Edited() | ReferenceGiven() | Taken():
                result.append(CHANGED)
            case _:
                pass
    return list(dict.fromkeys(result))


# TMF656's events.
PROBLEM_CREATED = "ServiceProblemCreateEvent"
PROBLEM_CHANGED = "ServiceProblemAttributeValueChangeEvent"
PROBLEM_STATE_CHANGED = "ServiceProblemStateChangeEvent"
PROBLEM_INFORMATION = "ServiceProblemInformationRequiredEvent"
GROUPED = "ProblemGroupCreateEvent"
UNGROUPED = "ProblemUngroupCreateEvent"
ACKNOWLEDGED = "ProblemAcknowledgementCreateEvent"
_AS_PROBLEM = {
    CREATED: PROBLEM_CREATED,
    CHANGED: PROBLEM_CHANGED,
    STATUS_CHANGED: PROBLEM_STATE_CHANGED,
    INFORMATION: PROBLEM_INFORMATION,
}
PROBLEM_EVENT_TYPES = (*_AS_PROBLEM.values(), GROUPED, UNGROUPED, ACKNOWLEDGED)


def problem_events(events: Sequence[Event]) -> list[str]:
    """Return the TMF656 event types that new events amount to, each once: a ticket is the work on a service problem."""
    result = [_AS_PROBLEM[kind] for kind in hub_events(events) if kind in _AS_PROBLEM]
    for event in events:
        match event.body:
            case StatusChanged(new=Status.HELD, reason=reason) if reason == CAUSE:
                result.append(GROUPED)
            case StatusChanged(old=Status.HELD, reason=reason) if reason == RELEASED:
                result.append(UNGROUPED)
            case Taken():
                result.append(ACKNOWLEDGED)
            case _:
                pass
    return list(dict.fromkeys(result))
