"""Statistics of appeals on the console and over the API: each number leads to as many appeals."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from alerts.desk.appeals import actions, timers
from alerts.desk.appeals.states import Entry
from alerts.desk.appeals.statistics import DIMENSIONS
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.unit.desk.console_desk import Caller, Hall, hall

PAGE = "/appeals/statistics"
API = "/api/v1/appeals/statistics"


@pytest.fixture
def control_room(tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path) as found:
        known = rules()
        known.settings.units["Dana"] = "Almaty"
        found.machine.app.state.appeals = known
        bureau = Bureau(found.runtime.database, known, found.now)
        numbers = [bureau.registered(number=f"8701234567{place}") for place in range(4)]
        bureau.registered(number="87012345680", region="Almaty", code="02")
        bureau.registered(number="87012345681", entry=Entry.CABINET, broadband="unknown", region="")
        actions.answer(bureau.hand(numbers[0]), "It works again")
        bureau.pass_(hours=2)
        actions.called(bureau.hand(numbers[0]), reached=True)
        actions.find_fault(bureau.hand(numbers[1]), "supplier", "")
        bureau.pass_(hours=23)
        timers.run_due(bureau.database, bureau.rules, bureau.now)
        found.now = bureau.now
        yield found


def links(caller: Caller, path: str) -> list[tuple[str, int]]:
    page = caller.get(path).text
    return [
        (unescape(link), int(number))
        for link, number in re.findall(rf'<a href="({PAGE}/appeals[^"]+)">(\d+)</a>', page)
    ]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_each_number_leads_to_as_many_appeals(control_room: Hall, dimension: str) -> None:
    chief = control_room.person("chief")
    found = links(chief, f"{PAGE}?month=2026-03&by={dimension}")
    assert len(found) > 10
    for link, number in found:
        page = chief.get(link)
        assert (page.status_code, page.text.count("data-row>")) == (200, number), link


def test_the_page_has_shares_and_times(control_room: Hall) -> None:
    page = control_room.person("chief").get(PAGE).text
    for shown in ("17 %", "2 h 0 min", "Statistics of appeals", "personal cabinet", 'value="2026-03"', "02.2026"):
        assert shown in page, shown
    assert "Статистика обращений" in control_room.person("chief", "ru").get(PAGE).text
    empty = control_room.person("chief").get(f"{PAGE}?month=2025-01")
    assert (empty.status_code, "–" in empty.text) == (200, True)


def test_a_branch_counts_its_own_and_others_nothing(control_room: Hall) -> None:
    dana = control_room.person("branch", name="Dana")
    assert dict(links(dana, PAGE))[f"{PAGE}/appeals?month=2026-03&figure=registered"] == 1
    assert (
        dana.get(f"{PAGE}/appeals?month=2026-03&figure=registered&by=region&value=Astana").text.count("data-row") == 0
    )
    for role in ("viewer", "engineer", "supplier", "billing"):
        person = control_room.person(role)
        for path in (PAGE, f"{PAGE}/appeals?month=2026-03&figure=late", f"{API}?month=2026-03"):
            assert person.get(path).status_code == 403, (role, path)


def test_what_is_not_known_is_refused(control_room: Hall) -> None:
    chief = control_room.person("chief")
    for path in ("?by=name", "?month=2026-13", "/appeals?month=2026-03&figure=x", "/appeals?month=x&figure=late"):
        assert chief.get(PAGE + path).status_code == 404, path
    for query, sentence in (
        ("month=2026-13", 'month: "2026-13" is no month'),
        ("month=2026-03&by=name", 'by: "name" is none of entry, code'),
        ("month=2026-03&colour=red", 'unknown parameter "colour"'),
    ):
        refused = chief.get(f"{API}?{query}")
        assert (refused.status_code, sentence in refused.json()["message"]) == (400, True), refused.text


def test_the_api_has_the_same_numbers(control_room: Hall) -> None:
    chief = control_room.person("chief")
    body = chief.get(f"{API}?month=2026-03&by=region").json()
    assert (body["month"], body["by"]) == ("2026-03", "region")
    assert [(each["value"], each["registered"]) for each in body["groups"]] == [("Astana", 4), ("", 1), ("Almaty", 1)]
    total = body["total"]
    assert (total["registered"], total["closed"], total["late"], total["missedAnswer"]) == (6, 1, 5, 5)
    assert (total["shareInTime"], total["fastest80Seconds"], total["freeMonths"]) == (1 / 6, 7200, 5)
    assert total["appeals"]["inTime"] == [1]
    for group in (total, *body["groups"]):
        assert all(len(numbers) == group[name] for name, numbers in group["appeals"].items())
    assert chief.get(f"{API}?month=2025-01").json()["groups"] == []
