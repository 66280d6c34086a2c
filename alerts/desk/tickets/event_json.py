"""Events as the database keeps them: a kind and a JSON object."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from alerts.desk.tickets.events import (
    Accepted,
    AlarmsChanged,
    CountedFrom,
    Delivered,
    Edited,
    Escalated,
    EventBody,
    Flapping,
    HandedOver,
    Kind,
    NoteAdded,
    Opened,
    PriorityChanged,
    ReferenceGiven,
    Returned,
    StatusChanged,
    Taken,
    Unverified,
    Verified,
    Verifying,
    Warned,
)
from alerts.desk.tickets.states import Status

_STATES = {status.value: status for status in Status}


def to_json(body: EventBody) -> dict[str, Any]:
    """Return what is stored of a body; its kind has a column of its own."""
    if isinstance(body, StatusChanged):
        return {"from": body.old.value if body.old else "", "to": body.new.value, "reason": body.reason}
    if isinstance(body, Delivered) and not body.reason:
        return {"target": body.target, "outcome": body.outcome}
    if isinstance(body, CountedFrom):
        return {"since": body.since.isoformat(), "priority": body.priority}
    found = {each.name: getattr(body, each.name) for each in fields(body)}
    if isinstance(body, Warned):
        return {name: value for name, value in found.items() if value != ""}
    if isinstance(body, (AlarmsChanged, NoteAdded)):
        return {name: value for name, value in found.items() if name not in ("effects", "texts") or value}
    return found


def from_json(kind: str, data: Mapping[str, Any]) -> EventBody:
    """Return the body of a stored event.

    Raises:
        ValueError: the kind is not known to this version.
        KeyError: the object lacks a field.
    """
    return _READERS[Kind(kind)](data)


def _alarms(data: Mapping[str, Any]) -> AlarmsChanged:
    texts = data.get("texts", {})
    if isinstance(texts, list):  # before texts were kept by language
        texts = {"en": texts, "ru": data.get("texts_ru", texts)}
    return AlarmsChanged(data["began"], data["ended"], texts, bool(data.get("effects", False)))


def _status(data: Mapping[str, Any]) -> StatusChanged:
    return StatusChanged(_STATES.get(data["from"]), _STATES[data["to"]], str(data.get("reason", "")))


_TAKEN, _VERIFIED = Taken(), Verified()
_READERS: dict[Kind, Callable[[Mapping[str, Any]], EventBody]] = {
    Kind.OPENED: lambda data: Opened(data.get("priority", ""), data.get("severity", "")),
    Kind.ALARMS: _alarms,
    Kind.STATUS: _status,
    Kind.TAKEN: lambda _: _TAKEN,
    Kind.PRIORITY: lambda data: PriorityChanged(data["to"], data["reason"]),
    Kind.NOTE: lambda data: NoteAdded(data["text"], data.get("texts", {})),
    Kind.HANDED_OVER: lambda data: HandedOver(data["vendor"]),
    Kind.ACCEPTED: lambda data: Accepted(data["vendor"]),
    Kind.RETURNED: lambda data: Returned(data["vendor"]),
    Kind.REFERENCE: lambda data: ReferenceGiven(data["owner"], data["reference"]),
    Kind.EDITED: lambda data: Edited(tuple(data["fields"])),
    Kind.WARNING: lambda data: Warned(data["clock"], data["percent"], data.get("vendor", ""), data.get("priority", "")),
    Kind.UNVERIFIED: lambda data: Unverified(data.get("why", ""), data.get("what", ""), data.get("since", "")),
    Kind.VERIFYING: lambda data: Verifying(data["why"]),
    Kind.VERIFIED: lambda _: _VERIFIED,
    Kind.FLAPPING: lambda data: Flapping(data["returns"]),
    Kind.ESCALATED: lambda data: Escalated(data["clock"], data["vendor"]),
    Kind.DELIVERY: lambda data: Delivered(data["target"], data["outcome"], data.get("reason", "")),
    Kind.COUNTED_FROM: lambda data: CountedFrom(datetime.fromisoformat(data["since"]), data["priority"]),
}
