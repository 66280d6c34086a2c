"""Whatever a request names that the desk does not know is refused, with its name and the known ones."""

from typing import Any

import httpx
import pytest

from alerts.desk.core.database import Database
from alerts.desk.tickets.runtime import Runtime
from tests.contract.desk.api.test_tmf621 import API, FRESH, TICKETS, api, fire, runtime
from tests.contract.desk.works.test_planned import WORKS

__all__ = ["api", "runtime"]

PLAN: dict[str, Any] = {
    "title": "x",
    "scope": {"sites": ["a"]},
    "starts": "2026-03-01T12:00:00",
    "ends": "2026-03-01T14:00:00",
}
HUB = {"callback": "http://127.0.0.1:9/x"}


@pytest.fixture(params=["sqlite"])
def database(database: Database) -> Database:
    """What a request may say has nothing to do with the database: one is enough."""
    return database


def refused(answer: httpx.Response, *words: str) -> None:
    assert answer.status_code == 400, answer.text
    for word in words:
        assert word in answer.json()["message"], (word, answer.json()["message"])


def test_unknown_attributes(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    before = api.get(f"{TICKETS}/1").json()
    patched = api.patch(f"{TICKETS}/1", json={"prioritty": "P1", "status": "inProgress"})
    refused(patched, 'unknown attribute "prioritty" (did you mean "priority"?)', "known: status, statusChangeReason")
    refused(api.patch(f"{TICKETS}/1", json={"assignee": "A", "colour": "red"}), '"assignee"', '"colour"')
    refused(api.patch(f"{TICKETS}/1", json={"note": [{"text": "a", "txt": "b"}]}), "body.note.0", '"txt"', '"text"')
    assert api.get(f"{TICKETS}/1").json() == before
    refused(api.post(TICKETS, json=FRESH | {"urgency": "high"}), '"urgency"')
    refused(api.post(TICKETS, json=FRESH | {"creationDate": "2026-01-01T00:00:00Z"}), '"creationDate" is set by')
    refused(api.post(f"{API}/hub", json=HUB | {"filter": "x"}), '"filter"', "known: callback, query")
    refused(api.post(WORKS, json=PLAN | {"aprover": "B"}), '"aprover" (did you mean "approver"?)')
    refused(
        api.post(WORKS, json=PLAN | {"scope": {"nodes": ["a"]}}), "body.scope", '"nodes"', "elements, sites, channels"
    )
    refused(api.post(WORKS, json=PLAN | {"uid": "x"}), '"uid"')
    assert api.get(WORKS).json() == []


def test_what_only_the_desk_sets_comes_back_as_it_was_read_or_not_at_all(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1", "edge-2")
    read = api.get(f"{TICKETS}/1").json()
    api.patch(f"{TICKETS}/1", json={"note": [{"text": "meanwhile"}]})
    assert api.patch(f"{TICKETS}/1", json=read).status_code == 200, "although lastUpdate has changed since"
    assert api.patch(f"{TICKETS}/1", json={"creationDate": "2026-03-01T17:00:10+05:00"}).status_code == 200
    for name, value in (
        ("id", "2"),
        ("href", f"{TICKETS}/2"),
        ("creationDate", "2026-01-01T00:00:00Z"),
        ("expectedResolutionDate", "2027-01-01T00:00:00Z"),
        ("resolutionDate", "2026-01-01T00:00:00Z"),
    ):
        refused(api.patch(f"{TICKETS}/1", json={name: value}), f"{name} is set by the desk")
    refused(api.patch(f"{TICKETS}/1", json={"@type": "Alarm"}), '@type "Alarm"')


def test_a_reason_without_a_change(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    before = api.get(f"{TICKETS}/1").json()
    for change in ({}, {"status": before["status"]}, {"priority": before["priority"]}, {"name": "another"}):
        refused(api.patch(f"{TICKETS}/1", json=change | {"statusChangeReason": "waits for a part"}), "write a note")
    assert api.get(f"{TICKETS}/1").json() == before
    waits = {"status": "inProgress"}, {"status": "pending", "statusChangeReason": "waits for a part"}
    for change in waits:
        assert api.patch(f"{TICKETS}/1", json=change).status_code == 200
    assert api.patch(f"{TICKETS}/1", json=waits[1]).status_code == 200, "it may be sent again as it is"


def test_unknown_parameters(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    refused(api.get(f"{TICKETS}/1", params={"expand": "x"}), 'unknown parameter "expand"', "known: fields")
    for where in (TICKETS, f"{TICKETS}/1"):
        refused(api.get(where, params={"fields": "name,state"}), 'unknown attribute "state"', "known: status")
    refused(api.get(TICKETS, params={"state": "closed"}), '"state"', "known: id, status")
    refused(api.get(TICKETS, params={"status": "done"}), 'status: no ticket is ever "done"', "inProgress")
    refused(api.get(TICKETS, params={"severity": "red"}), '"red"', "critical")
    refused(api.get(TICKETS, params={"id": "x"}), '"x" is not the number of a ticket')
    refused(api.get(f"{TICKETS}?limit=1&limit=2"), '"limit" is given twice')
    refused(api.get(f"{TICKETS}/1?fields=name&fields=id"), '"fields" is given twice')
    refused(api.patch(f"{TICKETS}/1", params={"dryRun": "1"}, json={"name": "x"}), '"dryRun"')
    refused(api.post(TICKETS, params={"x": "1"}, json=FRESH), '"x"')
    refused(api.post(f"{API}/hub", params={"query": "eventType=x"}, json=HUB), '"query"')
    refused(api.get(WORKS, params={"site": "a"}), '"site"')
    assert [each["id"] for each in api.get(f"{TICKETS}?status=closed&status=acknowledged").json()] == ["1"]


def test_filters_of_listeners(api: httpx.Client) -> None:
    for query, words in (
        ("severity=critical", ['unknown filter in query "severity"', "known: eventType"]),
        ("eventType=TroubleTicketCreateEvent&status=closed", ['"status"']),
        ("eventtype=TroubleTicketCreateEvent", ['"eventtype" (did you mean "eventType"?)']),
        ("eventType=troubleTicketCreatedEvent", ['(did you mean "TroubleTicketCreateEvent"?)']),
        ("eventType=TroubleTicketDeleteEvent", ["known: TroubleTicketCreateEvent"]),
        ("eventType=", ['unknown eventType ""']),
        ("$.event.troubleTicket[?(@.severity=='critical')]", ["unknown filter in query"]),
    ):
        refused(api.post(f"{API}/hub", json=HUB | {"query": query}), "body.query: ", *words)
    for query in (
        "",
        "eventType=TroubleTicketCreateEvent,TroubleTicketResolvedEvent",
        "?eventType=TroubleTicketResolvedEvent",
    ):
        assert api.post(f"{API}/hub", json=HUB | {"query": query}).status_code == 201


def test_works_come_back_as_they_were_read(api: httpx.Client) -> None:
    created = api.post(WORKS, json=PLAN).json()
    read = api.get(created["href"]).json()
    assert api.put(created["href"], json=read | {"approver": "B"}).json()["approver"] == "B"
    refused(
        api.put(created["href"], json=read | {"timeZone": "Mars"}),
        'timeZone: "Mars" is not a time zone of the tz database',
    )
    refused(
        api.put(created["href"], json=read | {"time_zone": "Asia/Almaty"}), '"time_zone" (did you mean "timeZone"?)'
    )
    refused(api.put(created["href"], json=read | {"aprover": "C"}), '"aprover"')


def test_no_address_of_the_api_overlooks_a_parameter(api: httpx.Client) -> None:
    paths = {where: each for where, each in api.get("/openapi.json").json()["paths"].items() if "api/" in where}
    assert len(paths) > 10
    for where, methods in paths.items():
        for method, told in methods.items():
            kinds = list(told.get("requestBody", {}).get("content", {"application/json": {}}))
            answer = api.request(
                method, where.replace("{number}", "1"), params={"nonsense": "1"}, content=b"{}",
                headers={"Content-Type": kinds[0]},
            )  # fmt: skip
            refused(answer, '"nonsense"', "known: ")


def test_no_address_of_the_api_overlooks_an_attribute(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    asked = 0
    for where, methods in api.get("/openapi.json").json()["paths"].items():
        for method, told in methods.items():
            kinds = told.get("requestBody", {}).get("content", {})
            if "api/" not in where or "application/json" not in kinds:
                continue
            answer = api.request(method, where.replace("{number}", "1"), json={"nonsense": 1})
            refused(answer, 'unknown attribute "nonsense"', "known: ")
            asked += 1
    assert asked >= 7
