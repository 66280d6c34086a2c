"""The page of the busy hour: what it makes of ott-busyhour's answers, and of none."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.desk.console.busy_hour.client import Planner, Series, choose
from alerts.desk.console.busy_hour.routes import level
from alerts.desk.core.settings import Url, read_settings
from service.settings import SettingsError
from tests.unit.desk.console_desk import Hall, hall

SERIES = {
    "zone": "Asia/Almaty",
    "day_begins": "00:00",
    "series": [
        {"scope": scope, "quantity": quantity, "from": "2026-01-01", "to": "2026-02-28", "days": 59}
        for scope, quantity in (
            ("platform", "egress_bits_per_second"),
            ("platform", "subscribers_online"),
            ("site:almaty", "sessions"),
        )
    ],
    "left_off": 0,
}


def day(number: int, value: float | None, **other: Any) -> dict[str, Any]:
    start = f"2026-02-{number:02d}T21:15+05:00" if value is not None else None
    return {
        "date": f"2026-02-{number:02d}", "value": value, "start": start, "coverage": 1.0, "flags": [],
        "counted": value is not None, "exceptional": None,
    } | other  # fmt: skip


DAYS = {
    "scope": "platform", "quantity": "subscribers_online", "from": "2026-02-25", "to": "2026-02-27",
    "zone": "Asia/Almaty", "day_begins": "00:00", "min_coverage": 0.9, "days_counted": 2, "adpqh": 1500.0,
    "peak": {"date": "2026-02-27", "start": "2026-02-27T21:15+05:00", "value": 1900.0},
    "capacity": {"total": 4000.0, "surviving": 2000.0, "lost_node": "node:edge-1", "redundant": True},
    "thresholds": [{"share": 0.7, "value": 1400.0}],
    "days": [
        day(25, 1100.0),
        day(26, None, flags=["incomplete", "no_busy_hour"], coverage=0.25),
        day(27, 1900.0, exceptional={"status": "confirmed", "z": 5.0, "reason": "=final"}, flags=["exceptional"]),
    ],
}  # fmt: skip
FORECAST = {
    "scope": "platform", "quantity": "subscribers_online", "to": "2026-02-27",
    "words": {"en": "70 % of surviving capacity in May 2026.", "ru": "70 % ёмкости с резервом N−1 в мае 2026."},
    "capacity_words": {"en": "Capacity 4000.", "ru": "Ёмкость 4000."},
    "scenario": None,
    "trend": {
        "basis": "day", "method": "trend", "growth_per_month": 0.02, "horizon": "2026-05-27",
        "back_test": {"mape": 2.0, "baseline": "last_week", "baseline_mape": 3.0, "methods": []},
        "pattern": {"steps": [], "changes_of_growth": [], "season": None, "days_left_out": [], "gaps": [], "words": {}},
        "history": [{"date": "2026-02-25", "value": 1100.0}, {"date": "2026-02-27", "value": 1200.0}],
        "points": [{"date": "2026-03-06", "value": 1250.0, "low": 1200.0, "high": 1300.0}],
        "exhaustion": [
            {"threshold": share, "level": 2000.0 * share, "answer": "date" if share < 0.8 else "beyond",
             "likely": "2026-05-04" if share < 0.8 else None, "earliest": "2026-04-01", "latest": None, "words": {}}
            for share in (0.6, 0.7, 0.85)
        ],
    },
}  # fmt: skip


class Service:
    """ott-busyhour as far as the desk sees it."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {"series": SERIES, "days": DAYS, "forecast": FORECAST}
        self.status = 200
        self.asked: list[httpx.URL] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        if self.status == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(self.status, json=self.pages[request.url.path.removeprefix("/api/")])


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def desk(tmp_path: Path, service: Service) -> Iterator[Hall]:
    with hall(tmp_path, busy_hour=Url("http://busyhour:9782")) as result:
        forget(result, service)
        yield result


def forget(desk: Hall, service: Service) -> None:
    desk.machine.app.state.planner = Planner(httpx.Client(transport=httpx.MockTransport(service.answer)))


def test_without_an_address_the_page_says_what_to_set(control_room: Hall) -> None:
    page = control_room.person().get("/busy-hour")
    assert page.status_code == 200
    assert 'busy_hour = "http://127.0.0.1:9782"' in page.text.replace("&#34;", '"')
    assert control_room.person().get("/busy-hour.csv").status_code == 400


def test_days_month_and_forecast_are_shown(desk: Hall, service: Service) -> None:
    page = desk.person("viewer").get("/busy-hour").text
    assert "75 %" in page  # 1500 of the surviving 2000
    assert "extend" in page  # beyond 70 %
    assert "70 % of surviving capacity in May 2026." in page
    assert "4 May 2026" in page
    assert page.count("<svg") == 2
    assert "27 Feb 2026: exceptional day: =final" in page  # the mark's name
    assert re.search(r'<g class="line bound"><title>surviving capacity', page)
    assert '<td class="num" data-label="Busy hour">–</td>' in page  # a day without a busy hour: absent, not zero
    asked = [dict(url.params) for url in service.asked if url.path == "/api/days"]
    assert {"scope": "platform", "quantity": "subscribers_online", "from": "2026-01-04", "to": "2026-03-01"} in asked
    assert {"scope": "platform", "quantity": "subscribers_online", "from": "2026-03-01", "to": "2026-03-01"} in asked
    assert len(page.encode()) < 200_000


def test_a_scenario_is_asked_for_as_it_is_written_and_shown_in_words(desk: Hall, service: Service) -> None:
    assumed = {
        "growth_per_month": 0.02,
        "nodes": [],
        "lost": "site:almaty",
        "event": 0.0,
        "words": {"en": "Assumed: growth of 2 %.", "ru": "Допущение: рост 2 %."},
    }
    service.pages["forecast"] = FORECAST | {"scenario": assumed}
    page = desk.person().get("/busy-hour?growth=2%25&lose=almaty&event=&period=month").text
    assert "Assumed: growth of 2 %." in page
    (asked,) = [dict(url.params) for url in service.asked if url.path == "/api/forecast"]
    assert asked == {"scope": "platform", "quantity": "subscribers_online", "growth": "2%", "lose": "almaty"}
    assert 'name="lose" value="almaty"' in page
    assert '<a href="/busy-hour?period=month">Without assumptions</a>' in page
    assert 'href="/busy-hour.csv?period=month"' in page


def test_a_scenario_that_cannot_be_read_is_refused_in_the_services_words(desk: Hall, service: Service) -> None:
    real = service.answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/forecast":
            return httpx.Response(400, json={"error": '"soon" is no growth; write "2%"'})
        return real(request)

    desk.machine.app.state.planner = Planner(httpx.Client(transport=httpx.MockTransport(answer)))
    page = desk.person().get("/busy-hour?growth=soon").text.replace("&#34;", '"')
    assert '"soon" is no growth; write "2%"' in page
    assert 'name="growth" value="soon"' in page
    assert "75 %" in page  # the days are shown all the same


def test_in_russian(desk: Hall) -> None:
    page = desk.person(language="ru").get("/busy-hour").text
    assert "70 % ёмкости с резервом N−1 в мае 2026." in page
    assert "особый день: =final" in page


def test_the_file_holds_what_is_shown(desk: Hall) -> None:
    answer = desk.person().get("/busy-hour.csv?scope=site:almaty&quantity=sessions&period=last_month")
    assert 'filename="busy-hour-2026-02-01-2026-02-28.csv"' in answer.headers["content-disposition"]
    last, lost, first = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""))
    assert first["date"] == "2026-02-25"
    assert first["busy hour starts"] == "2026-02-25T21:15:00+05:00"
    assert first["busy hour [sessions]"] == "1100.0"
    assert first["share of surviving capacity [ratio]"] == "0.55"
    assert (lost["busy hour starts"], lost["busy hour [sessions]"], lost["counted"]) == ("", "", "0")
    assert (last["exceptional"], last["reason"], last["scope"]) == ("confirmed", "'=final", "site:almaty")


def test_the_file_of_a_russian_reader_has_decimal_commas(desk: Hall) -> None:
    answer = desk.person(language="ru").get("/busy-hour.csv?scope=site:almaty&quantity=sessions&period=last_month")
    *_, first = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""), delimiter=";")
    assert (first["busy hour [sessions]"], first["share of surviving capacity [ratio]"]) == ("1100,0", "0,55")


def test_a_service_that_is_away_is_said(desk: Hall, service: Service) -> None:
    service.status = 0
    page = desk.person().get("/busy-hour")
    assert page.status_code == 200
    assert "is not responding and has not sent any data yet" in page.text
    assert "<svg" not in page.text
    assert desk.person().get("/busy-hour.csv").status_code == 400


@pytest.mark.parametrize("status", [0, 503])
def test_the_last_answer_stays_with_its_age(
    desk: Hall, service: Service, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("alerts.desk.console.busy_hour.client.PERIOD", 0.0)  # each reader asks again
    forget(desk, service)
    reader = desk.person()
    assert "not responding" not in reader.get("/busy-hour").text
    service.status = status
    page = reader.get("/busy-hour").text
    assert re.search(r"is not responding\. Below is its answer from \d+ s ago", page)
    assert "70 % of surviving capacity in May 2026." in page


def test_answers_are_shared(desk: Hall, service: Service) -> None:
    for language in ("en", "ru", "en"):
        desk.person(language=language).get("/busy-hour")
    assert len(service.asked) == 4


def test_what_the_service_refuses_is_said(desk: Hall, service: Service) -> None:
    service.status = 404
    service.pages = {key: {"error": "sessions of <i>x</i> is not recorded"} for key in service.pages}
    page = desk.person().get("/busy-hour?scope=site:x&quantity=sessions").text
    assert "Answer from ott-busyhour: sessions of &lt;i&gt;x" in page
    assert "is not recorded" in desk.person().get("/busy-hour.csv?scope=site:x&quantity=sessions").text


@pytest.mark.parametrize("body", [[], {}, {"series": 7}, {"series": [{}], "days": [{}], "words": 1}, None, "text"])
def test_an_answer_that_is_none_is_no_answer(desk: Hall, service: Service, body: Any) -> None:
    service.pages = dict.fromkeys(service.pages, body)
    page = desk.person().get("/busy-hour")
    assert page.status_code == 200
    assert "is not responding" in page.text


def test_without_capacity_and_forecast(desk: Hall, service: Service) -> None:
    service.pages["days"] = DAYS | {"capacity": None, "thresholds": [], "adpqh": None, "peak": None, "days": []}
    service.pages["forecast"] = FORECAST | {"trend": None}
    page = desk.person().get("/busy-hour").text
    assert "No capacity is configured" in page
    assert "No data: no day of this period has been recorded." in page
    assert "<svg" not in page


def test_a_period_that_is_none_is_said(desk: Hall) -> None:
    for path in ("/busy-hour", "/busy-hour.csv"):
        answer = desk.person().get(f"{path}?period=days&from=2025-01-01&to=2026-03-01")
        assert answer.status_code == 400
        assert "too long" in answer.text


def test_four_hundred_days_stay_below_the_limit(desk: Hall, service: Service) -> None:
    many = [day(1 + number % 28, 1000.0 + number, flags=["incomplete"]) for number in range(400)]
    service.pages["days"] = DAYS | {"days": many}
    assert len(desk.person(language="ru").get("/busy-hour").text.encode()) < 200_000


def test_levels() -> None:
    assert [level(share) for share in (None, 0.59, 0.6, 0.7, 0.85)] == ["", "", "warn", "act", "critical"]


def test_choices() -> None:
    known = [Series("node:a", "sessions"), Series("platform", "node_load"), Series("platform", "viewers")]
    assert choose(known, "", "") == Series("platform", "viewers")
    assert choose(known, "node:a", "") == Series("node:a", "sessions")
    assert choose(known[:1], "", "") == Series("node:a", "sessions")
    assert choose([], "", "") == Series("platform", "subscribers_online")


def test_the_address_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text('busy_hour = "127.0.0.1:9782"\n')
    with pytest.raises(SettingsError, match="busy_hour"):
        read_settings(file)
    file.write_text('busy_hour = "http://127.0.0.1:9782/"\n')
    assert read_settings(file).busy_hour == "http://127.0.0.1:9782"
