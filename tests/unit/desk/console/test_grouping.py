"""The ticket's page shows the cause and its effects, and engineers merge and split on it."""

import re
from datetime import timedelta

import httpx

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Plan
from service.prometheus import Sample
from tests.unit.desk.console_desk import Caller, Hall, csrf

API = {"Authorization": "Bearer token"}


def correlating(control_room: Hall) -> None:
    correlator = Correlator(Plan(by_default=True))
    roles = {"origin-1": "origin", "edge-1": "edge", "edge-2": "edge"}
    nodes = [Sample({"node": name, "site": "almaty", "role": role}, 1.0) for name, role in roles.items()]
    correlator.learn(lambda query: nodes if "up{" in query else [])
    control_room.machine.app.state.correlator = correlator


def broken(control_room: Hall) -> None:
    control_room.alarm(node="origin-1", alertname="NodeProcessMissing", layer="service", title="packager ended")
    for node in ("edge-1", "edge-2"):
        control_room.now += timedelta(seconds=1)
        labels = {"alertname": "StreamStale", "layer": "stream", "channel": "news", "node": node}
        control_room.alarm(**labels, title=f"news is stale on {node}", title_ru=f"news застыл на {node}")


def do(reader: Caller, page: httpx.Response, path: str, **fields: str) -> httpx.Response:
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version
    return reader.post(path, data={"csrf": csrf(page.text), "version": version[1]} | fields)


def test_effects_are_listed_with_their_times_and_why(control_room: Hall) -> None:
    correlating(control_room)
    broken(control_room)
    page = control_room.person().get("/ticket/1")
    section = page.text[page.text.index('id="grouping"') :]
    assert "news is stale on edge-2" in section
    assert "follows from NodeProcessMissing on origin-1, on which it depends." in section
    assert section.count(">01.03.2026 12:00:0") >= 2
    russian = control_room.person(language="ru").get("/ticket/1/effects")
    assert "news застыл на edge-1" in russian.text
    assert "следствие NodeProcessMissing" in russian.text


def test_an_effect_is_taken_out_on_the_page_of_effects(control_room: Hall) -> None:
    correlating(control_room)
    broken(control_room)
    engineer = control_room.person()
    page = engineer.get("/ticket/1/effects")
    key = re.search(r'name="problem" value="(\w+)"', page.text)
    assert key
    page = do(engineer, page, "/ticket/1/split", problem=key[1], text="its own encoder")
    assert "took ticket 2 out of ticket 1: its own encoder" in page.text
    assert engineer.get("/ticket/2").status_code == 200
    page = engineer.get("/ticket/1/effects")
    assert page.text.count("is stale on") == 1
    assert do(engineer, page, "/ticket/1/split", problem=key[1]).status_code == 400
    assert 'name="problem"' not in control_room.person("viewer").get("/ticket/1/effects").text
    assert engineer.get("/ticket/77/effects").status_code == 404
    assert engineer.get("/ticket/1/effects?page=0").status_code in (400, 422)


def test_a_ticket_is_put_under_its_cause_and_taken_out_on_its_page(control_room: Hall) -> None:
    control_room.alarm()
    control_room.alarm(node="edge-2", title="edge-2 is slow")
    engineer = control_room.person()
    page = engineer.get("/ticket/2")
    assert 'action="/ticket/2/merge"' in page.text
    page = do(engineer, page, "/ticket/2/merge", cause="1", text="one switch")
    assert "held (another ticket is the cause)" in page.text
    assert 'href="/ticket/1"' in page.text
    assert 'href="/ticket/2"' in engineer.get("/ticket/1").text
    queue = engineer.get("/").text
    assert queue.count("cause: ticket 1") == 1
    assert queue.index('<a href="/ticket/2"') < queue.index("cause: ticket 1")
    page = do(engineer, page, "/ticket/2/merge", cause="1")
    assert (page.status_code, "already grouped under ticket 1" in page.text) == (400, True)
    page = do(engineer, page, "/ticket/2/take-out", text="two switches")
    assert "two switches" in page.text
    assert 'action="/ticket/2/merge"' in page.text
    assert control_room.person("viewer").get("/ticket/2").text.count("/ticket/2/merge") == 0


def test_the_api_tells_merges_and_splits(control_room: Hall) -> None:
    correlating(control_room)
    broken(control_room)
    control_room.alarm(node="edge-9")
    machine = control_room.machine
    found = machine.get("/api/v1/tickets/1/grouping").json()
    assert (found["total"], found["kinds"][0]["alertname"], found["cause"]) == (2, "StreamStale", None)
    answer = machine.post("/api/v1/tickets/2/merge", json={"cause": 1, "reason": "one rack"})
    assert (answer.status_code, answer.json()["cause"]["ticket"]) == (200, 1)
    assert machine.post("/api/v1/tickets/2/merge", json={"cause": 1}).status_code == 400
    answer = machine.post("/api/v1/tickets/2/split", json={})
    assert (answer.status_code, answer.json()["cause"]) == (200, None)
    problem = found["alarms"][0]["problem"]
    answer = machine.post("/api/v1/tickets/1/split", json={"problem": problem})
    assert (answer.status_code, answer.json()["ticket"]) == (200, 3)
    assert machine.post("/api/v1/tickets/1/split", json={"problem": problem, "version": 1}).status_code == 409
    assert machine.post("/api/v1/tickets/77/merge", json={"cause": 1}).status_code == 404
    assert machine.get("/api/v1/tickets/77/grouping").status_code == 404
