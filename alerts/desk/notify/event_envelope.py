"""The envelope that an event of any TM Forum API has."""

from datetime import datetime

from alerts.desk.notify.message import Message
from alerts.desk.tickets.tmf621 import SYSTEM
from alerts.desk.tickets.tmf621_parts import instant


def envelope(message: Message, number: str, href: str, name: str, shown: dict[str, object]) -> dict[str, object]:
    """Return the event about a resource, which it calls `name` and shows as it is."""
    kind, moment = message.kind, instant(datetime.fromisoformat(message.body["at"]))
    return {
        "@type": kind,
        "eventId": message.body["eventId"],
        "eventType": kind,
        "eventTime": moment,
        "timeOccurred": moment,
        "correlationId": number,
        "domain": SYSTEM,
        "title": str(shown.get("name", shown.get("reason", ""))),
        "description": kind,
        "priority": str(shown.get("priority", "")),
        "href": href,
        "event": {"@type": f"{kind}Payload", name: shown},
    }
