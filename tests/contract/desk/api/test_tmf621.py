"""The TMF621 v5 API, its bodies held against TM Forum's own OpenAPI document."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.notify import listeners
from alerts.desk.notify import outbox as stored
from alerts.desk.notify import routing as compose
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.events import ReferenceGiven
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import Status
from tests.contract.desk.alarms.test_ingest import Time, send
from tests.contract.desk.conftest import serving
from tests.contract.desk.payloads import START, alert, notification

API = "/tmf-api/troubleTicket/v5"
TICKETS = f"{API}/troubleTicket"
FRESH = {"@type": "TroubleTicket", "description": "no picture", "severity": "major", "ticketType": "complaint"}


@pytest.fixture(scope="session")
def document(shared: Path) -> dict[str, Any]:
    file = shared / "reference" / "tmf621" / "TMF621-TroubleTicket-v5.0.1.oas.yaml"
    parsed: dict[str, Any] = discriminated(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader))
    return parsed


def discriminated(node: Any) -> Any:
    """Return the document with each choice made by `@type`, as OpenAPI means it and JSON Schema cannot say."""
    if isinstance(node, list):
        return [discriminated(each) for each in node]
    if not isinstance(node, dict):
        return node
    result = {name: discriminated(value) for name, value in node.items()}
    if "oneOf" in result and "discriminator" in result:
        del result["oneOf"]
        result["allOf"] = [
            {"if": {"properties": {"@type": {"const": kind}}}, "then": {"$ref": target}}
            for kind, target in result["discriminator"]["mapping"].items()
        ]
        result["properties"] = {"@type": {"enum": list(result["discriminator"]["mapping"])}}
    return result


@pytest.fixture
def conforms(document: dict[str, Any]) -> Any:
    """Return a check of a body against a schema of the document, with its discriminators followed by `@type`."""

    def check(body: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)] == []

    return check


@pytest.fixture
def runtime(database: Database) -> Runtime:
    settings = Settings()
    return Runtime(settings, database, policy_of(settings), Time())


@pytest.fixture
def api(runtime: Runtime) -> Iterator[httpx.Client]:
    token = secrets.new_token()
    with runtime.database.write() as connection:
        access.add_token(connection, "oss", "machine", secrets.digest(token), runtime.now())
    with (
        serving(runtime) as url,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client,
    ):
        yield client


def fire(runtime: Runtime, *nodes: str, **labels: Any) -> None:
    for node in nodes:
        send(runtime.database, notification(alert(node, **labels)), runtime.now(), runtime.policy)


def test_every_body_that_the_desk_sends_conforms(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1", "edge-2")
    created = api.post(TICKETS, json=FRESH | {"note": [{"@type": "Note", "text": "third call"}]})
    assert created.status_code == 201
    conforms(created.json(), "TroubleTicket")
    actions.take(runtime.desk, Hand("Aigerim", 1))
    actions.resolve(runtime.desk, Hand("Aigerim", 1), "repaired")
    bodies = api.get(TICKETS).json()
    assert len(bodies) == 3
    for body in bodies:
        conforms(body, "TroubleTicket")
    conforms(api.patch(f"{TICKETS}/2", json={"@type": "TroubleTicket", "status": "inProgress"}).json(), "TroubleTicket")
    conforms(api.get(f"{TICKETS}/999").json(), "Error")
    hub = api.post(f"{API}/hub", json={"@type": "Hub", "callback": "http://127.0.0.1:9/"})
    conforms(hub.json(), "Hub")
    api.patch(f"{TICKETS}/2", json={"status": "pending", "statusChangeReason": "appointment"})
    actions.move(runtime.desk, Hand("A", 2), Status.IN_PROGRESS, "")
    actions.resolve(runtime.desk, Hand("A", 2), "repaired")
    with runtime.database.write() as connection:
        rows = stored.claim(connection, f"hub:{hub.json()['id']}", runtime.now(), 100)
    kinds = {row.kind for row in rows}
    assert kinds == {compose.CHANGED, compose.STATUS_CHANGED, compose.RESOLVED, compose.INFORMATION}
    for row in rows:
        conforms(listeners.hub_event(runtime, row), row.kind)


def test_a_ticket_of_another_system_is_kept_whole(api: httpx.Client) -> None:
    extra: dict[str, Any] = {
        "requestedResolutionDate": "2026-03-02T12:00:00Z",
        "externalIdentifier": [{"@type": "ExternalIdentifier", "id": "CRM-1", "owner": "crm"}],
        "relatedParty": [{"@type": "RelatedPartyRefOrPartyRoleRef", "role": "customer"}],
        "channel": {"@type": "ChannelRef", "id": "phone"},
    }
    answer = api.post(TICKETS, json=FRESH | extra | {"name": "TV", "priority": "P1"})
    body = answer.json()
    assert answer.headers["location"] == body["href"]
    assert (body["name"], body["priority"], body["status"]) == ("TV", "P1", "acknowledged")
    assert body["requestedResolutionDate"] == extra["requestedResolutionDate"]
    assert extra["externalIdentifier"][0] in body["externalIdentifier"]
    assert extra["relatedParty"][0] in body["relatedParty"]
    patched = api.patch(body["href"], json={"channel": None}, headers={"Content-Type": "application/merge-patch+json"})
    assert "channel" not in patched.json()
    assert patched.json()["name"] == "TV"


def test_a_ticket_without_a_name_is_called_by_its_first_words(api: httpx.Client) -> None:
    answer = api.post(TICKETS, json=FRESH | {"description": "\r\n  \n No picture \non all channels"})
    assert answer.json()["name"] == "No picture"


@pytest.mark.parametrize("status", ["rejected", "cancelled"])
def test_a_ticket_that_has_ended_elsewhere_is_taken(api: httpx.Client, status: str) -> None:
    answer = api.post(TICKETS, json=FRESH | {"status": status, "statusChangeReason": "known"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == status
    assert api.get(answer.json()["href"]).json()["status"] == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"severity": None},
        {"severity": "red"},
        {"description": ""},
        {"priority": "P9"},
        {"status": "new"},
        {"note": "text"},
        {"relatedParty": {}},
        {"relatedParty": ["x"]},
        {"name": "a\0b"},
    ],
)
def test_a_malformed_ticket_gets_400(api: httpx.Client, conforms: Any, wrong: dict[str, Any]) -> None:
    answer = api.post(TICKETS, json=FRESH | wrong)
    assert answer.status_code == 400, answer.text
    conforms(answer.json(), "Error")
    assert api.get(TICKETS).json() == []


def test_states_move_as_the_life_cycle_says(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1")
    here = f"{TICKETS}/1"

    def to(status: str, reason: str = "because") -> int:
        return api.patch(here, json={"status": status, "statusChangeReason": reason}).status_code

    assert to("resolved") == 409
    conforms(api.patch(here, json={"status": "closed"}).json(), "Error")
    assert to("inProgress") == 200
    assert to("held", "") == 400
    assert to("held", "spares") == 200
    assert to("resolved") == 409
    assert to("inProgress") == 200
    assert to("resolved", "") == 400, "its alarm still fires: a reason must be stated"
    assert to("resolved", "false alarm of the sensor") == 200
    assert to("closed", "agreed with the shift lead") == 200
    assert to("inProgress") == 409
    history = [each["status"] for each in api.get(here).json()["statusChangeHistory"]]
    assert history == ["acknowledged", "inProgress", "held", "inProgress", "resolved", "closed"]


def test_a_refused_patch_changes_nothing_at_all(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    before = api.get(f"{TICKETS}/1").json()
    assert (
        api.patch(f"{TICKETS}/1", json={"name": "other", "note": [{"text": "x"}], "status": "closed"}).status_code
        == 409
    )
    assert api.get(f"{TICKETS}/1").json() == before


def test_notes_are_added_once_when_a_client_sends_back_what_it_read(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    api.patch(f"{TICKETS}/1", json={"note": [{"text": "first"}]})
    read = api.get(f"{TICKETS}/1").json()
    patched = api.patch(f"{TICKETS}/1", json={"note": [*read["note"], {"text": "second"}]}).json()
    assert [(each["text"], each["author"]) for each in patched["note"]] == [("first", "oss"), ("second", "oss")]


def test_a_ticket_that_is_sent_back_as_it_was_read_stays_so(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    where = f"{TICKETS}/1"
    mine = {"@type": "ExternalIdentifier", "id": "CRM-1", "owner": "crm"}
    api.patch(where, json={"status": "inProgress", "externalIdentifier": [mine]})
    read = api.get(where).json()
    assert len(read["externalIdentifier"]) == 2
    assert api.patch(where, json=read).json() == read
    later = read | {
        "troubleTicketCharacteristic": [{"name": "firingAlarms", "value": 7}, {"name": "box", "value": "x"}]
    }
    characteristics = api.patch(where, json=later).json()["troubleTicketCharacteristic"]
    assert [(each["name"], each["value"]) for each in characteristics[-2:]] == [("firingAlarms", 1), ("box", "x")]


@pytest.mark.parametrize("name", ["name", "description", "severity", "priority", "ticketType", "status", "note"])
def test_what_every_ticket_has_is_not_removed(api: httpx.Client, runtime: Runtime, name: str) -> None:
    fire(runtime, "edge-1")
    before = api.get(f"{TICKETS}/1").json()
    answer = api.patch(f"{TICKETS}/1", json={name: None, "statusChangeReason": None})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{name}: ")
    assert api.get(f"{TICKETS}/1").json() == before


@pytest.mark.parametrize(
    "value", ['"soon"', '"2026-03-01T12:00:00"', "NaN"], ids=["no time", "no zone", "not a number"]
)
def test_a_wish_is_a_time(api: httpx.Client, value: str) -> None:
    text = json.dumps(FRESH)[:-1] + f', "requestedResolutionDate": {value}}}'
    answer = api.post(TICKETS, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "[" * 700 + "]" * 700])
def test_what_cannot_be_shown_again_is_not_kept(api: httpx.Client, value: str) -> None:
    text = json.dumps(FRESH)[:-1] + f', "attachment": [{{"size": {value}}}]}}'
    answer = api.post(TICKETS, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert api.get(TICKETS).json() == []


def test_lists(api: httpx.Client, runtime: Runtime) -> None:
    for minute, (node, severity) in enumerate([("a", "minor"), ("b", "critical"), ("c", "major"), ("d", "critical")]):
        runtime.now.now = START + timedelta(minutes=minute)  # type: ignore[attr-defined]
        fire(runtime, node, severity=severity)

    def listed(**query: str | int) -> tuple[str, list[str]]:
        answer = api.get(TICKETS, params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-result-count"] == str(len(answer.json()))
        return answer.headers["x-total-count"], [each["id"] for each in answer.json()]

    assert listed() == ("4", ["1", "2", "3", "4"])
    assert listed(limit=2, offset=1) == ("4", ["2", "3"])
    assert listed(limit=0) == ("4", [])
    assert listed(sort="-creationDate") == ("4", ["4", "3", "2", "1"])
    assert listed(sort="priority,-id") == ("4", ["4", "2", "3", "1"])
    assert listed(severity="critical") == ("2", ["2", "4"])
    assert listed(severity="critical,major") == ("3", ["2", "3", "4"])
    assert listed(**{"creationDate.gte": (START + timedelta(minutes=2)).isoformat()}) == ("2", ["3", "4"])
    assert listed(status="closed") == ("0", [])
    assert listed(**{"severity.ne": "critical,minor"}) == ("1", ["3"])
    assert listed(**{"resolutionDate.ne": "2026-03-01T12:00:00Z", "limit": "0"}) == ("4", [])
    assert listed(**{"creationDate.gt": "1970-01-01T00:00:00Z", "creationDate.lt": "9999-12-31T23:59:59Z"})[0] == "4"
    (body,) = api.get(TICKETS, params={"fields": "name,status", "limit": 1}).json()
    assert set(body) == {"id", "href", "@type", "name", "status"}
    assert set(api.get(f"{TICKETS}/1", params={"fields": "none"}).json()) == {"id", "href", "@type"}
    for fields in ("none,name", "None"):
        assert api.get(TICKETS, params={"fields": fields}).status_code == 400, fields
    for wrong in ({"color": "red"}, {"sort": "color"}, {"limit": "x"}, {"creationDate.gt": "soon"}, {"offset": -1}):
        assert api.get(TICKETS, params=wrong).status_code == 400, wrong


def test_tickets_are_found_by_what_other_systems_wrote_into_them(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    number = {"@type": "ExternalIdentifier", "id": "INC0010023", "owner": "ServiceNow"}
    thing = {"@type": "RelatedEntity", "role": "affected", "entity": {"@type": "EntityRef", "id": "edge-1"}}
    for extra in ({"externalIdentifier": [{"id": 7}, number]}, {"relatedEntity": [thing]}, {}):
        assert api.post(TICKETS, json=FRESH | extra).status_code == 201
    with actions.changing(runtime.desk, Hand("aigerim", 4)) as (draft, now):
        draft.record(now, ReferenceGiven("Edge Ltd", "SR-9"), "aigerim")

    def found(**asked: str) -> list[str]:
        return [each["id"] for each in api.get(TICKETS, params=asked).json()]

    assert found(**{"externalIdentifier.id": "INC0010023"}) == ["2"]
    assert found(**{"externalIdentifier.id": "SR-9"}) == ["4"]
    assert found(**{"externalIdentifier.id": "SR-9,INC0010023"}) == ["2", "4"]
    assert found(**{"externalIdentifier.id.ne": "INC0010023"}) == ["1", "3", "4"]
    assert found(**{"externalIdentifier.id": "INC"}) == []
    assert found(**{"relatedEntity.entity.id": "edge-1"}) == ["1", "3"]
    assert found(**{"relatedEntity.entity.id.ne": "edge-1"}) == ["2", "4"]
    key = api.get(f"{TICKETS}/1").json()["externalIdentifier"][0]["id"]
    assert found(**{"externalIdentifier.id": key}) == ["1"]
    assert [each["id"] for each in api.get(f"{TICKETS}?sort=+status,-id&limit=1").json()] == ["4"]


def test_listeners_come_and_go(api: httpx.Client) -> None:
    hub = api.post(
        f"{API}/hub", json={"callback": "http://127.0.0.1:9/x", "query": "eventType=TroubleTicketCreateEvent"}
    )
    where = hub.headers["location"]
    assert api.get(where).json()["callback"] == "http://127.0.0.1:9/x"
    assert api.delete(where).status_code == 204
    assert api.delete(where).status_code == 404
    assert api.get(where).status_code == 404
    for wrong in (
        "javascript:x",
        "http://[",
        "http://a:b/",
        "http://:80/",
        "http://[::1/x",
        "https://a:99999/",
        "http://a/#b",
    ):
        assert api.post(f"{API}/hub", json={"callback": wrong}).status_code == 400, wrong


def test_roles_bound_what_a_token_may_do(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    token = secrets.new_token()
    with runtime.database.write() as connection:
        access.add_token(connection, "eye", "viewer", secrets.digest(token), runtime.now())
    viewer = {"Authorization": f"Bearer {token}"}
    assert api.get(TICKETS, headers=viewer).status_code == 200
    assert api.patch(f"{TICKETS}/1", json={"status": "inProgress"}, headers=viewer).status_code == 403
    assert api.post("/webhook/alertmanager", json=notification(alert()), headers=viewer).status_code == 403


def test_the_published_document_describes_every_route(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    assert {TICKETS, f"{TICKETS}/{{number}}", f"{API}/hub", "/webhook/alertmanager", "/metrics"} <= set(paths)
    for path, methods in paths.items():
        for method, operation in methods.items():
            if path.startswith(API):
                assert {"400", "401", "403", "503"} <= set(operation["responses"]), (path, method)
                assert "422" not in operation["responses"]


def test_the_published_document_names_the_words_it_takes(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    fresh = document["components"]["schemas"]["TicketCreate"]["properties"]
    for severity in fresh["severity"]["enum"]:
        (priority, *_) = (each["enum"] for each in fresh["priority"]["anyOf"] if "enum" in each)
        for number in priority:
            assert api.post(TICKETS, json=FRESH | {"severity": severity, "priority": number}).status_code == 201
    body = document["paths"]["/webhook/alertmanager"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    Draft202012Validator(body).validate(notification(alert()))


def test_what_has_no_date_comes_last_on_both_databases(api: httpx.Client, runtime: Runtime) -> None:
    for title in ("first", "second", "third"):
        fresh = {
            "@type": "TroubleTicket",
            "name": title,
            "description": "-",
            "severity": "minor",
            "ticketType": "fault",
        }
        assert api.post(TICKETS, json=fresh).status_code == 201
    for number in ("2", "1"):
        runtime.now.pass_(minutes=1)  # type: ignore[attr-defined]
        for status in ("inProgress", "resolved"):
            moved = api.patch(f"{TICKETS}/{number}", json={"status": status, "statusChangeReason": "repaired"})
            assert moved.status_code == 200, moved.text
    for sort, order in (("resolutionDate", ["2", "1", "3"]), ("-resolutionDate", ["1", "2", "3"])):
        assert [each["id"] for each in api.get(f"{TICKETS}?sort={sort}").json()] == order, sort
