"""Figures that rules mark in their texts are written in the reader's language; what is no figure stays and is told."""

from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.core.annotations import by_language, summary_of, unreadable_figures
from alerts.desk.core.text_figures import unreadable, with_figures

NO_BREAK = "\xa0"


# What Prometheus's template functions print: template/template.go of v2.53.
@pytest.mark.parametrize(
    ("printed", "english", "russian"),
    [
        ("86%", "86 %", "86 %"),
        ("4.861%", "4.86 %", "4,86 %"),
        ("0.137%", "0.137 %", "0,137 %"),
        ("1e-05%", "0.00001 %", "0,00001 %"),
        ("99.96%", "100 %", "100 %"),
        ("0s", "0 s", "0 с"),
        ("250ms", "250 ms", "250 мс"),
        ("20us", "0.02 ms", "0,02 мс"),
        ("1.5s", "1.5 s", "1,5 с"),
        ("-2.25s", "−2.25 s", "−2,25 с"),
        ("4m 20s", "4 min 20 s", "4 мин 20 с"),
        ("10m 0s", "10 min", "10 мин"),
        ("-1h 0m 5s", "−1 h", "−1 ч"),
        ("13d 23h 54m 40s", "13 d 23 h", "13 сут 23 ч"),
        ("14d 0h 0m 0s", "14 d", "14 сут"),
        ("54", "54", "54"),
        ("1234567", "1,234,567", f"1{NO_BREAK}234{NO_BREAK}567"),
        ("1.5551e+07", "15,551,000", f"15{NO_BREAK}551{NO_BREAK}000"),
        ("-14.9", "−14.9", "−14,9"),
        ("+Inf", "∞", "∞"),
        ("-Inf", "−∞", "−∞"),
        ("1.205GiB", "1.21 GiB", "1,21 ГиБ"),
        ("512B", "512 B", "512 Б"),
        ("2.5Gbit/s", "2.5 Gbit/s", "2,5 Гбит/с"),
        ("950bit/s", "950 bit/s", "950 бит/с"),
    ],
)
def test_figures_are_written_in_each_language(printed: str, english: str, russian: str) -> None:
    text = f"before ‹{printed}›, after"
    assert with_figures(text, "en", UTC) == f"before {english}, after"
    assert with_figures(text, "ru", UTC) == f"before {russian}, after"
    assert unreadable(text) == []


# fmt.Sprint of a time.Time in UTC, as `humanizeTimestamp` returns it: with as many decimals as the moment has.
@pytest.mark.parametrize(
    ("printed", "zone", "english", "russian"),
    [
        ("2026-03-01 07:00:15 +0000 UTC", UTC, "1 Mar 2026 07:00:15", "1 марта 2026 07:00:15"),
        ("2026-03-01 07:00:15.123 +0000 UTC", ZoneInfo("Asia/Almaty"), "1 Mar 2026 12:00:15", "1 марта 2026 12:00:15"),
        ("2026-12-31 21:30:00.5 +0000 UTC", ZoneInfo("Asia/Almaty"), "1 Jan 2027 02:30:00", "1 янв. 2027 02:30:00"),
        ("2024-02-29 18:00:00 +0000 UTC", ZoneInfo("Asia/Almaty"), "29 Feb 2024 23:00:00", "29 февр. 2024 23:00:00"),
        (
            "1970-01-01 00:00:00 +0000 UTC",
            timezone(-timedelta(hours=5)),
            "31 Dec 1969 19:00:00",
            "31 дек. 1969 19:00:00",
        ),
    ],
)
def test_moments_are_written_in_the_zone_in_which_people_read(
    printed: str, zone: tzinfo, english: str, russian: str
) -> None:
    text = f"left at ‹{printed}› (allowed: ‹1m 0s›)"
    assert with_figures(text, "en", zone) == f"left at {english} (allowed: 1 min)"
    assert with_figures(text, "ru", zone) == f"left at {russian} (allowed: 1 мин)"
    assert unreadable(text) == []


@pytest.mark.parametrize(
    "printed",
    [
        "2026-13-01 07:00:15 +0000 UTC",
        "2026-03-01 07:00:15 +0500 +05",
        "0001-01-01 00:00:00 +0000 UTC",
        "2026-03-01",
        "9999-12-31 23:59:59 +0000 UTC",
        "292277026-03-01 00:00:00 +0000 UTC",
    ],
)
def test_what_is_no_moment_stays_as_it_is(printed: str) -> None:
    assert with_figures(f"‹{printed}›", "ru", ZoneInfo("Asia/Almaty")) == f"‹{printed}›"
    assert unreadable(f"‹{printed}›") == [f"‹{printed}›"]


def test_no_number_is_written_as_the_language_says_it() -> None:
    assert with_figures("‹NaN›", "ru", UTC) == f"не{NO_BREAK}число"


def test_a_language_without_texts_has_its_own_signs_and_one_that_nobody_knows_is_english() -> None:
    assert with_figures("‹4.861%›, ‹12345›", "kk", UTC) == f"4,86 %, 12{NO_BREAK}345"
    assert with_figures("‹4.861%›", "zz", UTC) == "4.86 %"


@pytest.mark.parametrize("marked", ["‹›", "‹ s›", "‹86 percent›", "‹3 Gb›", "‹edge-1›", "‹1h 5s›", "‹1.5.2›", "‹0x1F›"])
def test_what_cannot_be_read_stays_as_it_is(marked: str) -> None:
    text = f"‹54› of {marked} nodes"
    assert with_figures(text, "ru", UTC) == f"54 of {marked} nodes"
    assert unreadable(text) == [marked]


@pytest.mark.parametrize(
    "text", ["no marks: rate(x[5m]) > 86%", "only ‹ one", "a › b ‹ c", "Node edge-1 (almaty) was restarted 9m 50s ago"]
)
def test_a_text_without_marks_is_left_alone(text: str) -> None:
    assert with_figures(text, "ru", UTC) == text
    assert unreadable(text) == []


def test_texts_of_an_alert_come_by_language() -> None:
    annotations = {"summary": "full: ‹86%›", "summary_ru": "полон: ‹86.5%›", "summary_kk": "‹1.5s›", "value": "‹x›"}
    assert by_language(annotations, "summary", "alarm", UTC) == {
        "en": "full: 86 %",
        "ru": "полон: 86,5 %",
        "kk": "1,5 s",
    }
    assert summary_of(annotations, {}, "ru", UTC) == "полон: 86,5 %"
    assert summary_of({"summary": "‹2%›"}, {}, "ru", UTC) == "2 %"
    assert summary_of({}, {"alertname": "DiskFull"}, "ru", UTC) == "DiskFull"
    assert unreadable_figures(annotations) == [], "`value` is no text"
    assert unreadable_figures({"description_ru": "‹x›", "message": "‹y›"}) == ["‹x›", "‹y›"]
