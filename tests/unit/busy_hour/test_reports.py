"""The program from import to report, in one process, on SQLite."""

import csv
import html.parser
import io
import json
import re
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.busy_hour import __main__ as program
from dashboards.busy_hour.records.store import Store

Call = tuple[int, str, str]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs a subcommand on a database of its own: (status, output, errors)."""

    def run(command: str, *arguments: str) -> Call:
        database = () if command == "check-config" else ("--database", f"sqlite:///{tmp_path / 'busyhour.db'}")
        monkeypatch.setattr(sys, "argv", ["ott-busyhour", command, *database, *arguments])
        capsys.readouterr()
        status = program.main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def report(call: Any, *arguments: str) -> dict[str, Any]:
    status, output, errors = call("report", "--json", *arguments)
    assert status == 0, errors
    found: dict[str, Any] = json.loads(output)
    return found


def evening(tmp_path: Path, days: int, growth: float = 0.0, name: str = "history.csv") -> Path:
    """Hourly history: an hour of 1000 at 20:00 that grows a little every day, 100 otherwise."""
    path = tmp_path / name
    with path.open("w") as file:
        file.write("time,value\n")
        for number in range(days):
            day = date(2026, 1, 1) + timedelta(days=number)
            for hour in range(24):
                value = 1000 * (1 + growth * number) if hour == 20 else 100
                file.write(f"{day}T{hour:02d}:00,{value}\n")
    return path


IMPORT = ("--quantity", "sessions", "--step", "1h", "--zone", "Asia/Almaty")


# ------------------------------------------------------------------------------- answers of the shared series


def test_the_academic_backbone(shared: Path, call: Any) -> None:
    file = str(shared / "data/series/isp_uk_B_5min.csv")
    status, output, errors = call(
        "import", file, "--quantity", "volume", "--kind", "volume", "--step", "5m", "--zone", "UTC"
    )
    assert (status, output.splitlines()[-1]) == (0, "70 days imported, 2004-11-19 to 2005-01-27"), errors
    assert output.startswith("19888 rows from 2004-11-19T09:30+00:00 to 2005-01-27T10:45+00:00; ")
    assert "minimum 1060.27, mean 3866.94, maximum 10670.7; without a value 0, gaps 0; days 70, complete 68" in output
    found = report(call, "--scope", "platform", "--quantity", "volume", "--zone", "UTC", "--min-coverage", "1")
    measures, types = found["measures"], found["day_types"]
    assert found["days_counted"] == 68
    assert (measures["tcbh_full"]["start"], round(measures["tcbh_full"]["value"], 3)) == ("14:00", 67173.871)
    assert round(measures["adpfh"]["value"], 3) == 68870.656
    assert (measures["tcbh_quarter"]["start"], round(measures["tcbh_quarter"]["value"], 3)) == ("14:15", 67239.147)
    assert round(measures["adpqh"]["value"], 3) == 69168.176
    working, weekend = types["working_days"], types["weekend"]
    assert (working["days"], weekend["days"]) == (48, 20)
    assert working["measures"]["tcbh_full"] == {"value": pytest.approx(77485.904, abs=5e-4), "start": "14:00"}
    assert weekend["measures"]["tcbh_full"] == {"value": pytest.approx(45595.848, abs=5e-4), "start": "17:00"}
    peak = found["peak"]["full"]
    assert (peak["date"], peak["start"], round(peak["value"], 3)) == ("2004-11-23", "14:00", 124281.559)
    assert round(found["percentile_95"]["linear"], 4) == 7381.8802
    assert round(found["percentile_95"]["nearest_rank"], 2) == 7382.03
    assert round(found["load_levels"]["full"]["mean_of_30_busiest"], 3) == 94768.287
    assert found["stability"]["stable"]
    assert round(measures["adpfh"]["value"] / measures["tcbh_full"]["value"], 3) == 1.025


def test_taxis_on_wall_clock(shared: Path, call: Any) -> None:
    file = str(shared / "data/series/nab_nyc_taxi_30min.csv")
    arguments = ("--quantity", "trips", "--kind", "volume", "--step", "30m")
    assert call("import", file, *arguments, "--zone", "UTC")[0] == 0
    found = report(call, "--quantity", "trips", "--zone", "UTC")
    assert found["measures"]["tcbh_full"]["start"] == "19:00"
    assert round(found["measures"]["tcbh_full"]["value"], 4) == 45783.6186
    assert round(found["measures"]["adpfh"]["value"], 4) == 48597.0791
    assert found["day_types"]["weekend"]["measures"]["tcbh_full"]["start"] == "00:00"
    assert found["peak"]["full"]["value"] == 74409
    # Read in its own zone the fall-back row is no hour of its own: the importer asks instead of counting it twice.
    status, _, errors = call("import", file, *arguments, "--zone", "America/New_York", "--scope", "site:ny")
    assert status == 1
    assert "2014-11-02 01:00:00 happens twice in America/New_York" in errors


def test_missing_slots(shared: Path, call: Any) -> None:
    file = str(shared / "data/series/nab_elb_request_count_5min.csv")
    assert call("import", file, "--quantity", "requests", "--kind", "volume", "--step", "5m", "--zone", "UTC")[0] == 0
    found = report(call, "--quantity", "requests", "--zone", "UTC", "--min-coverage", "1")
    assert (len(found["days"]), found["days_counted"]) == (15, 7)
    assert found["measures"]["tcbh_full"] == {"value": 1274, "start": "17:00"}
    assert round(found["measures"]["adpfh"]["value"], 3) == 1633.286


def test_the_week_ahead_beats_the_week_before(shared: Path, call: Any) -> None:
    file = str(shared / "data/series/isp_uk_B_hourly.csv")
    arguments = ("--quantity", "volume", "--kind", "volume", "--step", "1h", "--phase", "30m", "--zone", "UTC")
    assert call("import", file, *arguments)[0] == 0
    found = report(call, "--quantity", "volume", "--zone", "UTC")["forecast"]["week_ahead"]
    assert found["held_out"]["hours"] == 168
    assert round(found["held_out"]["baseline_mape"], 3) == 6.967
    assert found["held_out"]["mape"] < 4.0
    assert found["back_test"]["mape"] < found["back_test"]["baseline_mape"]
    assert len(found["hours"]) == 168
    _, table, _ = call("report", "--quantity", "volume", "--zone", "UTC", "--language", "en")
    assert "Week ahead: mean of smoothing of level (0.02) and weekly pattern (0.9) and 4 more; " in table
    assert "3.435 % (as a week ago: 6.967 %)" in table


def test_the_worked_example_through_the_program(shared: Path, call: Any) -> None:
    file = str(shared / "reference/busy-hour-example.csv")
    columns = ("--time-column", "start_utc", "--value-column", "value", "--step", "15m", "--quantity", "sessions")
    for edge in ("a", "b"):
        where = ("--where", f"series=edge_{edge}", "--scope", f"node:edge-{edge}")
        assert call("import", file, *columns, *where)[0] == 0
    found = report(call, "--scope", "node:edge-a", "--to", "2026-10-09")
    assert found["measures"]["adpqh"]["value"] == pytest.approx(728.50)
    assert found["measures"]["tcbh_quarter"]["start"] == "20:45"


# ------------------------------------------------------------------------------------------------ own history


def test_a_day_that_is_not_over_is_not_imported(tmp_path: Path, call: Any) -> None:
    today = datetime.now(ZoneInfo("Asia/Almaty")).date()
    path = tmp_path / "until_now.csv"
    path.write_text(
        "time,value\n"
        + "".join(f"{day}T{hour:02d}:00,5\n" for day in (today - timedelta(days=1), today) for hour in range(24))
    )
    status, _, errors = call("import", str(path), *IMPORT)
    assert (status, f"until_now.csv: {today} is not over in Asia/Almaty; leave out its rows" in errors) == (1, True)
    assert "recorded: nothing" in call("report", "--scope", "platform", "--quantity", "sessions")[2]


def test_what_the_json_holds(tmp_path: Path, call: Any) -> None:
    assert call("import", str(evening(tmp_path, 40)), *IMPORT)[0] == 0
    found = report(call, "--scope", "platform", "--quantity", "sessions", "--fixed-hour", "20:00")
    assert {"scope", "quantity", "days", "measures", "stability", "exceptional_days", "forecast"} <= set(found)
    assert set(found["measures"]) == {"adpqh", "adpfh", "tcbh_quarter", "tcbh_full", "fdmh", "bouncing"}
    assert found["measures"]["fdmh"] == {"value": 1000, "start": "20:00", "origin": "setting"}
    assert found["busy_hour_share"] == pytest.approx(1000 / 3300)
    assert found["stability"]["stable"]
    day = found["days"][0]
    assert (day["date"], day["start"], day["start_time"]) == ("2026-01-01", "20:00", "2026-01-01T20:00+05:00")
    assert day["flags"] == []


def quarters_after(tmp_path: Path, first: date, days: int) -> Path:
    """Quarters of the same evenings, as the service records them."""
    path = tmp_path / "quarters.csv"
    with path.open("w") as file:
        file.write("time,value\n")
        for number in range(days * 96):
            day, quarter = first + timedelta(days=number // 96), number % 96
            value = 1000 if quarter // 4 == 20 else 100
            file.write(f"{day}T{quarter // 4:02d}:{quarter % 4 * 15:02d},{value}\n")
    return path


@pytest.mark.parametrize("form", ["--csv", "--xlsx", "--html"])
def test_imported_hours_are_followed_by_recorded_quarters(tmp_path: Path, call: Any, form: str) -> None:
    assert call("import", str(evening(tmp_path, 40)), *IMPORT)[0] == 0
    after = quarters_after(tmp_path, date(2026, 2, 10), 20)
    assert call("import", str(after), "--quantity", "sessions", "--step", "15m", "--zone", "Asia/Almaty")[0] == 0
    found = report(call)
    assert (found["days_counted"], len(found["days"])) == (60, 60)
    assert found["measures"]["tcbh_quarter"] == {"value": 1000.0, "start": "20:00"}
    assert found["measures"]["adpqh"]["value"] == 1000.0
    assert found["percentile_95"]["samples"] == 60 * 24
    status, _, errors = call("report", form, *([str(tmp_path / "report")] if form != "--csv" else []))
    assert status == 0, errors


def test_amounts_beside_means_are_refused(tmp_path: Path, call: Any) -> None:
    assert call("import", str(evening(tmp_path, 40)), *IMPORT, "--kind", "volume")[0] == 0
    after = str(quarters_after(tmp_path, date(2026, 2, 10), 20))
    quarters = ("--quantity", "sessions", "--step", "15m", "--zone", "Asia/Almaty")
    status, _, errors = call("import", after, *quarters)
    assert status == 1
    assert "sessions of platform is recorded as volume, which is never mixed with gauge; say --kind volume" in errors
    assert call("import", after, *quarters, "--scope", "site:a")[0] == 0
    # A server's means beside imported amounts: each is reported alone.
    with closing(Store(f"sqlite:///{tmp_path / 'busyhour.db'}")) as store:
        store.save([replace(record, scope="platform") for record in store.load("site:a", "sessions")])
    status, _, errors = call("report", "--scope", "platform")
    assert status == 1
    assert "sessions of platform: some days are amounts and others means; report them apart by --from" in errors
    assert report(call, "--scope", "platform", "--from", "2026-02-10")["days_counted"] == 20


def test_a_month_and_a_zone(tmp_path: Path, call: Any) -> None:
    assert call("import", str(evening(tmp_path, 70)), *IMPORT)[0] == 0
    february = report(call, "--month", "2026-02")
    assert (february["from"], february["to"], len(february["days"])) == ("2026-02-01", "2026-02-28", 28)
    utc = report(call, "--month", "2026-02", "--zone", "UTC")
    assert utc["measures"]["tcbh_full"] == {"value": 1000, "start": "15:00"}
    assert (utc["days"][0]["date"], utc["days"][0]["coverage"]) == ("2026-02-01", 1.0)


def test_confirmed_days_are_reported_with_and_without(tmp_path: Path, call: Any) -> None:
    path = evening(tmp_path, 31, growth=0.0004)
    path.write_text(path.read_text().replace("2026-01-15T20:00,1005.6", "2026-01-15T20:00,4000"))
    assert call("import", str(path), *IMPORT)[0] == 0
    proposed = report(call)
    assert [(day["date"], day["status"]) for day in proposed["exceptional_days"]] == [("2026-01-15", "proposed")]
    found = report(call, "--exceptional", "2026-01-15")
    assert found["days_counted"] == 30
    assert [day["status"] for day in found["exceptional_days"]] == ["confirmed"]
    assert found["measures"]["adpqh"]["value"] == pytest.approx(1006, abs=1)
    assert found["measures_with_exceptional_days"]["adpqh"] == proposed["measures"]["adpqh"]


def test_capacity_and_forecast(tmp_path: Path, call: Any) -> None:
    settings = tmp_path / "busyhour.toml"
    settings.write_text(
        '[[capacity]]\nscope = "node:a"\nsite = "x"\nsessions = 3000\n'
        '[[capacity]]\nscope = "node:b"\nsite = "x"\nsessions = 2500\n'
    )
    assert call("import", str(evening(tmp_path, 243, growth=0.001)), *IMPORT)[0] == 0
    found = report(call, "--config", str(settings))
    assert found["capacity"] == {"total": 5500, "surviving": 2500, "lost_node": "node:a", "redundant": True}
    trend = found["forecast"]["trend"]
    assert trend["basis"] == "month"
    # One more each day: 1750 comes 750 days after the first.
    act = next(entry for entry in trend["exhaustion"] if entry["threshold"] == 0.7)
    assert act["likely"][:7] == "2028-01"
    assert act["earliest"] <= act["likely"] <= act["latest"]
    assert found["forecast"]["words"]["en"].startswith("70 % of surviving capacity in January 2028, ")
    assert found["forecast"]["words"]["ru"].startswith("70 % ёмкости с резервом N−1 в январе 2028, ")
    assert "back-test error" in found["forecast"]["words"]["en"]


def test_too_little_history_is_said(tmp_path: Path, call: Any) -> None:
    assert call("import", str(evening(tmp_path, 27)), *IMPORT)[0] == 0
    found = report(call)["forecast"]
    assert (found["trend"], found["week_ahead"]) == (None, None)
    assert found["words"]["en"].startswith("Not enough data")


def test_what_if_and_a_workbook(tmp_path: Path, call: Any) -> None:
    config = tmp_path / "busyhour.toml"
    config.write_text(
        "".join(
            f'[[capacity]]\nscope = "node:{name}"\nsite = "{site}"\nsessions = 3000\n'
            for name, site in (("a", "x"), ("b", "y"))
        )
    )
    file = str(evening(tmp_path, 60))
    for scope in ("platform", "node:a", "node:z"):
        assert call("import", file, *IMPORT, "--scope", scope)[0] == 0
    base = ("--config", str(config), "--scope", "platform", "--quantity", "sessions")
    found = report(call, *base, "--lose", "x", "--add-node", "y=1000", "--growth", "2%", "--event", "+30%")
    assert found["capacity"] == {"total": 7000, "surviving": 4000, "lost_node": "site:x", "redundant": True}
    assert found["nodes_without_capacity"] == ["node:z"]
    assert "have no [[capacity]]: z." in found["forecast"]["words"]["en"]
    assert found["forecast"]["trend"]["growth_per_month"] == pytest.approx(0.02)
    assert found["forecast"]["trend"]["points"][0]["value"] == pytest.approx(1300, rel=0.02)
    assert found["scenario"]["lost"] == "site:x"
    target = tmp_path / "report.xlsx"
    status, _, errors = call("report", *base, "--xlsx", str(target))
    assert (status, target.read_bytes()[:2]) == (0, b"PK"), errors
    for wrong, message in (("--lose", '"q" is neither'), ("--growth", "is no growth"), ("--event", "is no event")):
        status, _, errors = call("report", *base, wrong, "q")
        assert (status, message in errors) == (2, True)


def test_csv_has_one_row_a_day(tmp_path: Path, call: Any) -> None:
    call("import", str(evening(tmp_path, 3)), *IMPORT)
    call("import", str(evening(tmp_path, 3)), *IMPORT, "--scope", "site:a")
    rows = list(csv.DictReader(io.StringIO(call("report", "--csv")[1])))
    assert [(row["scope"], row["date"], row["start"], row["value"]) for row in rows] == [
        (scope, f"2026-01-0{day}", "20:00", "1000.0") for scope in ("platform", "site:a") for day in (1, 2, 3)
    ]


class Page(html.parser.HTMLParser):
    """What a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [
            f"{tag} {value}" for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")
        ]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_page_is_self_contained(tmp_path: Path, call: Any, language: str) -> None:
    settings = tmp_path / "busyhour.toml"
    settings.write_text(
        '[[capacity]]\nscope = "platform"\nsessions = 2000\n'
        '[[exceptional_day]]\ndate = 2026-01-05\nreason = "<script>alert(1)</script>"\n'
    )
    call("import", str(evening(tmp_path, 60, growth=0.002)), *IMPORT)
    target = tmp_path / "report.html"
    status, _, errors = call("report", "--config", str(settings), "--html", str(target), "--language", language)
    assert status == 0, errors
    text = target.read_text()
    page = Page()
    page.feed(text)
    assert page.fetched == []
    assert "script" not in page.tags
    assert "&lt;script&gt;" in text
    assert page.tags.count("svg") == 5  # days, average day, week, trend, capacity
    assert "url(" not in text
    assert ("Busy hour and capacity" if language == "en" else "Час наибольшей нагрузки и ёмкость") in text


DATE = re.compile(r"\d\d\.\d\d\.\d{4}|\d\d\.\d{4}|\d\d\.\d\d(?! %)")


def test_russian_has_decimal_commas_where_people_read(tmp_path: Path, call: Any) -> None:
    settings = tmp_path / "busyhour.toml"
    settings.write_text(
        '[[capacity]]\nscope = "platform"\nsessions = 20000\n[[exceptional_day]]\ndate = 2026-01-05\nreason = "x"\n'
    )
    call("import", str(evening(tmp_path, 60, growth=0.00201)), *IMPORT, "--scale", "1.5")
    base = ("report", "--config", str(settings), "--language")
    target = tmp_path / "report.html"
    read = {}
    for language in ("ru", "en"):
        assert call(*base, language, "--html", str(target))[0] == 0
        page = Page()
        page.feed(target.read_text())
        read[language] = DATE.sub("", "\n".join(page.words)), call(*base, language)[1]
    assert [re.findall(r"\d\.\d+", text) for text in read["ru"]] == [[], []]
    assert [re.findall(r"\d,(?!\d{3})\d", text) for text in read["en"]] == [[], []]  # of thousands alone
    page_ru, table_ru = read["ru"]
    assert "1\xa0503,0" in page_ru  # the second day: 1500 grown by 0.201 %
    assert "1\xa0503,015" in table_ru
    assert "1,503.0" in read["en"][0]
    assert "1,503.015" in read["en"][1]
    assert "100,0 %" in page_ru
    assert "100,0 %" in table_ru
    assert "20\xa0000" in page_ru
    for machine in ("--json", "--csv"):
        assert call(*base, "ru", machine)[1] == call(*base, "en", machine)[1]
    assert ",1503.015," in call(*base, "ru", "--csv")[1]


# ----------------------------------------------------------------------------------------------- wrong calls


def test_an_import_is_whole_or_not_at_all(tmp_path: Path, call: Any) -> None:
    path = evening(tmp_path, 3)
    path.write_text(path.read_text() + "2026-01-04T00:00,many\n")
    status, _, errors = call("import", str(path), *IMPORT)
    assert status == 1
    assert "row 74: 'many'" in errors
    assert "is not recorded; recorded: nothing" in call("report")[2]


def test_a_day_is_not_imported_twice(tmp_path: Path, call: Any) -> None:
    assert call("import", str(evening(tmp_path, 3)), *IMPORT)[0] == 0
    longer = str(evening(tmp_path, 5, growth=1.0, name="longer.csv"))
    status, _, errors = call("import", longer, *IMPORT)
    assert status == 1
    assert "days recorded already: 3, the first 2026-01-01; nothing was imported" in errors
    assert len(report(call)["days"]) == 3
    assert call("import", longer, *IMPORT, "--replace")[0] == 0
    assert [day["value"] for day in report(call)["days"]] == [1000, 2000, 3000, 4000, 5000]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "--from", "2999-01-01"), "2999-01-01 is not over in Asia/Almaty"),
        (("report", "--from", "2026-02-01", "--to", "2026-01-01"), "is later than --to"),
        (("report", "--from", "yesterday"), '--from: "yesterday" is not a day; write 2026-01-31'),
        (("report", "--month", "2026-13"), "write --month 2026-10 or --year 2026"),
        (("report", "--month", "2026-01", "--from", "2026-01-01"), "give --month, or --year, or --from and --to"),
        (("report", "--scope", "edge-1"), '"edge-1" is not a scope; write "platform", "site:almaty" or "node:edge-1"'),
        (("report", "--quantity", "Sessions!"), "cannot name a quantity"),
        (("report", "--zone", "UTC+5"), '"UTC+5" is not a time zone of the tz database'),
        (("report", "--min-coverage", "90"), "--min-coverage is a share above 0 and up to 1"),
        (("report", "--fixed-hour", "20:10"), "is not on a quarter of an hour"),
        (("report", "--fixed-period", "20:00"), "is not a period"),
        (("report", "--live"), "--live needs --from and --to"),
        (("backfill", "--from", "2999-01-01", "--to", "2999-01-02"), "that day is not over in Asia/Almaty"),
        (("import", "x.csv", "--quantity", "sessions", "--step", "soon"), '"soon" is not a duration'),
        (("import", "x.csv", "--quantity", "sessions", "--step", "7m"), "does not divide"),
        (("import", "x.csv", "--quantity", "sessions", "--step", "1h", "--where", "a"), "is not COLUMN=VALUE"),
    ],
)
def test_calls_that_make_no_sense(call: Any, arguments: tuple[str, ...], message: str) -> None:
    status, output, errors = call(*arguments)
    assert (status, output) == (2, "")
    assert message in errors


def test_a_report_of_what_is_not_there(tmp_path: Path, call: Any) -> None:
    call("import", str(evening(tmp_path, 3)), *IMPORT)
    status, _, errors = call("report", "--scope", "site:b", "--quantity", "sessions")
    assert status == 1
    assert "sessions of site:b is not recorded; recorded: sessions of platform" in errors
    status, _, errors = call("report", "--from", "2026-01-10", "--to", "2026-01-20")
    assert status == 1
    assert "no day from 2026-01-10 to 2026-01-20; recorded are 2026-01-01 to 2026-01-03" in errors


def test_a_database_that_cannot_be_opened(tmp_path: Path, call: Any) -> None:
    status, _, errors = call("report", "--database", f"sqlite:///{tmp_path / 'none' / 'x.db'}")
    assert status == 1
    assert "unable to open database file" in errors


def test_check_config(tmp_path: Path, call: Any) -> None:
    good = tmp_path / "good.toml"
    good.write_text('database = "sqlite:////var/lib/ottwatch/busyhour.db"\ntime_zone = "Asia/Qostanay"\n')
    assert call("check-config", "--config", str(good))[:2] == (0, "the settings can be used\n")
    bad = tmp_path / "bad.toml"
    bad.write_text(
        'time_zone = "Almaty"\nday_begins = "5"\nfixed_period = "20:00-20:30"\nmin_coverage = 1.2\nlisten = "here"\n'
        '[[capacity]]\nscope = "node:a"\nsessions = 100\n[[source]]\nquantity = "sessions"\nlevel = "rack"\n'
        'selector = "x"\n'
    )
    status, _, errors = call("check-config", "--config", str(bad))
    assert status == 2
    for message in (
        'time_zone: "Almaty" is not a time zone of the tz database',
        "day_begins: expected a clock time in quotes",
        'listen: must be "ADDRESS:PORT", such as "127.0.0.1:9782"',
        'capacity[1]: node:a needs site = "…"',
        'source[1].level: \'rack\' is not known here; write one of "platform", "site", "node"',
    ):
        assert message in errors
    bad.write_text('fixed_period = "20:00-20:30"\nmin_coverage = 1.2\nrecord_after = "1m"\n')
    status, _, errors = call("check-config", "--config", str(bad))
    assert status == 2
    for message in ("holds no full hour", "min_coverage is a share", "record_after lies between"):
        assert message in errors
