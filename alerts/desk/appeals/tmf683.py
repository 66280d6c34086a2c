"""A call, a mail or a message of the cabinet as TMF683 v5 shows it. Nobody's words or contacts are in it."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from sqlalchemy import RowMapping

from alerts.desk.appeals.numbers import reference
from alerts.desk.tickets.tmf621 import BASE as TICKETS
from alerts.desk.tickets.tmf621_parts import instant

BASE = "/tmf-api/partyInteractionManagement/v5"
INTERACTION = "PartyInteraction"
ATTRIBUTES = (
    *("id", "href", "@type", "direction", "reason", "status", "statusChangeDate", "creationDate", "lastUpdate"),
    *("interactionDate", "relatedChannel", "relatedParty", "interactionItem", "interactionRelationship"),
)


def address(number: int) -> str:
    """Return where an interaction is."""
    return f"{BASE}/partyInteraction/{number}"


def body(row: RowMapping | Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return the representation of an interaction, a row of `interactions`."""
    moment = instant(row["at"])
    result: dict[str, Any] = {
        "id": str(row["id"]),
        "href": address(row["id"]),
        "@type": INTERACTION,
        "direction": row["direction"],
        "reason": row["reason"],
        "status": row["status"],
        "statusChangeDate": moment,
        "creationDate": moment,
        "lastUpdate": moment,
        "interactionDate": {"startDateTime": moment},
        "relatedChannel": [
            {
                "@type": "RelatedChannel",
                "role": "interaction",
                "channel": {"@type": "ChannelRef", "@referredType": "Channel", "id": row["channel"]},
            }
        ],
    }
    if row["actor"]:
        agent = {"@type": "PartyRef", "@referredType": "Individual", "id": row["actor"], "name": row["actor"]}
        result["relatedParty"] = [{"@type": "RelatedPartyOrPartyRole", "role": "agent", "partyOrPartyRole": agent}]
    if row["appeal_id"] is not None:
        result["interactionItem"] = [_item(row, zone)]
    if row["first_id"] is not None and row["first_id"] != row["id"]:
        parent = {"@type": "InteractionRelationship", "@referredType": INTERACTION, "relationshipType": "parent"}
        first = row["first_id"]
        result["interactionRelationship"] = [parent | {"id": str(first), "href": address(first)}]
    return result


def _item(row: RowMapping | Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return the appeal that an interaction is about."""
    number = reference(zone, row["appeal_id"], row["registered_at"])
    ticket = {"@type": "EntityRef", "@referredType": "TroubleTicket", "id": number}
    return {
        "@type": "InteractionItem",
        "id": "1",
        "interactionItemType": row["kind"],
        "item": {
            "@type": "RelatedEntityRefOrValue",
            "role": "appeal",
            "entity": ticket | {"href": f"{TICKETS}/troubleTicket/{number}"},
        },
    }
