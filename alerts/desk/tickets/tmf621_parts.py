"""Parts of TMF621's representation that a ticket and an appeal share, each one entry of a list."""

from datetime import datetime
from typing import Literal

ValueType = Literal["string", "integer", "number", "boolean"]


def instant(moment: datetime) -> str:
    """Return an RFC 3339 time in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def party(role: str, kind: str, name: str) -> dict[str, object]:
    """Return who has to do with it: a person or an organization."""
    who = {"@type": "PartyRef", "@referredType": kind, "id": name, "name": name}
    return {"@type": "RelatedPartyRefOrPartyRoleRef", "role": role, "partyOrPartyRole": who}


def entity(role: str, kind: str, name: str) -> dict[str, object]:
    """Return what it is about: a node or a service."""
    what = {"@type": "EntityRef", "@referredType": kind, "id": name, "name": name}
    return {"@type": "RelatedEntity", "role": role, "entity": what}


def identifier(owner: str, number: str, kind: str = "TroubleTicket") -> dict[str, object]:
    """Return its number in another system."""
    return {"@type": "ExternalIdentifier", "id": number, "owner": owner, "externalIdentifierType": kind}


def status_change(at: datetime, status: str, reason: str) -> dict[str, object]:
    """Return an entry of its history."""
    change = {"status": status, "statusChangeDate": instant(at), "statusChangeReason": reason}
    return {"@type": "StatusChange", **change}


def characteristic(kind: ValueType, name: str, value: object) -> dict[str, object]:
    """Return a property that TMF621 has no attribute for."""
    return {"@type": f"{kind.capitalize()}Characteristic", "name": name, "valueType": kind, "value": value}
