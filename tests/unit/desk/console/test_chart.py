"""Charts: what is drawn where, gaps, round steps, and a picture that says when it has nothing."""

import re
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from alerts.desk.web.chart import Frame, Line, Mark, line_chart

RU = Words("ru", ZoneInfo("Asia/Almaty"))
EN = Words("en", ZoneInfo("Asia/Almaty"))
START = 1_772_337_600.0  # 2026-03-01 09:00 in Almaty
DAY = 86_400.0


def paths(drawn: str, kind: str = "main") -> list[str]:
    group = re.search(rf'<g class="line {kind}">(.*?)</g>', drawn)
    return re.findall(r'd="([^"]+)"', group[1]) if group else []


def test_a_line_runs_from_edge_to_edge_and_from_nothing_to_the_highest_step() -> None:
    drawn = line_chart(EN, "T", [Line("now", [(START, 0.0), (START + DAY, 100.0)])], Frame(START, START + DAY, "count"))
    assert paths(drawn) == ["M62.0 160.0L632.0 8.0"]
    assert re.findall(r'class="value"[^>]*>([^<]+)', drawn) == ["0", "25", "50", "75", "100"]


def test_a_gap_breaks_the_line_and_a_lone_point_is_a_dot() -> None:
    points = [(START, 1.0), (START + 60, 1.0), (START + 600, 1.0)]
    drawn = line_chart(EN, "T", [Line("now", points)], Frame(START, START + 600, "count"), gap=90)
    pieces = paths(drawn)
    assert len(pieces) == 2
    assert pieces[1] == "M632.0 8.0L632.0 8.0"


def test_times_are_round_in_the_local_zone() -> None:
    drawn = line_chart(RU, "T", [Line("n", [(START, 1.0)])], Frame(START, START + DAY, "count"))
    times = re.findall(r'class="time"[^>]*>([^<]+)', drawn)
    assert times[:2] == ["09:00", "12:00"]
    assert any("2" in text and ":" not in text for text in times), times  # midnight is said as the day


def test_a_long_chart_has_days() -> None:
    drawn = line_chart(EN, "T", [Line("n", [(START, 1.0)])], Frame(START, START + 30 * DAY, "count"))
    times = re.findall(r'class="time"[^>]*>([^<]+)', drawn)
    assert 2 <= len(times) <= 9
    assert not any(":" in text for text in times)


def labels(drawn: str, kind: str) -> list[str]:
    return re.findall(rf'class="{kind}"[^>]*>([^<]+)', drawn)


def test_a_small_chart_has_few_labels() -> None:
    drawn = line_chart(EN, "T", [Line("n", [(START, 95.0)])], Frame(START, START + DAY, "count", 300, 96))
    assert labels(drawn, "value") == ["0", "50", "100"]
    assert 2 <= len(labels(drawn, "time")) <= 5
    tiny = line_chart(EN, "T", [Line("n", [(START, 95.0)])], Frame(START, START + DAY, "count", 100, 40))
    assert labels(tiny, "value") == ["0", "100"]
    assert labels(tiny, "time")


@pytest.mark.parametrize(("highest", "shown"), [(1, ["0", "1"]), (3, ["0", "1", "2", "3"]), (9, ["0", "5", "10"])])
def test_what_is_counted_has_whole_labels(highest: float, shown: list[str]) -> None:
    assert (
        labels(line_chart(EN, "T", [Line("n", [(START, highest)])], Frame(START, START + DAY, "count")), "value")
        == shown
    )


def test_what_is_not_finite_or_outside_is_not_drawn() -> None:
    points = [(START - 1, 5.0), (START, float("nan")), (START + 1, float("inf"))]
    drawn = line_chart(EN, "T", [Line("n", points)], Frame(START, START + 10, "count"))
    assert "<svg" not in drawn
    assert EN("chart.empty") in drawn


def test_names_are_escaped_and_marks_are_inside() -> None:
    marks = [Mark("<b>", START + 5), Mark("outside", START + 50)]
    drawn = line_chart(EN, "<i>", [Line("<u>", [(START, 1.0)])], Frame(START, START + 10, "count"), marks)
    assert "<i>" not in drawn.replace("<i aria-hidden", "")
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn
    assert "outside" not in drawn


@pytest.mark.parametrize(
    ("value", "unit", "russian", "english"),
    [
        (1_234_567, "count", "1\xa0234\xa0567", "1,234,567"),
        (0.0456, "ratio", "4,6 %", "4.6 %"),
        (0.7, "ratio", "70 %", "70 %"),
        (12_340_000_000, "bits", "12,3 Гбит/с", "12.3 Gbit/s"),
        (999, "bits", "999 бит/с", "999 bit/s"),
        (0.25, "seconds", "250 мс", "250 ms"),
        (90, "seconds", "1 мин 30 с", "1 min 30 s"),
        (-3.14159, "number", "−3,14", "−3.14"),
    ],
)
def test_figures(value: float, unit: Unit, russian: str, english: str) -> None:
    assert figure(RU, value, unit) == russian
    assert figure(EN, value, unit) == english
