"""Mistakes in desk.toml are told all at once, each under its key; every setting is in the manual."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.app.wiring import policy_of
from alerts.desk.core import calendar_settings, settings
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.settings import DEFAULT_PRIORITIES, PrioritySettings, Settings, read_settings
from alerts.desk.tickets.calendars import BusinessHours, business_hours
from service.settings import Seconds, SettingsError
from tests.conftest import ROOT


def faults(folder: Path, text: str) -> dict[str, str]:
    file = folder / "desk.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    return {fault.key: fault.problem for fault in caught.value.faults}


def test_three_mistakes_give_three_messages(tmp_path: Path) -> None:
    found = faults(tmp_path, 'listen = "nowhere"\nlangage = "ru"\ntime_zone = "Asia/Almata"\n')
    assert found == {
        "listen": 'must be "ADDRESS:PORT", such as "127.0.0.1:9781" or "[::1]:9781", not \'nowhere\'',
        "langage": 'unknown key; did you mean "language"?',
        "time_zone": '"Asia/Almata" is not a time zone of the tz database; write for example "Asia/Almaty"',
    }


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('database = "mysql://x"', "database", "not supported"),
        ('database = "postgresql+psycopg://u:p@h/d"', "database", "password does not belong"),
        ('language = "kk"', "language", 'write one of "en", "ru"'),
        ('prometheus = "localhost:9090"', "prometheus", "http://"),
        ('[priorities.P1]\nacknowlege = "5m"', "priorities.P1.acknowlege", 'did you mean "acknowledge"?'),
        ('[priorities]\nP1 = "5m"', "priorities.P1", "expected a table"),
        ('[priorities.P9]\nacknowledge = "5m"\nrestore = "1h"', "", "no such priority P9"),
        ('[[vendor]]\nname = "V"\nmail = "v@x"\ncalendar = "none"', "", 'no calendar "none"'),
        ('[calendars.shift]\ndays = ["mon"]', "calendars.shift", "days: no such day: mon"),
        ('[calendars.shift]\nholidays = "XX"', "calendars.shift", "no holidays are known"),
        ('[[target]]\nname = "t"\nkind = "mail"\nto = ["a@b"]', "", "needs the table [smtp]"),
        ('[[target]]\nname = "t"\nkind = "apprise"', "target[1]", "needs url"),
        ('[[target]]\nname = "t"\nkind = "pigeon"', "target[1].kind", '"apprise"'),
        ('[calendars.shift]\nopens = "9"', "calendars.shift", 'opens "9" is not an hour'),
        ('[calendars.shift]\ncloses = "18:00+05:00"', "calendars.shift", 'write for example "09:00"'),
        ('[calendars.shift]\nopen_days = ["21.03."]', "calendars.shift", 'open_days: "21.03." is not a day'),
        ('[priorities.P1]\nacknowledge = "0s"\nrestore = "1h"', "priorities.P1", "acknowledge must be more than 0"),
        ('proxies = ["proxy.example"]', "", '"proxy.example" is no IP address'),
        ('reconcile = "0s"', "", "reconcile must be more than 0"),
        ("[limits]\nlogin_failures = 0", "limits", "login_failures must be more than 0"),
        ('[retention]\ntickets = "0s"', "retention", "tickets must be more than 0"),
        ('[[vendor]]\nname = ""\nmail = "v@x"', "vendor[1]", "the name '' is empty"),
        ('[[vendor]]\nname = "V"\nmail = "v@x\\nBcc: all@x"', "vendor[1]", "is not a mail address"),
        ('[[vendor]]\nname = "V"\nmail = "v@x"\nescalation_mail = "boss"', "vendor[1]", "escalation_mail: 'boss'"),
        ('[smtp]\nhost = "h"\nsender = "a@b\\nBcc: c@d"', "smtp", "is not a mail address"),
        ('[smtp]\nhost = "h"\nsender = "a@b"\nport = 0', "smtp", "not between 1 and 65535"),
        ('[[target]]\nname = "t\\n"\nkind = "mail"\nto = ["a@b"]', "target[1]", "cannot be printed"),
        ('[[target]]\nname = "t"\nkind = "mail"\nto = ["a@b\\nc"]', "target[1]", "is not a mail address"),
        ('[smtp]\nhost = "h"\nsender = "a@b"\nsecurity = "none"\npassword = { env = "X" }', "smtp", "in the clear"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, key: str, problem: str) -> None:
    found = faults(tmp_path, text)
    assert list(found) == [key]
    assert problem in found[key]


def test_kazakhstan_does_not_work_on_nauryz_unless_a_decree_says_so() -> None:
    calendar = policy_of(Settings()).targets["P4"].calendar
    assert isinstance(calendar, BusinessHours)
    nauryz = (datetime(2026, 3, 23, 0, tzinfo=UTC), datetime(2026, 3, 24, 0, tzinfo=UTC))
    assert date(2026, 3, 23) in calendar.closed
    assert calendar.working(*nauryz) == 0
    decreed = BusinessHours(calendar.week, calendar.zone, calendar.closed, frozenset({date(2026, 3, 23)}))
    assert decreed.working(*nauryz) == 9 * 3600


def test_a_decreed_working_day_has_hours_though_mondays_are_free() -> None:
    table = CalendarSettings(days=("tuesday", "saturday"), open_days=("2026-03-09",), holidays="")
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    assert business_hours(table, ZoneInfo("UTC")).working(monday, monday + timedelta(days=1)) == 9 * 3600


def test_a_day_may_end_at_midnight() -> None:
    calendar = business_hours(CalendarSettings(opens="00:00", closes="24:00", holidays=""), ZoneInfo("Europe/Berlin"))
    friday, monday = datetime(2026, 3, 27, 0, tzinfo=calendar.zone), datetime(2026, 3, 30, 12, tzinfo=calendar.zone)
    assert calendar.working(friday, monday) == 36 * 3600
    assert calendar.after(friday, 25 * 3600) == monday.replace(hour=1)


def test_a_day_whose_hours_the_clock_leaves_out_has_none() -> None:
    calendar = business_hours(
        CalendarSettings(days=("sunday",), opens="02:30", closes="03:00", holidays=""), ZoneInfo("Europe/Berlin")
    )
    night = datetime(2026, 3, 29, tzinfo=UTC)
    assert calendar.working(night, night + timedelta(days=1)) == 0
    assert calendar.working(night, night + timedelta(days=8)) == 1800


def test_every_setting_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "desk.md").read_text("utf-8")
    tables = [value for value in vars(settings).values() if isinstance(value, type) and is_dataclass(value)]
    ours = [each for each in tables if each.__module__ in (settings.__name__, calendar_settings.__name__)]
    assert {Settings, CalendarSettings} <= {*ours}
    for table in ours:
        for field in fields(table):
            assert f"`{field.name}`" in manual or f"[{field.name}]" in manual or f"[{field.name}." in manual, field.name


def test_a_priority_leaves_what_it_does_not_name_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "desk.toml"
    file.write_text('[priorities.P3]\ncalendar = "business"\n[priorities.P4]\nrestore = "90h"\n', "utf-8")
    found = read_settings(file).priorities
    assert found == {
        "P3": replace(DEFAULT_PRIORITIES["P3"], calendar="business"),
        "P4": replace(DEFAULT_PRIORITIES["P4"], restore=Seconds(90 * 3600.0)),
    }
    assert DEFAULT_PRIORITIES["P4"] == PrioritySettings(Seconds(9 * 3600.0), Seconds(45 * 3600.0), "business")


@pytest.mark.parametrize(
    ("whole", "wanted"), [("", ["ru", "en", "ru", "en"]), ('language = "en"\n', ["en", "en", "en", "en"])]
)
def test_who_has_no_language_of_their_own_has_the_desks(tmp_path: Path, whole: str, wanted: list[str]) -> None:
    file = tmp_path / "desk.toml"
    tables = "".join(
        f'[[{kind}]]\nname = "{kind} {language}"\n{rest}\n' + (f'language = "{language}"\n' if language else "")
        for kind, rest in (("vendor", 'mail = "a@b.example"'), ("target", 'kind = "grafana"\nurl = { env = "URL" }'))
        for language in ("", "en")
    )
    file.write_text(whole + tables, "utf-8")
    found = read_settings(file)
    assert [each.language for each in found.vendor] + [each.language for each in found.target] == wanted
