"""Service problems by TMF656 v5, their bodies and events held against TM Forum's own OpenAPI document."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from alerts.desk.alarms import regroup
from alerts.desk.core.tables import ticket
from alerts.desk.notify import listeners, routing
from alerts.desk.notify import outbox as stored
from alerts.desk.tickets import actions
from alerts.desk.tickets.actions import Hand
from alerts.desk.tickets.events import Event, StatusChanged
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import Status
from tests.contract.desk.alarms.test_ingest import send
from tests.contract.desk.api.test_tmf621 import TICKETS, api, conforms, discriminated, fire, runtime
from tests.contract.desk.payloads import START, alert, notification

__all__ = ["api", "conforms", "runtime"]

BASE = "/tmf-api/serviceProblemManagement/v5"
_NAMES = ("serviceProblem", "problemGroup", "problemUngroup", "problemAcknowledgement")
PROBLEMS, GROUPS, UNGROUPS, TAKEN = (f"{BASE}/{name}" for name in _NAMES)
IMPACT = {
    "since": "2026-03-01T07:00:00+00:00",
    "until": "2026-03-01T07:05:00+00:00",
    "viewers": {
        "before": 40.0,
        "served": 10.0,
        "elsewhere": 0.0,
        "without": 30.0,
        "at_most": 30.0,
        "minutes": 60.0,
        "minutes_at_most": 60.0,
    },
}


@pytest.fixture(scope="session")
def document(shared: Path) -> dict[str, Any]:
    file = shared / "reference" / "tmf656" / "TMF656-ServiceProblem-v5.0.0.oas.yaml"
    parsed: dict[str, Any] = discriminated(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader))
    return parsed


def under(runtime: Runtime, number: int, cause: int) -> None:
    regroup.merge(runtime.desk, Hand("Aigerim", number), cause, "same rack")


def test_every_problem_conforms_and_names_its_cause(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1", site="almaty", layer="node")
    send(
        runtime.database,
        notification(alert("edge-2", site="almaty", channel="news", layer="stream", severity="major")),
        runtime.now(),
        runtime.policy,
    )
    under(runtime, 2, 1)
    with runtime.database.write() as connection:
        connection.execute(ticket.update().where(ticket.c.id == 1).values(impact=IMPACT))
    listed = api.get(PROBLEMS)
    assert (listed.headers["x-total-count"], len(listed.json())) == ("2", 2)
    for body in listed.json():
        conforms(body, "ServiceProblem")
    cause, effect = listed.json()
    assert api.get(cause["href"]).json() == cause
    assert (cause["priority"], cause["category"], cause["originatingSystem"]) == (1, "system.originated", "ottwatch")
    assert [each["id"] for each in cause["rootCauseResource"]] == ["edge-1"]
    assert "parentProblem" not in cause
    assert (cause["impactImportanceFactor"], cause["troubleTicket"][0]["href"]) == ("75", f"{TICKETS}/1")
    figures = {each["name"]: each["value"] for each in cause["impactPattern"]["characteristic"]}
    assert figures["viewers.without"] == 30.0
    assert [each["id"] for each in effect["parentProblem"]] == ["1"]
    assert effect["underlyingProblem"] == effect["parentProblem"]
    assert [each["id"] for each in effect["rootCauseResource"]] == ["edge-1"]
    assert "same rack" in effect["reason"]
    assert (effect["affectedService"][0]["id"], effect["affectedNumberOfServices"]) == ("news", 1)
    assert effect["affectedLocation"][0]["place"]["id"] == "almaty"
    assert "impactPattern" not in effect
    assert len(effect["underlyingAlarm"]) == 1
    assert effect["firstAlert"]["entity"]["id"] == effect["underlyingAlarm"][0]["id"]


def test_groups_and_what_came_out_of_them(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1", "edge-2", "edge-3")
    under(runtime, 2, 1)
    under(runtime, 3, 1)
    (group,) = api.get(GROUPS).json()
    conforms(group, "ProblemGroup")
    assert (group["parentProblem"]["id"], [each["id"] for each in group["childProblem"]]) == ("1", ["2", "3"])
    assert api.get(group["href"]).json() == group
    assert api.get(UNGROUPS).json() == []
    regroup.take_out(runtime.desk, Hand("Aigerim", 2), "its own fault")
    (out,) = api.get(UNGROUPS).json()
    conforms(out, "ProblemUngroup")
    assert (out["parentProblem"]["id"], [each["id"] for each in out["childProblem"]]) == ("1", ["2"])
    assert [each["id"] for each in api.get(GROUPS).json()[0]["childProblem"]] == ["3"]
    assert api.get(UNGROUPS, params={"offset": 1}).json() == []
    for path in (f"{GROUPS}/9", f"{UNGROUPS}/1", f"{PROBLEMS}/99", f"{PROBLEMS}/x"):
        answer = api.get(path)
        assert answer.status_code == 404
        conforms(answer.json(), "Error")


def test_a_problem_that_somebody_took_is_acknowledged(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1", "edge-2")
    assert api.get(TAKEN).json() == []
    actions.take(runtime.desk, Hand("Aigerim", 2))
    (found,) = api.get(TAKEN).json()
    conforms(found, "ProblemAcknowledgement")
    assert (found["ackProblem"][0]["id"], found["trackingRecord"]["user"]) == ("2", "Aigerim")
    assert api.get(found["href"]).json() == found
    assert api.get(f"{TAKEN}/1").status_code == 404


def test_events_reach_their_own_listeners_and_conform(api: httpx.Client, runtime: Runtime, conforms: Any) -> None:
    fire(runtime, "edge-1", "edge-2")
    hub = api.post(f"{BASE}/hub", json={"@type": "Hub", "callback": "http://127.0.0.1:9/"})
    assert hub.status_code == 201
    conforms(hub.json(), "Hub")
    assert api.get(hub.json()["href"]).json() == hub.json()
    assert api.get(f"/tmf-api/troubleTicket/v5/hub/{hub.json()['id']}").status_code == 404
    tickets = api.post("/tmf-api/troubleTicket/v5/hub", json={"callback": "http://127.0.0.1:9/"}).json()
    fire(runtime, "edge-3")
    under(runtime, 2, 1)
    regroup.take_out(runtime.desk, Hand("Aigerim", 2), "")
    actions.take(runtime.desk, Hand("A", 3))
    actions.move(runtime.desk, Hand("A", 2), Status.PENDING, "a question")
    with runtime.database.write() as connection:
        rows = stored.claim(connection, f"hub:{hub.json()['id']}", runtime.now(), 100)
        others = stored.claim(connection, f"hub:{tickets['id']}", runtime.now(), 100)
    kinds = {row.kind for row in rows}
    assert kinds == set(routing.PROBLEM_EVENT_TYPES)
    assert {row.kind for row in others} <= set(routing.EVENT_TYPES)
    for row in rows:
        conforms(listeners.hub_event(runtime, row), row.kind)
    assert api.delete(hub.json()["href"]).status_code == 204
    assert api.delete(hub.json()["href"]).status_code == 404


def test_a_group_is_no_event_of_a_ticket_that_merely_waits() -> None:
    held = StatusChanged(Status.IN_PROGRESS, Status.HELD, "spares")
    assert routing.problem_events([]) == []
    assert routing.problem_events([Event(START, "A", held)]) == [routing.PROBLEM_STATE_CHANGED]


def test_what_problems_do_not_have_is_refused(api: httpx.Client, conforms: Any) -> None:
    wrong = {"color": "red", "severity": "critical", "sort": "severity", "fields": "ticketType", "priority": "P1"}
    for name, value in wrong.items():
        answer = api.get(PROBLEMS, params={name: value})
        assert answer.status_code == 400, name
        conforms(answer.json(), "Error")


def test_filters_fields_and_that_nothing_can_be_written(api: httpx.Client, runtime: Runtime) -> None:
    fire(runtime, "edge-1")
    fire(runtime, "edge-2", severity="minor")

    def listed(**query: str) -> list[str]:
        return [each["id"] for each in api.get(PROBLEMS, params=query).json()]

    assert listed(priority="1") == ["1"]
    assert listed(**{"priority.ne": "1"}) == ["2"]
    assert listed(status="acknowledged", sort="-id") == ["2", "1"]
    assert listed(status="closed") == []
    (body,) = api.get(PROBLEMS, params={"fields": "name", "limit": "1"}).json()
    assert set(body) == {"id", "href", "@type", "name"}
    assert api.post(PROBLEMS, json={}).status_code == 405
    assert api.patch(f"{PROBLEMS}/1", json={}).status_code == 405
    paths = api.get("/openapi.json").json()["paths"]
    for path in (PROBLEMS, GROUPS, UNGROUPS, TAKEN):
        assert {"400", "401", "403", "503"} <= set(paths[path]["get"]["responses"])
    wrong = api.post(f"{BASE}/hub", json={"callback": "http://a/", "query": "eventType=TroubleTicketCreateEvent"})
    assert wrong.status_code == 400
