"""Events as the database keeps them: a kind and a JSON object."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import get_args

from cattrs import Converter, override
from cattrs.gen import make_dict_structure_fn

from alerts.desk.tickets.events import (
    AlarmsChanged,
    CountedFrom,
    Delivered,
    EventBody,
    Kind,
    NoteAdded,
    StatusChanged,
    Warned,
)
from alerts.desk.tickets.states import Status

_STATES = {status.value: status for status in Status}


def to_json(body: EventBody) -> dict[str, object]:
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


def from_json(kind: str, data: object) -> EventBody:
    """Return the body of a stored event; what later versions added to it is left out.

    Raises:
        ValueError: the kind is not known to this version.
        KeyError: the object lacks a field.
    """
    body: EventBody = _READERS[Kind(kind)](data, None)
    return body


# A ticket's log is read with every alarm and on every page: without the path to a fault, that costs a fifth less.
_converter = Converter(detailed_validation=False)
_converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
_converter.register_structure_hook(Status | None, lambda name, _: _STATES.get(name))
_READERS = {body.kind: _converter.get_structure_hook(body) for body in get_args(EventBody)}
_READERS[Kind.STATUS] = make_dict_structure_fn(
    StatusChanged,
    _converter,
    _cattrs_detailed_validation=False,
    old=override(rename="from"),
    new=override(rename="to"),
)
_alarms = _READERS[Kind.ALARMS]


def _any_alarms(data: Mapping[str, object], kind: None) -> EventBody:
    texts = data.get("texts")
    if isinstance(texts, list):  # before texts were kept by language
        data = {**data, "texts": {"en": texts, "ru": data.get("texts_ru", texts)}}
    body: EventBody = _alarms(data, kind)
    return body


_READERS[Kind.ALARMS] = _any_alarms
