"""What TMF621 callers send. Attributes the desk has no own use for are kept and shown again as they came."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from httpx import URL, InvalidURL
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from alerts.desk.alarms.webhook import instant_of
from alerts.desk.api import known
from alerts.desk.core.json_body import storable
from alerts.desk.core.settings import PRIORITIES
from alerts.desk.notify.routing import EVENT_TYPES, PROBLEM_EVENT_TYPES
from alerts.desk.tickets.severities import SEVERITIES, known_severity
from alerts.desk.tickets.states import Status

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
_MOVING = ("lastUpdate", "statusChangeDate", "statusChangeHistory")
"""What changes by itself between a caller's reading and its patch."""
_FIRM = ("id", "href", "creationDate", "expectedResolutionDate", "resolutionDate")
SET_BY_DESK = (*_FIRM, *_MOVING)
"""What only the desk sets; a patch may hold it as it was read, so that a whole ticket can be sent back."""


ANY = ("@type", "@baseType", "@schemaLocation")  # what TMF630 lets every object have
APPEAL_TYPES = ("complaint", "request", "billDispute")
INTERACTION_EVENT_TYPES = tuple(
    f"PartyInteraction{what}Event" for what in ("Create", "AttributeValueChange", "StatusChange", "Delete")
)


class Wire(BaseModel):
    """camelCase outside, snake_case inside; an attribute that is not known is refused.

    `also` are attributes that are known though the model does not read them, `ours` those that only the desk sets.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")
    also: ClassVar[tuple[str, ...]] = ()
    ours: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: object) -> object:
        if isinstance(given, dict):
            if early := [name for name in given if name in cls.ours]:
                raise ValueError(f'"{", ".join(early)}" is set by the desk; leave it out')
            known.check(given, (*(to_camel(name) for name in cls.model_fields), *cls.also))
        return given


class NoteIn(Wire):
    """A note to be added; its author is who asks, its date is now."""

    also = ("author", "date", *ANY)
    text: Text
    id: Text | None = None


class TicketPatch(Wire):
    """A merge patch of a ticket: what is absent stays."""

    also = (*KEPT, *SET_BY_DESK, *ANY)
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

    also = (*KEPT, *ANY)
    ours = SET_BY_DESK
    description: Word10k
    severity: Severity
    ticket_type: Word
    name: Word | None = None
    priority: Priority | None = None
    status: Status | None = None
    status_change_reason: Text | None = None
    note: Annotated[list[NoteIn], Field(max_length=1000)] | None = None


ATTRIBUTES = (*(to_camel(name) for name in TicketPatch.model_fields), *TicketPatch.also)
"""What a ticket has."""


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


def _query(text: str, **values: Sequence[str]) -> str:
    """Return the query of a listener; raise ValueError where it asks for what the desk does not filter by."""
    pairs = [part.partition("=") for part in text.removeprefix("?").split("&") if part]
    known.check((name for name, _, _ in pairs), values, "filter in query")
    for name, _, given in pairs:
        known.check(given.split(","), values[name], name)
    return text


class HubCreate(Wire):
    """A listener to be registered."""

    also = ANY
    callback: Annotated[
        str, StringConstraints(max_length=2000, pattern=r"^https?://[^\x00\s]+$"), AfterValidator(_address)
    ]
    query: Text = ""


class TicketHubCreate(HubCreate):
    """A listener of tickets to be registered; with `ticketType` in its query, one of appeals."""

    query: Annotated[
        Text, AfterValidator(lambda text: _query(text, eventType=EVENT_TYPES, ticketType=APPEAL_TYPES))
    ] = ""


class InteractionHubCreate(HubCreate):
    """A listener of party interactions to be registered."""

    query: Annotated[Text, AfterValidator(lambda text: _query(text, eventType=INTERACTION_EVENT_TYPES))] = ""


class ProblemHubCreate(HubCreate):
    """A listener of service problems to be registered."""

    query: Annotated[Text, AfterValidator(lambda text: _query(text, eventType=PROBLEM_EVENT_TYPES))] = ""


def severity_said(text: str) -> str:
    """Return X.733's severity for a word; raise ValueError for one that no table has."""
    severity = known_severity(text)
    if severity not in SEVERITIES:
        raise ValueError(f'there is no severity "{text}"; there are {", ".join(SEVERITIES)}')
    return severity


def kept(model: Wire) -> dict[str, object]:
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


def check_set_by_desk(model: Wire, shown: Mapping[str, object]) -> None:
    """Raise ValueError where a patch asks for another value of what only the desk sets."""
    extra = model.model_extra or {}
    for name in _FIRM:
        if name in extra and _value(extra[name]) != _value(shown.get(name)):
            raise ValueError(f"{name} is set by the desk and cannot be changed; leave it out of the patch")
    if extra.get("@type", "TroubleTicket") != "TroubleTicket":
        raise ValueError(f'@type "{extra["@type"]}" is not known here; this is a "TroubleTicket"')


def _value(given: object) -> object:
    return instant_of(given) or given


def _check_shape(name: str, value: object) -> None:
    wanted = _SHAPES[name]
    if not isinstance(value, wanted):
        raise ValueError(f"{name} is not {'a list' if wanted is list else 'an object' if wanted is dict else 'text'}")
    if isinstance(value, list) and not all(isinstance(each, dict) for each in value):
        raise ValueError(f"{name} is not a list of objects")
    if name == "requestedResolutionDate" and instant_of(value) is None:
        raise ValueError(f"{name} is not a time with a zone such as 2026-01-31T12:00:00Z")
