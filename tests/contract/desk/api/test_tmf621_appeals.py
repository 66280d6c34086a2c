"""Appeals registered, listed, read and moved by TMF621 v5, held against TM Forum's own OpenAPI document."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import httpx
import pytest

from alerts.desk.appeals import linking, mass_tickets
from alerts.desk.appeals.baseline import Baseline
from alerts.desk.core.database import Database
from alerts.desk.notify import listeners, routing
from alerts.desk.notify import outbox as stored
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.api.test_tmf621 import TICKETS, conforms, document, fire, runtime
from tests.contract.desk.api.test_tmf683 import MAIL, NAME, NUMBER, WORDS, api, bureau, client, url
from tests.contract.desk.appeals.appeals_desk import Bureau

__all__ = ["api", "bureau", "conforms", "document", "runtime", "url"]

HUB = "/tmf-api/troubleTicket/v5/hub"
FRESH: dict[str, Any] = {
    "@type": "TroubleTicket",
    "description": WORDS,
    "severity": "minor",
    "ticketType": "complaint",
    "channel": {"@type": "ChannelRef", "id": "160"},
    "relatedParty": [
        {
            "@type": "RelatedPartyRefOrPartyRoleRef",
            "role": "customer",
            "partyOrPartyRole": {
                "@type": "PartyRef",
                "@referredType": "Individual",
                "id": NUMBER,
                "name": NAME,
                "contactMedium": [{"@type": "ContactMedium", "contactType": "email", "emailAddress": MAIL}],
            },
        },
        {
            "@type": "RelatedPartyRefOrPartyRoleRef",
            "role": "branch",
            "partyOrPartyRole": {"@type": "PartyRef", "@referredType": "Organization", "id": "Astana"},
        },
    ],
    "relatedEntity": [
        {
            "@type": "RelatedEntity",
            "role": "service",
            "entity": {"@type": "EntityRef", "@referredType": "Service", "id": "ott"},
        }
    ],
    "troubleTicketCharacteristic": [
        {"@type": "StringCharacteristic", "name": "code", "valueType": "string", "value": "01"},
        {"@type": "StringCharacteristic", "name": "broadband", "valueType": "string", "value": "works"},
    ],
    "externalIdentifier": [{"@type": "ExternalIdentifier", "owner": "crm", "id": "SBL-9"}],
}
FIRST = f"{TICKETS}/A-2026-000001"


def by(number: str, **changes: Any) -> dict[str, Any]:
    body = deepcopy(FRESH) | changes
    body["relatedParty"][0]["partyOrPartyRole"]["id"] = number
    return body


def marked(**values: Any) -> list[dict[str, Any]]:
    return [{"@type": "Characteristic", "name": name, "value": value} for name, value in values.items()]


def test_a_ticket_of_a_type_of_appeals_is_one(api: httpx.Client, bureau: Bureau, conforms: Any) -> None:
    conforms(FRESH, "TroubleTicket_FVO")
    created = api.post(TICKETS, json=FRESH)
    assert created.status_code == 201, created.text
    body = created.json()
    conforms(body, "TroubleTicket")
    assert created.headers["location"] == body["href"] == FIRST
    assert (body["id"], body["ticketType"], body["status"]) == ("A-2026-000001", "complaint", "acknowledged")
    assert "expectedResolutionDate" in body
    row = bureau.appeal(1)
    assert (row.entry, row.code, row.region, row.answer_by, row.crm_ref, row.request_due) == (
        ("160", "01", "Astana", "email", "SBL-9", True)
    )
    assert api.get(FIRST).json() == body
    again = api.post(TICKETS, json=FRESH)
    assert (again.status_code, again.json()["id"], bureau.count()) == (200, body["id"], 1)
    told = api.get(FIRST).text + api.get(TICKETS, params={"ticketType": "complaint"}).text
    assert not any(planted in told for planted in (NUMBER[1:], WORDS, NAME, MAIL))


@pytest.mark.parametrize("kind", ["complaint", "request", "billDispute"])
def test_every_type_conforms(api: httpx.Client, bureau: Bureau, conforms: Any, kind: str) -> None:
    code = next(each.id for each in bureau.rules.codes.values() if each.kind == kind)
    wrong = {"complaint": "request"}.get(kind, "complaint")
    body = by(NUMBER, ticketType=kind, troubleTicketCharacteristic=marked(code=code, broadband="works", claim=True))
    refused = api.post(TICKETS, json=body | {"ticketType": wrong})
    assert (refused.status_code, "ticketType: the code" in refused.json()["message"]) == (400, True)
    created = api.post(TICKETS, json=body)
    assert created.status_code == 201, created.text
    conforms(created.json(), "TroubleTicket")
    assert {"name": "claim", "value": True}.items() <= created.json()["troubleTicketCharacteristic"][-1].items()


def test_appeals_are_listed_apart_from_tickets(api: httpx.Client, runtime: Runtime, bureau: Bureau) -> None:
    fire(runtime, "edge-1")
    for place in range(3):
        api.post(TICKETS, json=by(f"+7701234567{place}"))
    api.post(
        TICKETS, json=by("+77012345675", troubleTicketCharacteristic=marked(code="01", broadband="works", answer="x"))
    )

    def listed(**query: str) -> list[str]:
        answer = api.get(TICKETS, params={"ticketType": "complaint"} | query)
        assert answer.status_code == 200, answer.text
        return [each["id"][-1] for each in answer.json()]

    assert [each["id"] for each in api.get(TICKETS).json()] == ["1"]
    assert listed() == ["1", "2", "3", "4"]
    assert listed(sort="-id", limit="2", offset="1") == ["3", "2"]
    assert listed(status="closed") == ["4"]
    assert listed(id="A-2026-000002") == ["2"]
    assert listed(**{"channel.id": "cabinet"}) == []
    assert listed(**{"relatedParty.partyOrPartyRole.id": "Astana", "status.ne": "closed"}) == ["1", "2", "3"]
    page = api.get(TICKETS, params={"ticketType": "complaint,request", "limit": "1", "fields": "status"})
    assert (page.headers["x-total-count"], list(page.json()[0])) == ("4", ["id", "href", "@type", "status"])
    for query in ({"ticketType": "complaint,incident"}, {"ticketType": "complaint", "severity": "minor"}):
        assert api.get(TICKETS, params=query).status_code == 400


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"channel": None}, "channel"),
        ({"channel": {"@type": "ChannelRef", "id": "fax"}}, "channel"),
        ({"relatedEntity": []}, "relatedEntity"),
        ({"troubleTicketCharacteristic": []}, "code"),
        ({"troubleTicketCharacteristic": marked(code="99")}, 'troubleTicketCharacteristic: "code": is no code'),
        ({"troubleTicketCharacteristic": marked(code="01", colour="red")}, "colour"),
        ({"troubleTicketCharacteristic": marked(code="01")}, '"broadband": is missing'),
        ({"requestedResolutionDate": "2026-03-02T12:00:00Z"}, "takes no requestedResolutionDate"),
        ({"priority": "P1"}, "takes no priority"),
        ({"severity": "terrible"}, "severity"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, bureau: Bureau, conforms: Any, changes: dict[str, Any], place: str
) -> None:
    answer = api.post(TICKETS, json=FRESH | changes)
    assert answer.status_code == 400, answer.text
    conforms(answer.json(), "Error")
    assert place in answer.json()["message"]
    assert bureau.count() == 0


def test_what_is_handed_over_is_no_appeal(api: httpx.Client, bureau: Bureau) -> None:
    body = by(NUMBER, troubleTicketCharacteristic=marked(code="01", broadband="broken"))
    answer = api.post(TICKETS, json=body)
    assert (answer.status_code, "hand_over_to_165" in answer.json()["message"]) == (409, True)
    assert bureau.count() == 0


def test_an_appeal_moves_by_its_own_steps(api: httpx.Client, bureau: Bureau, conforms: Any) -> None:
    whole = api.post(TICKETS, json=FRESH).json()

    def moved(status: str, reason: str = "") -> httpx.Response:
        return api.patch(FIRST, json={"status": status, "statusChangeReason": reason})

    assert moved("inProgress").json()["status"] == "inProgress"
    assert (moved("pending").status_code, moved("closed").status_code) == (400, 400)
    asked = moved("pending", "Which channel?")
    conforms(asked.json(), "TroubleTicket")
    assert "Which channel?" not in asked.text
    assert moved("resolved", "It works").status_code == 409
    assert moved("inProgress", "All of them").status_code == 200
    done = moved("resolved", "It works")
    assert (done.json()["status"], "It works" in done.text) == ("resolved", False)
    history = [each["status"] for each in done.json()["statusChangeHistory"]]
    assert history == ["acknowledged", "inProgress", "pending", "inProgress", "resolved"]
    assert api.patch(FIRST, json=done.json()).status_code == 200
    refused = api.patch(FIRST, json={"channel": {"id": "fax"}})
    assert (refused.status_code, "channel: cannot be changed" in refused.json()["message"]) == (400, True)
    assert api.patch(f"{TICKETS}/A-2025-000001", json={"status": "cancelled"}).status_code == 404
    api.post(TICKETS, json=by("+77012345679"))
    assert api.patch(f"{TICKETS}/A-2026-000002", json={"status": "cancelled"}).json()["status"] == "cancelled"
    assert whole["name"] == done.json()["name"]


def test_relationships_lead_both_ways(api: httpx.Client, runtime: Runtime, bureau: Bureau, conforms: Any) -> None:
    api.post(TICKETS, json=FRESH)
    number = bureau.incident()
    api.post(TICKETS, json=by("+77012345679"))
    (proposed,) = api.get(f"{TICKETS}/A-2026-000002").json()["troubleTicketRelationship"]
    assert (proposed["id"], proposed["relationshipType"]) == (str(number), "mayBeCausedBy")
    assert "troubleTicketRelationship" not in api.get(f"{TICKETS}/{number}").json()
    linking.confirm(bureau.hand(2), number)
    shown = api.get(f"{TICKETS}/A-2026-000002").json()
    conforms(shown, "TroubleTicket")
    assert (shown["status"], shown["statusChangeReason"]) == ("held", "incident")
    ticket = api.get(f"{TICKETS}/{number}").json()
    conforms(ticket, "TroubleTicket")
    (back,) = ticket["troubleTicketRelationship"]
    assert (back["id"], back["relationshipType"], back["href"]) == ("A-2026-000002", "isCauseOf", shown["href"])
    assert len(api.patch(f"{TICKETS}/{number}", json=ticket).json()["troubleTicketRelationship"]) == 1


def test_the_ticket_of_a_mass_conforms_and_leads_to_its_members(
    api: httpx.Client, runtime: Runtime, bureau: Bureau, conforms: Any
) -> None:
    for place in range(10):
        api.post(TICKETS, json=by(f"+7701234567{place}"))
    opening, baseline = mass_tickets.Opening(bureau.database, bureau.rules, runtime.policy), Baseline()
    for minutes in (0, 3):
        now = runtime.now() + timedelta(minutes=minutes)
        opened = mass_tickets.look(opening, baseline, now)
    assert opened == 1
    (mass,) = api.get(TICKETS, params={"ticketType": "incident"}).json()
    for number in range(1, 11):
        shown = api.get(f"{TICKETS}/A-2026-{number:06}").json()
        (proposed,) = shown["troubleTicketRelationship"]
        assert (proposed["id"], proposed["relationshipType"]) == (mass["id"], "mayBeCausedBy")
        linking.confirm(bureau.hand(number), int(mass["id"]))
        conforms(api.get(f"{TICKETS}/A-2026-{number:06}").json(), "TroubleTicket")
    whole = api.get(f"{TICKETS}/{mass['id']}").json()
    conforms(whole, "TroubleTicket")
    members = [each["id"] for each in whole["troubleTicketRelationship"] if each["relationshipType"] == "isCauseOf"]
    assert members == [f"A-2026-{number:06}" for number in range(1, 11)]


def test_listeners_ask_for_appeals(api: httpx.Client, runtime: Runtime, bureau: Bureau, conforms: Any) -> None:
    tickets = api.post(HUB, json={"callback": "http://127.0.0.1:9/"}).json()
    query = "ticketType=complaint,request"
    hub = api.post(HUB, json={"callback": "http://127.0.0.1:9/", "query": query}).json()
    other = api.post(HUB, json={"callback": "http://127.0.0.1:9/", "query": "ticketType=billDispute"}).json()
    assert api.post(HUB, json={"callback": "http://a/", "query": "ticketType=incident"}).status_code == 400
    fire(runtime, "edge-1")
    api.post(TICKETS, json=FRESH)
    for status, reason in (("pending", "?"), ("inProgress", ""), ("resolved", "It works")):
        assert api.patch(FIRST, json={"status": status, "statusChangeReason": reason}).status_code == 200
    api.post(TICKETS, json=by("+77012345679"))
    bureau.say(number="+77012345679")  # again: a repeat
    with runtime.database.write() as connection:
        rows, mine, none = (
            stored.claim(connection, f"hub:{each['id']}", runtime.now(), 100) for each in (hub, tickets, other)
        )
    assert {row.kind for row in rows} == set(routing.EVENT_TYPES)
    assert none == []
    assert [row.ticket_id for row in mine] == [1]
    for row in rows:
        event = listeners.hub_event(runtime, row)
        conforms(event, row.kind)
        assert str(event["correlationId"]).startswith("A-2026-")
        assert not any(planted in str(event) for planted in (WORDS, NUMBER[1:], "It works", MAIL))


def test_who_may_not_see_appeals_is_told(
    api: httpx.Client, url: str, database: Database, bureau: Bureau, runtime: Runtime
) -> None:
    api.post(TICKETS, json=FRESH)
    with client(url, database, bureau, "engineer") as engineer:
        assert engineer.post(TICKETS, json=FRESH).status_code == 403
        assert engineer.get(FIRST).status_code == engineer.patch(FIRST, json={"status": "cancelled"}).status_code == 403
        assert engineer.get(TICKETS, params={"ticketType": "complaint"}).status_code == 403
        assert engineer.get(TICKETS).status_code == 200
