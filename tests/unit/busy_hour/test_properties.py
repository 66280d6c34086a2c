"""What holds for any traffic."""

import os
import subprocess
import sys
from datetime import date, timedelta
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.busy_hour.measures import traffic
from dashboards.busy_hour.measures.series import HOUR, Calendar, DaySeries, Floats, combine, day_series
from dashboards.busy_hour.measures.traffic import Day
from tests.unit.busy_hour.example import ALMATY

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 10, 5)
NIGHTS = {ALMATY: [date(2024, 2, 29), MONDAY], BERLIN: [date(2026, 3, 29), date(2026, 10, 25), MONDAY]}

values = st.floats(0, 1e12, allow_subnormal=False)
days = st.sampled_from([(zone, day) for zone, nights in NIGHTS.items() for day in nights])


@st.composite
def minutes(draw: st.DrawFn, *, gaps: bool = True) -> tuple[ZoneInfo, DaySeries, Floats]:
    """A day of minute values built from few drawn numbers, with missing minutes where asked for."""
    zone, when = draw(days)
    span = Calendar(zone).day(when)
    levels = np.array(draw(st.lists(values, min_size=1, max_size=40)))
    count = (span.end - span.start) // 60
    raw = levels[np.arange(count) // draw(st.integers(1, 90)) % len(levels)]
    if gaps:
        for start, length in draw(st.lists(st.tuples(st.integers(0, count), st.integers(1, 300)), max_size=4)):
            raw = raw.copy()
            raw[start : start + length] = np.nan
    times = span.start + 60.0 * np.arange(count)
    present = ~np.isnan(raw)
    return zone, day_series(span, times[present], raw[present], 60), raw


@given(minutes())
def test_the_busy_hour_is_never_below_another_hour_of_its_day(
    drawn: tuple[ZoneInfo, DaySeries, Floats],
) -> None:
    zone, series, _ = drawn
    day = Day(series, zone)
    peak = day.peak("quarter")
    hours, _ = traffic.hours(series.slots, 900, traffic.WINDOW_PRESENT)
    known = hours[~np.isnan(hours)]
    assert (peak is None) == (len(known) == 0)
    if peak is not None:
        assert peak.value >= known.max() * (1 - 1e-12)
        full = day.peak("full")
        assert full is None or full.value <= peak.value * (1 + 1e-12)
        assert series.span.start <= peak.start <= series.span.end - HOUR


@settings(max_examples=50)
@given(st.lists(st.lists(values, min_size=96, max_size=96), min_size=1, max_size=6))
def test_the_daily_peaks_average_to_no_less_than_the_consistent_hour(table: list[list[float]]) -> None:
    made = []
    for number, row in enumerate(table):
        span = Calendar(ALMATY).day(MONDAY + timedelta(days=number))
        made.append(Day(DaySeries(span, 900, np.array(row), 900, np.array(row)), ALMATY))
    average = traffic.average_day(made)
    for candidates in ("quarter", "full"):
        peaks, busy = traffic.adph(made, candidates), traffic.tcbh(average, candidates)
        assert peaks is not None
        assert busy is not None
        assert peaks >= busy.value * (1 - 1e-9)
        fixed = traffic.fdmh(made, 20 * HOUR)
        assert fixed is not None
        assert fixed <= peaks * (1 + 1e-9)


@settings(max_examples=50)
@given(st.lists(st.lists(values, min_size=96, max_size=96), min_size=1, max_size=4))
def test_the_peaks_of_the_parts_add_up_to_no_less_than_the_peak_of_the_whole(table: list[list[float]]) -> None:
    span = Calendar(ALMATY).day(MONDAY)
    parts = [DaySeries(span, 900, np.array(row), 900, np.array(row)) for row in table]
    whole = [Day(combine(parts), ALMATY)]
    found = traffic.coincidence(whole, {f"node:{number}": [Day(part, ALMATY)] for number, part in enumerate(parts)})
    if found is not None:
        assert found.sum_of_elements >= found.whole * (1 - 1e-9)
        assert found.factor <= 1 + 1e-9


@given(minutes(gaps=False), st.integers(0, 1400), st.integers(1, 1500))
def test_a_gap_never_invents_traffic(drawn: tuple[ZoneInfo, DaySeries, Floats], start: int, length: int) -> None:
    zone, whole, raw = drawn
    times = whole.span.start + 60.0 * np.arange(len(raw), dtype=np.float64)
    kept = np.ones(len(raw), dtype=bool)
    kept[start : start + length] = False
    holed = day_series(whole.span, times[kept], raw[kept], 60)
    present = ~np.isnan(holed.slots)
    assert holed.coverage <= whole.coverage
    # A quarter that is left whole is unchanged; one that lost some minutes lies between its own minutes.
    low = np.array([raw[at : at + 15].min() for at in range(0, len(raw), 15)])
    high = np.array([raw[at : at + 15].max() for at in range(0, len(raw), 15)])
    assert (holed.slots[present] >= low[present] * (1 - 1e-12)).all()
    assert (holed.slots[present] <= high[present] * (1 + 1e-12)).all()
    peak = Day(holed, zone).peak("quarter")
    assert peak is None or peak.value <= high.max() * (1 + 1e-12)


@given(minutes(), st.lists(st.integers(0, 1440), max_size=5), st.randoms(use_true_random=False))
def test_chunks_and_the_order_of_samples_do_not_matter(
    drawn: tuple[ZoneInfo, DaySeries, Floats], cuts: list[int], random: Random
) -> None:
    _, whole, raw = drawn
    present = np.flatnonzero(~np.isnan(raw))
    chunks = np.split(present, np.searchsorted(present, sorted(cuts)))
    random.shuffle(chunks)
    mixed = np.concatenate(chunks)
    again = day_series(whole.span, whole.span.start + 60.0 * mixed.astype(np.float64), raw[mixed], 60)
    assert again.slots.tobytes() == whole.slots.tobytes()
    assert again.fine.tobytes() == whole.fine.tobytes()


@given(minutes())
def test_days_of_a_clock_change_have_their_own_length(
    drawn: tuple[ZoneInfo, DaySeries, Floats],
) -> None:
    zone, series, _ = drawn
    expected = {(ALMATY, date(2024, 2, 29)): 100, (BERLIN, date(2026, 3, 29)): 92, (BERLIN, date(2026, 10, 25)): 100}
    assert len(series.slots) == expected.get((zone, series.span.day), 96)


def test_the_zone_of_the_machine_does_not_matter() -> None:
    program = (
        "from datetime import date\nfrom zoneinfo import ZoneInfo\nimport numpy as np\n"
        "from dashboards.busy_hour.measures.series import Calendar, day_series\n"
        "from dashboards.busy_hour.measures.traffic import Day\n"
        "zone = ZoneInfo('Asia/Almaty')\n"
        "for when in (date(2024, 2, 29), date(2026, 10, 5)):\n"
        "    span = Calendar(zone).day(when)\n"
        "    times = np.arange(span.start, span.end, 60.0)\n"
        "    day = Day(day_series(span, times, np.sin(times / 9000) + 1, 60), zone)\n"
        "    print(span, day.peak('quarter'), day.peak('full'), day.coverage)\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={**os.environ, "TZ": zone}
        ).stdout
        for zone in ("UTC", "America/New_York", "Asia/Kathmandu")
    }
    assert len(answers) == 1, answers
