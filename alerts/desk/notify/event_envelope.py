"""The envelope that an event of any TM Forum API has."""

from collections.abc import Mapping
from typing import NamedTuple

from alerts.desk.notify.message import Message
from alerts.desk.tickets.tmf621 import SYSTEM
from alerts.desk.tickets.tmf621_parts import instant


class Resource(NamedTuple):
    """What an event is about; the event calls it `name` and shows it as it is."""

    name: str
    number: str
    href: str
    shown: Mapping[str, object]


def kept_resource(name: str, shown: Mapping[str, object]) -> Resource:
    """Return a resource as the outbox keeps it; raise ValueError where it lacks its id or its address."""
    match shown:
        case {"id": str(number), "href": str(href)}:
            return Resource(name, number, href, shown)
        case _:
            raise ValueError(f"the {name} in the outbox lacks its id or its href")


def envelope(message: Message, about: Resource) -> dict[str, object]:
    """Return the event about a resource."""
    kind, event, shown = message.kind, message.event, about.shown
    moment = instant(event.at)
    return {
        "@type": kind,
        "eventId": event.eventId,
        "eventType": kind,
        "eventTime": moment,
        "timeOccurred": moment,
        "correlationId": about.number,
        "domain": SYSTEM,
        "title": str(shown.get("name", shown.get("reason", ""))),
        "description": kind,
        "priority": str(shown.get("priority", "")),
        "href": about.href,
        "event": {"@type": f"{kind}Payload", about.name: shown},
    }
