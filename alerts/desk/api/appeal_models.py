"""What callers of TMF683 and TMF621 send of an appeal, and what the customer said in it.

Both documents name parties, channels and identifiers alike. What they have no word for is an attribute beside theirs,
as TM Forum extends its documents: the number or the mailbox of a contact medium, under TMF632's names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StrictBool, StrictStr

from alerts.desk.api.appeals import PROBLEMS
from alerts.desk.api.tmf_models import ANY, Wire
from alerts.desk.appeals.contacts import ContactError
from alerts.desk.appeals.registration import RefusedError, Said
from alerts.desk.appeals.states import AnswerBy, Entry

_REF = (*ANY, "href", "@referredType")
Contact = Literal["number", "mobile", "city", "email"]


class MediumIn(Wire):
    """One way to reach a customer. `number` is what the customer is known by, the others are for the answer."""

    also = (*ANY, "id", "validFor")
    contact_type: Contact
    phone_number: StrictStr = ""
    email_address: StrictStr = ""
    preferred: StrictBool = Field(default=False, description="The answer goes here.")


class PartyIn(Wire):
    """A customer with contact media, or a branch by its name; the id of a customer without media is the number."""

    also = _REF
    id: StrictStr = ""
    name: StrictStr = ""
    formatted_name: StrictStr = ""
    given_name: StrictStr = ""
    family_name: StrictStr = ""
    contact_medium: Annotated[tuple[MediumIn, ...], Field(max_length=4)] = ()


class RelatedPartyIn(Wire):
    """A party and its role."""

    also = ANY
    role: Literal["customer", "branch"]
    party_or_party_role: PartyIn


class ChannelIn(Wire):
    """How the appeal came in."""

    also = (*_REF, "name")
    id: Entry


class RelatedChannelIn(Wire):
    """A channel and its role, which may be any."""

    also = (*ANY, "role")
    channel: ChannelIn


class EntityIn(Wire):
    """A service by its name in the settings."""

    also = (*_REF, "name")
    id: StrictStr


class RelatedEntityIn(Wire):
    """A service and its role, which may be any."""

    also = (*ANY, "role")
    entity: EntityIn


class IdentifierIn(Wire):
    """The appeal's number in Siebel CRM or in the personal cabinet."""

    also = (*ANY, "externalIdentifierType")
    owner: Literal["crm", "cabinet"]
    id: StrictStr


class PeriodIn(Wire):
    """When the customer appealed; where the contact ended is not kept."""

    also = ("endDateTime",)
    start_date_time: AwareDatetime


class ItemIn(Wire):
    """What an interaction is about: the appeal about a service, or whether broadband works."""

    also = (*ANY, "id", "reason")
    interaction_item_type: Literal["appeal", "claim", "broadband"] = "appeal"
    item: RelatedEntityIn | None = None
    resolution: StrictStr = Field("", description="The answer that was given at once; of broadband: works or broken.")


class InteractionIn(Wire):
    """A call or a message of the cabinet, to be registered as an appeal."""

    also = ANY
    ours = ("id", "href", "status", "statusChangeDate", "creationDate", "lastUpdate", "interactionRelationship")
    direction: Literal["inbound"]
    reason: StrictStr = Field(description="The code of the appeal.")
    related_channel: Annotated[list[RelatedChannelIn], Field(min_length=1, max_length=1)]
    related_party: Annotated[list[RelatedPartyIn], Field(min_length=1, max_length=2)]
    interaction_item: Annotated[list[ItemIn], Field(min_length=1, max_length=2)]
    description: StrictStr = Field("", description="What the customer said.")
    interaction_date: PeriodIn | None = None
    external_identifier: Annotated[tuple[IdentifierIn, ...], Field(max_length=2)] = ()


PLACES = {
    "number": "relatedParty: the number of the customer",
    "mobile": 'relatedParty: the contact medium "mobile" of the customer',
    "city": 'relatedParty: the contact medium "city" of the customer',
    "email": 'relatedParty: the contact medium "email" of the customer',
    "name": "relatedParty: the name of the customer",
    "region": "relatedParty: the id of the branch",
    "service": "{item}: the id of the service",
    "code": "{code}",
    "appealed_at": "{when}",
    "text": "description",
    "answer": "{answer}",
    "crm_ref": "externalIdentifier: the id of crm",
    "cabinet_ref": "externalIdentifier: the id of cabinet",
    "broadband": "{broadband}",
    "tariff": "{tariff}",
}
"""Where a caller finds what was wrong; the names in braces differ between the two documents."""


def refused(error: RefusedError | ContactError, words: Mapping[str, str]) -> str:
    """Return why a registration is refused, with the place in the caller's document."""
    problem = PROBLEMS.get(error.problem, error.problem)
    return f"{PLACES.get(error.field, error.field).format(**words)}: {problem}"


def checked_broadband(said: str, where: str) -> str:
    """Return what was found out about broadband; raise ValueError naming `where` for another word."""
    if said not in ("works", "broken", "unknown"):
        raise ValueError(f'{where}: "{said[:40]}" is none of works, broken')
    return said


def completed(said: Said, parties: Sequence[RelatedPartyIn], identifiers: Sequence[IdentifierIn]) -> Said:
    """Return what was said with who said it and the numbers of other systems; raise ValueError for what is missing."""
    given: dict[str, PartyIn] = {}
    for each in parties:
        if each.role in given:
            raise ValueError(f"relatedParty: there are two with the role {each.role}; leave one out")
        given[each.role] = each.party_or_party_role
    if "customer" not in given:
        raise ValueError("relatedParty: nobody has the role customer; add the customer with a number")
    branch = given.get("branch")
    whole = replace(_by_customer(said, given["customer"]), region=branch.id if branch else "")
    references = {each.owner: each.id for each in identifiers}
    if len(references) < len(identifiers):
        raise ValueError("externalIdentifier: there are two of one owner; leave one out")
    return replace(whole, crm_ref=references.get("crm", ""), cabinet_ref=references.get("cabinet", ""))


def _by_customer(said: Said, party: PartyIn) -> Said:
    media: dict[Contact, str] = {}
    wanted: list[Contact] = []
    for each in party.contact_medium:
        kind = each.contact_type
        name, text = ("emailAddress", each.email_address) if kind == "email" else ("phoneNumber", each.phone_number)
        if kind in media:
            raise ValueError(f"relatedParty: contactMedium: there are two of the type {kind}; leave one out")
        if not text:
            raise ValueError(f"relatedParty: contactMedium: one of the type {kind} needs {name}")
        media[kind] = text
        if each.preferred:
            wanted.append(kind)
    if len(wanted) > 1 or "number" in wanted:
        raise ValueError("relatedParty: contactMedium: one of mobile, city and email may be preferred")
    number = media.pop("number", "") or party.id
    if not number:
        raise ValueError("relatedParty: the customer has no contact medium of the type number, and no id")
    return replace(
        said,
        number=number,
        name=party.formatted_name or party.name or " ".join(filter(None, (party.given_name, party.family_name))),
        answer_by=AnswerBy(next(iter(wanted or media), AnswerBy.MOBILE)),
        mobile=media.get("mobile", ""),
        city=media.get("city", ""),
        email=media.get("email", ""),
    )
