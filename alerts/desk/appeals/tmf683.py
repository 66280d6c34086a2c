"""A call, a mail or a message of the cabinet as TMF683 v5 shows it. Nobody's words or contacts are in it."""

from datetime import tzinfo

from alerts.desk.appeals.interaction import ListedInteraction
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


def body(of: ListedInteraction, zone: tzinfo) -> dict[str, object]:
    """Return the representation of an interaction."""
    moment = instant(of.at)
    result: dict[str, object] = {
        "id": str(of.id),
        "href": address(of.id),
        "@type": INTERACTION,
        "direction": of.direction,
        "reason": of.reason,
        "status": of.status,
        "statusChangeDate": moment,
        "creationDate": moment,
        "lastUpdate": moment,
        "interactionDate": {"startDateTime": moment},
        "relatedChannel": [
            {
                "@type": "RelatedChannel",
                "role": "interaction",
                "channel": {"@type": "ChannelRef", "@referredType": "Channel", "id": of.channel},
            }
        ],
    }
    if of.actor:
        agent = {"@type": "PartyRef", "@referredType": "Individual", "id": of.actor, "name": of.actor}
        result["relatedParty"] = [{"@type": "RelatedPartyOrPartyRole", "role": "agent", "partyOrPartyRole": agent}]
    if of.appeal_id is not None:
        result["interactionItem"] = [_item(of, zone)]
    if of.first_id is not None and of.first_id != of.id:
        parent = {"@type": "InteractionRelationship", "@referredType": INTERACTION, "relationshipType": "parent"}
        first = of.first_id
        result["interactionRelationship"] = [parent | {"id": str(first), "href": address(first)}]
    return result


def _item(of: ListedInteraction, zone: tzinfo) -> dict[str, object]:
    """Return the appeal that an interaction is about."""
    number = reference(zone, of.appeal_id or 0, of.registered_at)
    ticket = {"@type": "EntityRef", "@referredType": "TroubleTicket", "id": number}
    return {
        "@type": "InteractionItem",
        "id": "1",
        "interactionItemType": of.kind,
        "item": {
            "@type": "RelatedEntityRefOrValue",
            "role": "appeal",
            "entity": ticket | {"href": f"{TICKETS}/troubleTicket/{number}"},
        },
    }
