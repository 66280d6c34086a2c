"""An event whose resource was written into the outbox as it was when it happened."""

from datetime import datetime
from typing import Any

from alerts.desk.notify.message import Message
from alerts.desk.tickets.tmf621 import SYSTEM, instant

SHOWN = "shown"  # the resource; `name` is what the event calls it


def stored_event(message: Message) -> dict[str, Any]:
    """Return the event in TM Forum's envelope."""
    kind, body, shown = message.kind, message.body, message.body[SHOWN]
    moment = instant(datetime.fromisoformat(body["at"]))
    return {
        "@type": kind,
        "eventId": body["eventId"],
        "eventType": kind,
        "eventTime": moment,
        "timeOccurred": moment,
        "correlationId": shown["id"],
        "domain": SYSTEM,
        "title": str(shown.get("name", shown.get("reason", ""))),
        "description": kind,
        "priority": str(shown.get("priority", "")),
        "href": shown["href"],
        "event": {"@type": f"{kind}Payload", body["name"]: shown},
    }
