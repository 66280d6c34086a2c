"""Batches of free months over the API and on the console: who may take them, and that nobody else sees a number."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.appeals import compensations, timers
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.unit.desk.console_desk import Caller, Hall, csrf, hall

API = "/api/v1/appeals/free-months/exports"
PAGE = "/appeals/free-months/exports"


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as found:
        found.machine.app.state.appeals = rules()
        yield found


@pytest.fixture
def bureau(control_room: Hall) -> Bureau:
    found = Bureau(control_room.runtime.database, control_room.machine.app.state.appeals, control_room.now)
    for place in range(2):
        found.registered(number=f"8701234567{place}", crm_ref="=1+1" if place else "SR-1")
    found.pass_(hours=25)
    control_room.now = found.now
    timers.run_due(found.database, found.rules, found.now)
    compensations.move(found.database, found.rules, [1, 2], "approved", "Dana", found.now)
    return found


def program(control_room: Hall, role: str) -> Caller:
    token = tokens.create(control_room.runtime.database, By("test"), role, role, control_room.now)
    return Caller(control_room.machine.app, {"Authorization": f"Bearer {token}"})


def test_billing_makes_reads_and_confirms_a_batch_over_the_api(control_room: Hall, bureau: Bureau) -> None:
    billing = program(control_room, "billing")
    made = billing.post(API)
    assert (made.status_code, made.headers["location"]) == (201, f"{API}/1")
    assert (made.json()["state"], made.json()["months"], made.json()["createdBy"]) == ("unconfirmed", 2, "billing")
    month = {
        "id": 1,
        "appeal": 1,
        "service": "ott",
        "region": "Astana",
        "periodFrom": "2026-03-01",
        "periodTo": "2026-04-01",
        "number": "77012345670",
        "crmRef": "SR-1",
        "cabinetRef": "",
        "problem": "",
        "reference": "free-month-1",
    }
    assert made.json()["items"][0] == month
    again = billing.post(API)
    assert (again.status_code, again.json()) == (200, made.json())
    assert billing.get(f"{API}/1").json() == made.json()
    file = billing.get(f"{API}/1/csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert file.text.split("\r\n") == [
        "id,appeal,service,region,periodFrom,periodTo,number,crmRef,cabinetRef,problem,reference",
        "1,1,ott,Astana,2026-03-01,2026-04-01,77012345670,SR-1,,,free-month-1",
        "2,2,ott,Astana,2026-03-01,2026-04-01,77012345671,'=1+1,,,free-month-2",
        "",
    ]
    for _ in range(2):
        done = billing.post(f"{API}/1/confirm")
        assert (done.status_code, done.json()["state"], done.json()["confirmedBy"]) == (200, "confirmed", "billing")
    assert {state for _, state in bureau.free_months()} == {"exported"}
    assert billing.post(API).status_code == 204
    assert [each["id"] for each in billing.get(API).json()] == [1]
    for path in (f"{API}/9", f"{API}/9/csv"):
        assert billing.get(path).status_code == 404
    assert billing.post(f"{API}/9/confirm").status_code == 404


@pytest.mark.usefixtures("bureau")
def test_only_billing_and_administrators_see_batches(control_room: Hall) -> None:
    program(control_room, "billing").post(API)
    machine = program(control_room, "machine")
    for path in (API, f"{API}/1", f"{API}/1/csv"):
        assert machine.get(path).status_code == 403
    assert machine.post(API).status_code == 403
    assert machine.post(f"{API}/1/confirm").status_code == 403
    for role in ("viewer", "engineer", "operator160", "branch", "chief", "supplier"):
        person = control_room.person(role)
        for path in (PAGE, f"{PAGE}/1/csv"):
            assert person.get(path).status_code == 403, role
    billing = control_room.person("billing")
    for path in ("/appeals", "/appeals/1", "/appeals/free-months", "/overview", "/ticket/1", "/api/v1/appeals"):
        assert billing.get(path).status_code in (401, 403), path
    assert billing.get("/", follow=False).headers["location"] == PAGE


@pytest.mark.usefixtures("bureau")
def test_a_batch_on_the_console(control_room: Hall) -> None:
    person = control_room.person("billing")
    page = person.get("/").text
    assert "Make a batch of 2 months" in page
    assert person.post(PAGE, data={"csrf": "forged"}).status_code == 403
    page = unescape(person.post(PAGE, data={"csrf": csrf(page)}).text)
    assert "Batch 1 is not confirmed." in page
    assert "has no customer's number" not in page
    assert "77012345671" in person.get(f"{PAGE}/1/csv").text
    assert person.get(f"{PAGE}/9/csv").status_code == 404
    control_room.machine.app.state.appeals = rules(("b" * 32,))
    assert "2 months have no customer's number" in unescape(person.get(PAGE).text)
    page = person.post(f"{PAGE}/1/confirm", data={"csrf": csrf(page)}).text
    assert "No granted free month waits for billing." in page
    assert person.post(f"{PAGE}/9/confirm", data={"csrf": csrf(control_room.person("billing").get(PAGE).text)}).is_error
    assert "Batches for billing" in control_room.person("administrator").get("/appeals/free-months").text
