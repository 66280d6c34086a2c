"""What TMF621 callers send. Attributes the desk has no own use for are kept and shown again as they came."""

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from httpx import URL, InvalidURL
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from alerts.desk.alarms.webhook import instant_of
from alerts.desk.core.json_body import storable
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.tickets.policy import SEVERITIES
from alerts.desk.tickets.ticket import Status

# No NUL: PostgreSQL stores none.
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Word10k = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
# Known words are published, and checked where they are used: there the answer names them.
Severity = Annotated[Word, WithJsonSchema({"type": "string", "enum": list(SEVERITIES)})]
Priority = Annotated[Word, WithJsonSchema({"type": "string", "enum": list(PRIORITIES)})]
_SHAPES: dict[str, type] = {
    "requestedResolutionDate": str,
    "attachment": list,
    "channel": dict,
    "externalIdentifier": list,
    "relatedEntity": list,
    "relatedParty": list,
    "troubleTicketCharacteristic": list,
    "troubleTicketRelationship": list,
    "troubleTicketSpecification": dict,
}
KEPT = tuple(_SHAPES)


class Wire(BaseModel):
    """camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")


class NoteIn(Wire):
    """A note to be added."""

    text: Text
    id: Text | None = None


class TicketPatch(Wire):
    """A merge patch of a ticket: what is absent stays."""

    status: Status | None = None
    status_change_reason: Text | None = None
    name: Word | None = None
    description: Text | None = None
    severity: Severity | None = None
    priority: Priority | None = None
    ticket_type: Word | None = None
    note: Annotated[list[NoteIn], Field(max_length=1000)] | None = None


class TicketCreate(Wire):
    """A ticket that another system opens."""

    description: Word10k
    severity: Severity
    ticket_type: Word
    name: Word | None = None
    priority: Priority | None = None
    status: Status | None = None
    status_change_reason: Text | None = None
    note: Annotated[list[NoteIn], Field(max_length=1000)] | None = None


def _address(text: str) -> str:
    """Return the address if something can be sent there; raise ValueError otherwise."""
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:
        raise ValueError("the address names no host")
    if "#" in text:
        raise ValueError("the address has a fragment, which no request carries")
    try:
        URL(text)
    except InvalidURL as error:
        raise ValueError(str(error)) from None
    return text


class HubCreate(Wire):
    """A listener to be registered."""

    callback: Annotated[
        str, StringConstraints(max_length=2000, pattern=r"^https?://[^\x00\s]+$"), AfterValidator(_address)
    ]
    query: Text = ""


def kept(model: Wire) -> dict[str, Any]:
    """Return the attributes that are stored as they came; raise ValueError where one cannot be shown again as JSON."""
    extra = model.model_extra or {}
    try:
        result = {name: storable(extra[name]) for name in KEPT if name in extra}
        json.dumps(result, allow_nan=False)
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    for name, value in result.items():
        if value is not None:
            _check_shape(name, value)
    return result


def _check_shape(name: str, value: object) -> None:
    wanted = _SHAPES[name]
    if not isinstance(value, wanted):
        raise ValueError(f"{name} is not {'a list' if wanted is list else 'an object' if wanted is dict else 'text'}")
    if isinstance(value, list) and not all(isinstance(each, dict) for each in value):
        raise ValueError(f"{name} is not a list of objects")
    if name == "requestedResolutionDate" and instant_of(value) is None:
        raise ValueError(f"{name} is not a time with a zone such as 2026-01-31T12:00:00Z")
