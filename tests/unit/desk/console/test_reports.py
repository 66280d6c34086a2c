"""The page of reports and its files."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.app.wiring import policy_of
from alerts.desk.console.periods import PeriodError, period
from alerts.desk.console.reports.routes import KEPT_SECONDS, PERIODS, KeptReports
from alerts.desk.reports import store as stored
from alerts.desk.reports.store import Asked
from alerts.desk.web.spreadsheet import harmless, table
from tests.unit.desk.console_desk import NOON, Hall


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff"), "Excel takes UTF-8 without its mark for the machine's code page"
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def work(hall: Hall) -> None:
    """One ticket restored in time in February, one in March that still burns, one whose name is a formula."""
    hall.now = datetime(2026, 2, 28, 18, 30, tzinfo=UTC)  # 23:30 in Almaty
    hall.alarm(node="edge-1", site="almaty")
    hall.now += timedelta(hours=1)  # March in Almaty
    hall.alarm(node="edge-2", site="astana", title="=cmd|' /C calc'!A0")
    hall.now += timedelta(minutes=30)
    hall.recover(node="edge-1", site="almaty")
    hall.now = NOON + timedelta(hours=10)


def test_the_page_counts_by_local_month(control_room: Hall) -> None:
    work(control_room)
    reader = control_room.person("viewer")
    page = reader.get("/reports?period=days&from=2026-02-01&to=2026-03-31").text
    assert "February 2026" in page
    assert "March 2026" in page
    found = rows(reader.get("/reports.csv?period=days&from=2026-02-01&to=2026-03-31").text)
    months = {row["name"]: row for row in found if row["table"] == "months"}
    assert months["2026-02"]["restored in time"] == "1"
    assert months["2026-02"]["mean time to restore [s]"] == "5400.0"
    assert months["2026-03"]["restore target missed"] == "1"
    assert months["2026-03"]["mean time to restore [s]"] == ""  # absent is not zero
    assert {row["name"] for row in found if row["table"] == "sites"} == {"almaty", "astana"}


def test_everything_that_is_shown_is_defined_in_both_languages(control_room: Hall) -> None:
    work(control_room)
    for language, word in (("en", "What is counted"), ("ru", "Что считается")):
        page = control_room.person(language=language).get("/reports?period=year").text
        assert word in page
        assert page.count("<dt>") - page.count("<dt><kbd>") == 12
        assert len(page.encode()) < 200_000


def test_a_formula_in_a_title_is_text_in_the_file(control_room: Hall) -> None:
    work(control_room)
    answer = control_room.person().get("/reports/tickets.csv?period=year")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert 'filename="tickets-2025-04-01-2026-03-01.csv"' in answer.headers["content-disposition"]
    assert answer.text.count("\r\n") == 3
    first, second = rows(answer.text)
    assert first["opened"] == "2026-02-28T23:30:00+05:00"
    assert second["title"] == "'=cmd|' /C calc'!A0"
    assert second["outcome"] == "breached"


@pytest.mark.parametrize("text", ["=1+1", "+7", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "-", "=\n"])
def test_no_text_starts_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    [row] = csv.reader(io.StringIO(table([text], []), newline=""))
    assert row == [text]  # the header is ours and stays


@pytest.mark.parametrize("cell", ["almaty", "edge-1", "a=b", "", "'quoted", -2, -0.5, 3, None])
def test_other_cells_stay(cell: str | float | None) -> None:
    assert harmless(cell) == cell


def test_rfc_4180() -> None:
    assert table(["a", "b"], [['say "x", now', None], ["two\r\nlines", 1.5]]) == (
        'a,b\r\n"say ""x"", now",\r\n"two\r\nlines",1.5\r\n'
    )


@pytest.mark.parametrize("language", ["ru", "kk", "de"])
def test_a_table_has_the_signs_by_which_excel_opens_it(language: str) -> None:
    text = table(["a", "b"], [["9.10", 9.5], ["one; two", -0.25], ["1,5", 1200]], language)
    assert text == 'a;b\r\n9.10;9,5\r\n"one; two";-0,25\r\n1,5;1200\r\n'


def test_the_files_of_a_russian_reader_open_in_columns(control_room: Hall) -> None:
    work(control_room)
    who = control_room.person(language="ru")
    for path in ("/reports.csv?period=year", "/reports/tickets.csv?period=year"):
        head, *lines = who.get(path).text.removeprefix("\ufeff").splitlines()
        found = list(csv.reader([head, *lines], delimiter=";"))
        assert len(found[0]) == head.count(";") + 1 > 5
        assert {len(line) for line in found} == {len(found[0])}
        assert not any(cell.replace(".", "").isdigit() and "." in cell for line in found for cell in line)


def test_filters_by_site_and_vendor(control_room: Hall) -> None:
    work(control_room)
    reader = control_room.person()
    assert len(rows(reader.get("/reports/tickets.csv?period=year&site=astana").text)) == 1
    assert rows(reader.get("/reports/tickets.csv?period=year&vendor=Edge+Ltd").text) == []
    assert "No tickets were opened in this period." in reader.get("/reports?period=year&vendor=Edge+Ltd").text
    page = reader.get("/reports?period=year&site=%3Cb%3E").text
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("from=2026-03-01", "Give both days"),
        ("period=days&from=x&to=y", "Give both days"),
        ("period=days&from=2026-03-02&to=2026-03-01", "is later than"),
        ("period=days&from=2020-03-02&to=2026-03-01", "too long"),
        ("period=days&from=0001-01-01&to=0001-01-02", "Give both days"),
        ("period=days&from=9999-12-30&to=9999-12-31", "Give both days"),
    ],
)
def test_a_period_that_is_none_is_said(control_room: Hall, query: str, says: str) -> None:
    reader = control_room.person()
    for path in ("/reports", "/reports.csv", "/reports/tickets.csv"):
        answer = reader.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert says in answer.text


def test_too_many_tickets_are_said(control_room: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    work(control_room)
    monkeypatch.setattr(stored, "MAX_TICKETS", 1)
    answer = control_room.person().get("/reports?period=year")
    assert answer.status_code == 400
    assert "2 tickets are too many" in answer.text


def test_older_than_the_retention_is_said(control_room: Hall) -> None:
    reader = control_room.person()
    assert "are kept for 400 d" in reader.get("/reports?period=days&from=2024-06-01&to=2026-03-01").text
    assert "are kept for" not in reader.get("/reports?period=year").text


def test_nobody_reads_without_logging_in(control_room: Hall) -> None:
    for path in ("/reports", "/reports.csv", "/reports/tickets.csv"):
        assert control_room.machine.get(path, follow=False).status_code in (303, 307)


def test_a_report_is_kept_for_half_a_minute(control_room: Hall) -> None:
    work(control_room)
    clock = [0.0]
    kept = KeptReports(lambda: clock[0])
    asked = Asked(NOON - timedelta(days=30), NOON + timedelta(days=30))
    first = kept.get(control_room.runtime, asked)
    control_room.alarm(node="edge-3", site="almaty")
    clock[0] = KEPT_SECONDS - 1
    assert kept.get(control_room.runtime, asked) is first
    clock[0] = KEPT_SECONDS
    assert kept.get(control_room.runtime, asked).total.opened == first.total.opened + 1
    control_room.runtime.policy = policy_of(control_room.runtime.settings)  # the settings were read again
    latest = kept.get(control_room.runtime, asked)
    assert latest is not first


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("month", "2026-01-01", "2026-01-31"),
        ("last_month", "2025-12-01", "2025-12-31"),
        ("year", "2025-02-01", "2026-01-31"),
        ("unheard-of", "2026-01-01", "2026-01-31"),
    ],
)
def test_periods(name: str, first: str, last: str) -> None:
    found = period(PERIODS, name, ("", ""), date(2026, 1, 31))
    assert (str(found.first), str(found.last)) == (first, last)


def test_a_december_is_the_end_of_its_year() -> None:
    assert period(PERIODS, "year", ("", ""), date(2026, 12, 31)).first == date(2026, 1, 1)


def test_days_begin_at_local_midnight() -> None:
    found = period(PERIODS, "days", ("2026-03-29", "2026-03-29"), date(2026, 4, 1))
    start, end = found.instants(ZoneInfo("Europe/Berlin"))
    assert end - start == timedelta(hours=23)  # the night the clocks go forward
    with pytest.raises(PeriodError):
        period(PERIODS, "days", ("2026-03-29", ""), date(2026, 4, 1))


def test_the_head_leads_here(control_room: Hall) -> None:
    page = control_room.person().get("/reports").text
    assert re.search(r'href="/reports" aria-current="page"', page)
