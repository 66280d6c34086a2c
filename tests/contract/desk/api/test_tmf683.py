"""Appeals registered and read by TMF683 v5, bodies and events held against TM Forum's own OpenAPI document."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.appeals.states import Entry
from alerts.desk.core.database import Database
from alerts.desk.notify import listeners
from alerts.desk.notify import outbox as stored
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.api.test_tmf621 import conforms, discriminated, runtime
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.contract.desk.conftest import serving

__all__ = ["conforms", "runtime"]

BASE = "/tmf-api/partyInteractionManagement/v5"
INTERACTIONS = f"{BASE}/partyInteraction"
NUMBER, WORDS, NAME, MAIL = "+77012345678", "Nothing plays at Saule's", "Saule Akhmetova", "saule@example.kz"
FRESH: dict[str, Any] = {
    "@type": "PartyInteraction",
    "direction": "inbound",
    "reason": "01",
    "description": WORDS,
    "relatedChannel": [
        {"@type": "RelatedChannel", "role": "entry", "channel": {"@type": "ChannelRef", "id": "cabinet"}}
    ],
    "relatedParty": [
        {
            "@type": "RelatedPartyOrPartyRole",
            "role": "customer",
            "partyOrPartyRole": {
                "@type": "Individual",
                "formattedName": NAME,
                "contactMedium": [
                    {"@type": "ContactMedium", "contactType": "number", "phoneNumber": NUMBER},
                    {"@type": "ContactMedium", "contactType": "email", "emailAddress": MAIL, "preferred": True},
                ],
            },
        },
        {
            "@type": "RelatedPartyOrPartyRole",
            "role": "branch",
            "partyOrPartyRole": {"@type": "PartyRef", "@referredType": "Organization", "id": "Astana"},
        },
    ],
    "interactionItem": [
        {
            "@type": "InteractionItem",
            "interactionItemType": "appeal",
            "item": {
                "@type": "RelatedEntityRefOrValue",
                "role": "service",
                "entity": {"@type": "EntityRef", "@referredType": "Service", "id": "ott"},
            },
        }
    ],
    "externalIdentifier": [{"@type": "ExternalIdentifier", "owner": "cabinet", "id": "LK-77"}],
}


def called(**changes: Any) -> dict[str, Any]:
    """Return a call to 160 whose broadband works."""
    body = deepcopy(FRESH) | changes
    body["relatedChannel"][0]["channel"]["id"] = "160"
    body["interactionItem"].append(
        {"@type": "InteractionItem", "interactionItemType": "broadband", "resolution": "works"}
    )
    return body


def by(number: str, body: dict[str, Any] = FRESH) -> dict[str, Any]:
    changed = deepcopy(body)
    changed["relatedParty"][0]["partyOrPartyRole"]["contactMedium"][0]["phoneNumber"] = number
    return changed


@pytest.fixture(scope="session")
def document(shared: Path) -> dict[str, Any]:
    file = shared / "reference" / "tmf683" / "TMF683-PartyInteraction-v5.0.0.oas.yaml"
    parsed: dict[str, Any] = discriminated(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader))
    return parsed


@pytest.fixture
def bureau(runtime: Runtime) -> Bureau:
    return Bureau(runtime.database, rules(), runtime.now())


@pytest.fixture
def url(runtime: Runtime, bureau: Bureau) -> Iterator[str]:
    with serving(runtime, bureau.rules) as found:
        yield found


def client(url: str, database: Database, bureau: Bureau, role: str) -> httpx.Client:
    token = tokens.create(database, By("tests"), role, role, bureau.now)
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


@pytest.fixture
def api(url: str, database: Database, bureau: Bureau) -> Iterator[httpx.Client]:
    with client(url, database, bureau, "machine") as found:
        yield found


def test_what_is_created_is_an_appeal(api: httpx.Client, bureau: Bureau, conforms: Any) -> None:
    conforms(FRESH, "PartyInteraction_FVO")
    created = api.post(INTERACTIONS, json=FRESH)
    assert created.status_code == 201, created.text
    body = created.json()
    conforms(body, "PartyInteraction")
    assert created.headers["location"] == body["href"]
    assert (body["direction"], body["reason"], body["status"]) == ("inbound", "appeal", "completed")
    row = bureau.appeal(1)
    expected = ("cabinet", "01", "ott", "Astana", "email", "LK-77", "branch")
    assert tuple(
        getattr(row, name) for name in ("entry", "code", "service", "region", "answer_by", "cabinet_ref", "queue")
    ) == (expected)
    (item,) = body["interactionItem"]
    assert (item["interactionItemType"], item["item"]["entity"]["id"]) == ("complaint", "A-2026-000001")
    again = api.post(INTERACTIONS, json=FRESH)
    assert (again.status_code, bureau.count(), again.json()["reason"]) == (201, 1, "repeat")
    conforms(again.json(), "PartyInteraction")
    (parent,) = again.json()["interactionRelationship"]
    assert (parent["id"], parent["relationshipType"], parent["href"]) == (body["id"], "parent", body["href"])


def test_calls_are_routed_as_at_the_desk(api: httpx.Client, bureau: Bureau, conforms: Any) -> None:
    at_once = called()
    at_once["interactionItem"][0]["resolution"] = "Log in again"
    conforms(at_once, "PartyInteraction_FVO")
    assert api.post(INTERACTIONS, json=at_once).status_code == 201
    assert bureau.appeal(1).status == "closed"
    broken = called()
    broken["interactionItem"][1]["resolution"] = "broken"
    handed = api.post(INTERACTIONS, json=broken).json()
    conforms(handed, "PartyInteraction")
    assert (handed["reason"], "interactionItem" in handed, bureau.count()) == ("hand_over_to_165", False, 1)
    claim = by("+77012345679", called())
    claim["interactionItem"][0]["interactionItemType"] = "claim"
    claim["interactionDate"] = {"startDateTime": "2026-02-28T10:00:00+05:00"}
    assert api.post(INTERACTIONS, json=claim).status_code == 201
    row = bureau.appeal(2)
    assert (row.claim, str(row.appealed_at)) == (True, "2026-02-28 05:00:00+00:00")


def test_lists_are_filtered_sorted_and_paged(api: httpx.Client, bureau: Bureau, conforms: Any) -> None:
    for place in range(4):
        assert api.post(INTERACTIONS, json=by(f"+7701234567{place}")).status_code == 201
    api.post(INTERACTIONS, json=by("+77012345675", called()))
    api.post(INTERACTIONS, json=by("+77012345670"))

    def listed(**query: str) -> list[str]:
        answer = api.get(INTERACTIONS, params=query)
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()]

    whole = api.get(INTERACTIONS)
    for body in whole.json():
        conforms(body, "PartyInteraction")
        assert api.get(body["href"]).json() == body
    assert (whole.headers["x-total-count"], len(whole.json())) == ("6", 6)
    page = api.get(INTERACTIONS, params={"limit": "2", "offset": "1", "sort": "-id", "fields": "reason"})
    assert [each["id"] for each in page.json()] == ["5", "4"]
    assert set(page.json()[0]) == {"id", "href", "@type", "reason"}
    assert (page.headers["x-total-count"], page.headers["x-result-count"]) == ("6", "2")
    assert listed(**{"relatedChannel.channel.id": "160"}) == ["5"]
    assert listed(reason="repeat") == ["6"]
    assert listed(**{"interactionItem.item.entity.id": "A-2026-000001"}) == ["1", "6"]
    assert listed(**{"id.gt": "4"}) == ["5", "6"]
    assert listed(**{"creationDate.gt": "2020-01-01T00:00:00Z", "reason.ne": "appeal"}) == ["6"]
    assert listed(direction="outbound") == []
    assert listed(limit="0") == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("direction", "outbound", "direction"),
        ("reason", "99", "reason: is no code"),
        ("relatedChannel", [], "relatedChannel"),
        ("relatedParty", [FRESH["relatedParty"][1]], "customer"),
        ("interactionItem", [FRESH["interactionItem"][0]] * 2, "interactionItem"),
        ("interactionDate", {"startDateTime": "2099-01-01T00:00:00Z"}, "interactionDate: startDateTime: lies in"),
        ("status", "completed", '"status" is set by the desk'),
        ("note", [], 'unknown attribute "note"'),
        ("externalIdentifier", FRESH["externalIdentifier"] * 2, "externalIdentifier: there are two"),
    ],
)
def test_what_is_wrong_is_named(
    api: httpx.Client, bureau: Bureau, conforms: Any, wrong: tuple[str, object, str]
) -> None:
    name, value, place = wrong
    answer = api.post(INTERACTIONS, json=FRESH | {name: value})
    assert answer.status_code == 400
    conforms(answer.json(), "Error")
    assert place in answer.json()["message"]
    assert bureau.count() == 0


@pytest.mark.parametrize(
    ("media", "sentence"),
    [
        ([{"contactType": "number", "phoneNumber": "12"}], "the number of the customer: is no telephone number"),
        ([{"contactType": "number"}], "needs phoneNumber"),
        ([{"contactType": "email", "emailAddress": MAIL}], "no contact medium of the type number"),
        ([{"contactType": "number", "phoneNumber": NUMBER, "preferred": True}], "may be preferred"),
        ([{"contactType": "number", "phoneNumber": NUMBER}] * 2, "two of the type number"),
        (
            [
                {"contactType": "number", "phoneNumber": NUMBER},
                {"contactType": "email", "emailAddress": "x", "preferred": True},
            ],
            '"email" of the customer: is no e-mail address',
        ),
    ],
)
def test_a_contact_that_cannot_be_used_is_named(api: httpx.Client, media: list[object], sentence: str) -> None:
    body = deepcopy(FRESH)
    body["relatedParty"][0]["partyOrPartyRole"]["contactMedium"] = media
    answer = api.post(INTERACTIONS, json=body)
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]


def test_questions_that_cannot_be_answered_get_the_documents_errors(api: httpx.Client, url: str, conforms: Any) -> None:
    for query in ({"color": "red"}, {"sort": "description"}, {"fields": "description"}, {"id": "x"}, {"limit": "-1"}):
        answer = api.get(INTERACTIONS, params=query)
        assert answer.status_code == 400, query
        conforms(answer.json(), "Error")
    for path in (f"{INTERACTIONS}/9", f"{INTERACTIONS}/x"):
        conforms(api.get(path).json(), "Error")
        assert api.get(path).status_code == 404
    for method in ("PATCH", "DELETE"):
        answer = api.request(method, f"{INTERACTIONS}/1", json={})
        assert answer.status_code == 405
        conforms(answer.json(), "Error")
    conforms(httpx.get(f"{url}{INTERACTIONS}").json(), "Error")


def test_nobody_reads_words_or_contacts_and_the_cabinet_only_its_own(
    api: httpx.Client, url: str, database: Database, bureau: Bureau
) -> None:
    api.post(INTERACTIONS, json=FRESH)
    api.post(INTERACTIONS, json=by("+77012345675", called()))
    told = api.get(INTERACTIONS).text + api.get(f"{INTERACTIONS}/1").text
    for planted in (NUMBER[1:], WORDS, NAME, MAIL):
        assert planted not in told
    with client(url, database, bureau, "cabinet") as cabinet, client(url, database, bureau, "viewer") as viewer:
        assert [each["id"] for each in cabinet.get(INTERACTIONS).json()] == ["1"]
        assert cabinet.get(f"{INTERACTIONS}/2").status_code == 404
        assert cabinet.post(INTERACTIONS, json=called()).status_code == 403
        assert viewer.get(INTERACTIONS).status_code == viewer.post(INTERACTIONS, json=FRESH).status_code == 403


def test_listeners_hear_of_every_contact(api: httpx.Client, runtime: Runtime, bureau: Bureau, conforms: Any) -> None:
    hub = api.post(f"{BASE}/hub", json={"@type": "Hub", "callback": "http://127.0.0.1:9/"})
    assert hub.status_code == 201
    conforms(hub.json(), "Hub")
    assert api.get(hub.json()["href"]).json() == hub.json()
    quiet = api.post(f"{BASE}/hub", json={"callback": "http://a/", "query": "eventType=PartyInteractionDeleteEvent"})
    tickets = api.post("/tmf-api/troubleTicket/v5/hub", json={"callback": "http://b/"}).json()
    wrong = api.post(f"{BASE}/hub", json={"callback": "http://a/", "query": "eventType=TroubleTicketCreateEvent"})
    assert wrong.status_code == 400
    api.post(INTERACTIONS, json=FRESH)
    bureau.registered(number="8 701 234 56 99")  # at the console
    with runtime.database.write() as connection:
        rows = stored.claim(connection, f"hub:{hub.json()['id']}", runtime.now(), 100)
        for other in (quiet.json(), tickets):
            assert stored.claim(connection, f"hub:{other['id']}", runtime.now(), 100) == []
    events = [json.loads(json.dumps(listeners.hub_event(runtime, row))) for row in rows]
    for event in events:
        conforms(event, "PartyInteractionCreateEvent")
        assert WORDS not in str(event)
    assert [each["event"]["partyInteraction"] for each in events] == api.get(INTERACTIONS).json()
    assert events[1]["event"]["partyInteraction"]["relatedChannel"][0]["channel"]["id"] == str(Entry.CALL_160)
    assert api.delete(hub.json()["href"]).status_code == 204


def test_a_desk_without_appeals_says_so(runtime: Runtime, database: Database, bureau: Bureau) -> None:
    with serving(runtime) as url, client(url, database, bureau, "machine") as other:
        assert other.get(INTERACTIONS).status_code == other.post(INTERACTIONS, json=FRESH).status_code == 404
        paths = other.get("/openapi.json").json()["paths"]
    assert {"400", "401", "403", "404", "503"} <= set(paths[INTERACTIONS]["post"]["responses"])
