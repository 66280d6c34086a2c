"""Exported free months over the API for the agent, and what the console shows of their credits."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from alerts.desk.appeals import compensations, timers
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.unit.desk.console.test_free_month_exports import program
from tests.unit.desk.console_desk import Hall, hall

API = "/billing/free-months"
ASKED = f"{API}?service=ott"


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as found:
        found.machine.app.state.appeals = rules()
        yield found


@pytest.fixture
def bureau(control_room: Hall) -> Bureau:
    found = Bureau(control_room.runtime.database, control_room.machine.app.state.appeals, control_room.now)
    for place in range(4):
        found.registered(number=f"8701234567{place}", name="Saule A.")
    found.pass_(hours=25)
    timers.run_due(found.database, found.rules, found.now)
    compensations.move(found.database, found.rules, [1, 2, 3, 4], "approved", "Dana", found.now)
    found.export()
    found.pass_(minutes=5)
    control_room.now = found.now
    return found


def body(of: Hall, **states: str) -> dict[str, Any]:
    found = [{"id": int(name[1:]), "state": state} for name, state in states.items()]
    return {"service": "ott", "upTo": of.now.isoformat(), "freeMonths": found}


def test_the_agent_reads_numbers_and_tells_states(control_room: Hall, bureau: Bureau) -> None:
    machine = program(control_room, "machine")
    answer = machine.get(ASKED)
    assert answer.headers["cache-control"] == "no-store"
    since = (bureau.now - timedelta(minutes=5)).astimezone().isoformat()
    page = answer.json()
    assert page["next"] is None
    assert page["freeMonths"][0].keys() == {"id", "reference", "since"}
    assert [(each["id"], each["reference"]) for each in page["freeMonths"]] == [
        (number, f"free-month-{number}") for number in range(1, 5)
    ]
    assert {each["since"][:19] for each in page["freeMonths"]} <= {since[:19], page["freeMonths"][0]["since"][:19]}
    assert "7012345" not in answer.text
    assert "Saule" not in answer.text
    told = machine.post(API, json=body(control_room, m1="credited", m2="waiting"))
    assert (told.status_code, told.json()) == (200, {"credited": 1})
    assert machine.post(API, json=body(control_room, m1="credited", m2="waiting")).json() == {"credited": 0}
    assert machine.get(f"{ASKED}&after=3").json()["freeMonths"][0]["id"] == 4
    assert machine.get(f"{API}?service=iptv").json() == {"freeMonths": [], "next": None}


@pytest.mark.usefixtures("bureau")
def test_what_cannot_be_understood_is_refused_and_changes_nothing(control_room: Hall) -> None:
    machine = program(control_room, "machine")
    right = body(control_room, m1="credited")
    early = {"upTo": (control_room.now + timedelta(minutes=6)).isoformat()}
    for wrong, said in (
        (right | {"freeMonths": [{"id": 1, "state": "perhaps"}]}, "state"),
        (right | {"freeMonths": [{"id": "1", "state": "credited"}]}, "id"),
        (right | {"freeMonths": [{"id": 1, "state": "credited"}] * 501}, "freeMonths"),
        (right | {"upTo": "2026-03-02T10:00:00"}, "upTo"),
        (right | {"account": "17"}, "account"),
        (right | early, "upTo lies in the future"),
    ):
        answer = machine.post(API, json=wrong)
        assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert machine.get(API).status_code == 400
    with control_room.runtime.database.read() as connection:
        assert {each.state for each in compensations.listing(connection)} == {"exported"}


@pytest.mark.usefixtures("bureau")
def test_only_machines_read_and_tell(control_room: Hall) -> None:
    for role in ("viewer", "engineer", "cabinet", "billing"):
        other = program(control_room, role)
        assert other.get(ASKED).status_code == 403, role
        assert other.post(API, json=body(control_room, m1="credited")).status_code == 403, role
    administrator = control_room.person("administrator")
    assert administrator.post(API, json=body(control_room, m1="credited")).status_code in (401, 403)


def test_a_desk_without_appeals_has_no_free_months(tmp_path: Path) -> None:
    with hall(tmp_path) as found:
        assert found.machine.get(ASKED).status_code == 404


def test_the_console_says_what_was_found(control_room: Hall, bureau: Bureau) -> None:
    machine = program(control_room, "machine")
    machine.post(API, json=body(control_room, m1="credited", m2="waiting", m3="twice", m4="wrong"))
    administrator = control_room.person("administrator")
    page = unescape(administrator.get("/appeals/free-months").text)
    for words in ("credit seen in billing", "no credit in billing: exported", "credited twice", "is not one fee"):
        assert page.count(words) == 1, words
    first = bureau.free_months()[0][0]
    own = unescape(administrator.get(f"/appeals/{first}").text)
    assert "free month: credited" in own
    assert "billing watch" in own
    shown = unescape(administrator.get(f"/appeals/statistics?month={bureau.now:%Y-%m}").text)
    assert "Credits seen in billing" in shown
    metrics = machine.get("/metrics").text
    for state, number in {"waiting": 1, "unseen": 0, "credited": 1, "twice": 1, "wrong": 1}.items():
        assert f'ott_desk_free_month_credits{{service="ott",state="{state}"}} {number}.0' in metrics
