"""The month of the billings: sums of known days, cases with their times, and the same in files."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.desk.billing import rounds
from alerts.desk.console.billing.month import DAILY, Billed, billed, first_of, next_month
from alerts.desk.core.billing_settings import BillingCaseSettings
from alerts.desk.core.words import catalogue
from alerts.desk.tickets.runtime import Runtime
from service.prometheus import PrometheusUnavailableError, Series, Window
from tests.unit.desk.billing.counted import Agent
from tests.unit.desk.console_desk import NOON, Hall, hall

SETTINGS = BillingCaseSettings()


class Prometheus:
    """Answers for every day of a window but the second, for which nobody knows what was unexplained."""

    def __init__(self, zone: Any) -> None:
        self.zone = zone
        self.windows: list[Window] = []

    def query_range(self, expression: str, window: Window) -> list[Series]:
        self.windows.append(window)
        (name,) = [each for each, text in DAILY.items() if text == expression]
        moments = [window.start + window.step * n for n in range(int((window.end - window.start) // window.step) + 1)]
        values = {"due": 1000.0, "charged": 960.0, "reasons": 30.0, "unexplained_minor": 0.0, "charged_minor": 96_000.0}
        values |= {"runs": 1.0, "unexplained": 0.0}
        if name == "late_days":
            return [Series({"service": "mobile"}, [(moments[2], 1.0)])]
        if name == "twice_days":
            return []
        points = [(at, values[name]) for at in moments]
        if name == "unexplained":
            points[0] = (moments[0], 10.0)
            del points[1]
        return [Series({"service": "mobile"}, points)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hall]:
    with hall(tmp_path, billing=SETTINGS) as result:
        answers = Prometheus(result.runtime.settings.zone)
        monkeypatch.setattr(Runtime, "prometheus", lambda _runtime, _http: answers)
        result.now = NOON - timedelta(days=10)  # 19 February
        result.alarm(alertname="BillingIncomplete", service="mobile")
        rounds.open_cases(result.runtime.desk)
        yield result


def count(of: Hall, at: datetime, **counts: int) -> None:
    of.now = at
    stages = {name: {"required": 1200, **counts} for name in ("charged", "refunded")}
    agent = Agent(at, NOON - timedelta(days=10, minutes=30), stages=stages)
    rounds.take_over(of.runtime.desk, SETTINGS, lambda: agent)  # type: ignore[arg-type, return-value]


@pytest.fixture
def corrected(desk: Hall) -> Hall:
    opened = NOON - timedelta(days=10)
    for minutes, done in ((5, 0), (60, 960), (90, 1140), (120, 1199)):
        count(desk, opened + timedelta(minutes=minutes), done=done)
    desk.now = NOON
    return desk


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_has_the_month_before_with_services_and_cases(corrected: Hall, language: str) -> None:
    words = catalogue(language)
    page = corrected.person(language=language).get("/billing/report").text.replace("\xa0", " ")
    assert f"{words['billingreport.title']}: 02.2026" in page
    assert re.search(r"<strong>99[.,]96 %</strong>", page)  # 27 days of 1,000, and 10 unexplained
    assert words["billingreport.of"].format(n=26, all=27) in page
    assert re.search(r"27[, ]000", page)
    cells = re.findall(r'<td class="num( late)?" data-label="([^"]+)">([^<]*)</td>', page)
    by_name = {name: (late, text) for late, name, text in cells}
    assert by_name[words["billingmonth.late_days"]] == (" late", "1")
    assert by_name[words["billingmonth.twice_days"]] == ("", "0")
    assert by_name[words["billingreport.unknown_days"]] == (" late", "1")
    assert by_name[words["billing.noticed"]][1] == f"30 {words['unit.m']} 0 {words['unit.s']}"
    assert by_name[words["billing.corrected"].format(share=80)][1] == f"1 {words['unit.h']} 30 {words['unit.m']}"
    assert by_name[words["billing.corrected"].format(share=95)][1] == f"2 {words['unit.h']} 0 {words['unit.m']}"
    assert by_name[words["billing.corrected"].format(share=100)][1] == "–"
    assert words["billingreport.open"].format(n=1) in page
    assert 'href="/billing/case/1"' in page


def test_the_files_say_the_same(corrected: Hall) -> None:
    who = corrected.person()

    def rows(path: str) -> list[dict[str, str]]:
        answer = who.get(path)
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    (service,) = rows("/billing/report.csv?month=2026-02")
    assert service == {
        "month": "2026-02",
        "service": "mobile",
        "days": "28",
        "known_days": "27",
        "whole_days": "26",
        "completeness": "0.99963",
        "runs": "28",
        "late_days": "1",
        "twice_days": "0",
        "due": "27000",
        "charged": "26880",
        "reasons": "840",
        "unexplained": "10",
        "charged_minor": "2688000",
        "unexplained_minor": "0",
    }
    (case,) = rows("/billing/report/cases.csv?month=2026-02")
    assert {name: case[name] for name in ("case", "service", "fault", "accounts", "money_minor", "outside_minor")} == {
        "case": "1",
        "service": "mobile",
        "fault": "missing",
        "accounts": "1200",
        "money_minor": str(1200 * 99000),
        "outside_minor": "",
    }
    assert [case[f"{name}_seconds"] for name in ("noticed", "scoped", "corrected_80", "corrected_95")] == [
        *("1800", "2100", "5400", "7200")
    ]
    assert case["corrected_100_seconds"] == ""
    assert rows("/billing/report/cases.csv?month=2026-01") == []


def test_a_month_that_is_none_or_has_not_begun_is_refused(desk: Hall) -> None:
    who = desk.person()
    for month in ("2026-13", "march", "2026-04", "1960-01", "2026-1"):
        assert who.get(f"/billing/report?month={month}").status_code == 400, month
        assert who.get(f"/billing/report.csv?month={month}").status_code == 400
        assert who.get(f"/billing/report/cases.csv?month={month}").status_code == 400


def test_without_prometheus_the_page_says_so_and_there_is_no_file_of_zeros(
    corrected: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_runtime: Runtime, _http: object) -> Any:
        raise PrometheusUnavailableError("prometheus", "no answer")

    monkeypatch.setattr(Runtime, "prometheus", silent)
    who = corrected.person()
    page = who.get("/billing/report?month=2026-02").text
    assert catalogue("en")["billing.no_answer"] in page
    assert 'href="/billing/case/1"' in page
    assert who.get("/billing/report.csv?month=2026-02").status_code == 400
    assert who.get("/billing/report/cases.csv?month=2026-02").status_code == 200


def test_a_desk_without_cases_has_no_report(control_room: Hall) -> None:
    who = control_room.person()
    for path in ("/billing/report", "/billing/report.csv", "/billing/report/cases.csv"):
        assert who.get(path).status_code == 404


def test_the_month_that_runs_ends_with_yesterday(desk: Hall) -> None:
    zone = desk.runtime.settings.zone
    prometheus = Prometheus(zone)
    found: list[Billed] = billed(prometheus, date(2026, 3, 1), date(2026, 3, 4), zone)  # type: ignore[arg-type]
    assert [each.known_days for each in found] == [2]
    ends = {(datetime.fromtimestamp(w.start, zone), datetime.fromtimestamp(w.end, zone)) for w in prometheus.windows}
    (span,) = ends
    assert [f"{moment:%d %H:%M}" for moment in span] == ["01 23:59", "03 23:59"]
    assert billed(prometheus, date(2026, 3, 1), date(2026, 3, 1), zone) == []  # type: ignore[arg-type]


def test_months() -> None:
    assert first_of("", date(2026, 1, 15)) == date(2025, 12, 1)
    assert first_of("2026-01", date(2026, 1, 15)) == date(2026, 1, 1)
    assert next_month(date(2025, 12, 1)) == date(2026, 1, 1)
    assert next_month(date(2024, 2, 1)) == date(2024, 3, 1)
