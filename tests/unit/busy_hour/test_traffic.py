"""The measures, on figures worked out by hand."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from dashboards.busy_hour.measures import exceptional_days as exceptional
from dashboards.busy_hour.measures import traffic
from dashboards.busy_hour.measures.series import HOUR, Calendar, DaySeries, clock_text, coarsen, local_text
from tests.unit.busy_hour.example import ALMATY, day, quarters, series

MONDAY = date(2026, 10, 5)


def five_days() -> list[traffic.Day]:
    """Every day one hour of 1000 amid 100: two days at 20:00, two at 20:30, one at 21:00."""
    starts = [80, 80, 82, 82, 84]

    def course(start: int) -> Callable[[int], float]:
        return lambda quarter: 1000.0 if start <= quarter < start + 4 else 100.0

    return [day(MONDAY + timedelta(days=number), course(start)) for number, start in enumerate(starts)]


def test_each_day_has_its_own_peak() -> None:
    peaks = [found.peak("quarter") for found in five_days()]
    assert [(peak.value, clock_text(peak.clock)) for peak in peaks if peak] == [
        (1000.0, "20:00"),
        (1000.0, "20:00"),
        (1000.0, "20:30"),
        (1000.0, "20:30"),
        (1000.0, "21:00"),
    ]
    full = [found.peak("full") for found in five_days()]
    # At :30 a full hour holds half of the busy one: (1000 + 1000 + 100 + 100) / 4; 20:00 and 21:00 tie, the first wins.
    assert [(peak.value, clock_text(peak.clock)) for peak in full if peak][2:4] == [(550.0, "20:00")] * 2


def test_the_averages() -> None:
    days = five_days()
    average = traffic.average_day(days)
    assert traffic.adph(days, "quarter") == 1000.0
    assert traffic.adph(days, "full") == pytest.approx((3 * 1000 + 2 * 550) / 5)
    # 20:30 and 20:45 are busy on four days, 20:00 and 20:15 on two, 21:00 and 21:15 on three.
    assert traffic.tcbh(average, "quarter") == pytest.approx(((820 + 820 + 640 + 640) / 4, 82 * 900))
    assert traffic.tcbh(average, "full") == pytest.approx(((460 + 460 + 820 + 820) / 4, 20 * HOUR))
    assert traffic.fdmh(days, 20 * HOUR) == pytest.approx(640)
    assert traffic.fdmp(average, 21 * HOUR, 23 * HOUR) == pytest.approx(((640 + 640 + 280 + 280) / 4, 21 * HOUR))
    assert traffic.fdmp(average, 21 * HOUR, 21 * HOUR + 1800) is None


def hours_of(found: traffic.Day, phase: int = 0) -> traffic.Day:
    """Return a day as another program kept it: hours, from a minute of the hour on."""
    span, slots = found.series.span, found.series.slots
    kept = np.concatenate([slots[phase // 900 :], np.full(phase // 900, np.nan)])
    values = coarsen(kept, 4)
    return traffic.Day(DaySeries(span, HOUR, values, HOUR, values), found.zone, phase)


@pytest.mark.parametrize("phase", [0, 1800])
def test_days_of_quarters_beside_days_of_hours_are_averaged_by_hours(phase: int) -> None:
    days = five_days()
    mixed = [*(hours_of(found, phase) for found in days[:3]), *days[3:]]
    alone = [hours_of(found, phase) for found in days]
    average, expected = traffic.average_day(mixed), traffic.average_day(alone)
    assert average is not None
    assert expected is not None
    assert (average.step, average.clock.tolist()) == (HOUR, expected.clock.tolist())
    assert average.slots.tolist() == pytest.approx(expected.slots.tolist(), nan_ok=True)
    at = 20 * HOUR + phase
    assert traffic.fdmh(mixed, at) == pytest.approx(traffic.fdmh(alone, at))
    assert traffic.fdmh(mixed, at + 900) is None  # no hour of all days begins then


def test_hours_that_begin_at_other_minutes_are_not_averaged() -> None:
    days = five_days()
    with pytest.raises(traffic.StepError, match="2026-10-05 has values every 3600 s from 0 s on, and other days every"):
        traffic.average_day([hours_of(days[0]), hours_of(days[1], 1800)])


def test_short_averages_of_several_lengths_have_the_shortest_that_all_days_have() -> None:
    first, second = five_days()[:2]
    values, step = traffic.fine_values([first, hours_of(second)])
    assert (step, len(values)) == (HOUR, 48)
    assert values[:24].tolist() == values[24:].tolist()


def test_share_and_peak_to_average() -> None:
    [first, *_] = five_days()
    peak = first.peak("quarter")
    assert peak is not None
    assert first.share(peak) == pytest.approx(1000 / (1000 + 23 * 100))


def test_a_missing_quarter_makes_the_hour_partial_and_two_make_it_unusable() -> None:
    at = quarters({"20:00": 400.0, "20:15": math.nan, "20:30": 400.0, "20:45": 400.0, "21:00": 400.0}, other=0.0)
    found = day(MONDAY, at)
    peak = found.peak("quarter")
    assert peak is not None
    assert (peak.value, clock_text(peak.clock), peak.partial) == (400.0, "20:00", True)
    strict = found.strict_peak()
    assert strict is not None
    assert (strict.value, clock_text(strict.clock), strict.partial) == (300.0, "20:30", False)
    gone = day(MONDAY, quarters({"20:00": 400.0, "20:15": math.nan, "20:30": 400.0, "20:45": math.nan}, other=0.0))
    assert gone.hour_at(20 * HOUR) is None


def test_a_day_without_data_has_no_peak() -> None:
    assert day(MONDAY, lambda _: math.nan).peak("quarter") is None
    assert traffic.adph([day(MONDAY, lambda _: math.nan)], "quarter") is None
    assert traffic.average_day([]) is None


def test_a_quarter_of_the_average_day_needs_three_days_in_four() -> None:
    days = five_days()
    holed = days[0].series.slots.copy()
    holed[82] = np.nan
    twice = [traffic.Day(series(found.series.span, holed), ALMATY) for found in days[:2]]
    average = traffic.average_day([*twice, *days[2:]])
    assert average is not None
    assert math.isnan(average.slots[82])
    one = traffic.average_day([twice[0], *days[1:]])
    assert one is not None
    assert one.slots[82] == pytest.approx((3 * 1000 + 100) / 4)


def test_the_night_clocks_went_back_has_100_quarters_and_two_hours_at_23() -> None:
    found = day(date(2024, 2, 29), quarters({"23:00": 500.0, "23:15": 500.0, "23:30": 500.0, "23:45": 500.0}))
    assert len(found.series.slots) == 100
    assert found.offset_change
    peak = found.peak("quarter")
    assert peak is not None
    assert local_text(peak.start, ALMATY) == "2024-02-29T23:00+06:00"  # both passes are equal, the first wins
    assert found.hour_at(23 * HOUR) is None  # 23:00 came twice: no one hour has that label
    assert found.hour_at(22 * HOUR) == 100.0
    assert traffic.average_day([found]) is None


def test_the_night_clocks_went_forward_has_92_quarters() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = day(date(2026, 3, 29), quarters({"03:00": 500.0, "03:15": 500.0, "03:30": 500.0, "03:45": 500.0}), berlin)
    assert len(found.series.slots) == 92
    peak = found.peak("full")
    assert peak is not None
    assert local_text(peak.start, berlin) == "2026-03-29T03:00+02:00"
    assert found.hour_at(2 * HOUR) is None


def test_a_day_may_begin_at_five() -> None:
    span = Calendar(ALMATY, begins=Calendar(ALMATY).begins.replace(hour=5)).day(MONDAY)
    slots = np.full(96, 100.0)
    slots[74:78] = 900.0  # 23:30 to 00:30
    found = traffic.Day(series(span, slots), ALMATY)
    peak = found.peak("quarter")
    assert peak is not None
    assert (clock_text(peak.clock), peak.value) == ("23:30", 900.0)


def test_coincidence() -> None:
    early = [day(MONDAY, lambda q: 300.0 if 76 <= q < 80 else 0.0)]
    late = [day(MONDAY, lambda q: 500.0 if 80 <= q < 84 else 0.0)]
    whole = [day(MONDAY, lambda q: 300.0 if 76 <= q < 80 else 500.0 if 80 <= q < 84 else 0.0)]
    assert traffic.coincidence(whole, {"a": early, "b": late}) == traffic.Coincidence(
        800.0, 500.0, 0.625, 1, {"a": 300.0, "b": 500.0}
    )
    assert traffic.coincidence(whole, {}) is None


def test_load_levels_and_percentile() -> None:
    assert traffic.load_levels([5.0, 9.0, 7.0, 8.0]) == traffic.LoadLevels(8.0, 5.0, None, None)
    assert traffic.load_levels([float(n) for n in range(1, 31)]) == traffic.LoadLevels(29.0, 27.0, 28.0, 15.5)
    found = traffic.percentile_95(np.array([float(n) for n in range(1, 101)] + [math.nan]))
    assert found == pytest.approx((95.0, 95.05, 100, 5))
    assert traffic.percentile_95(np.array([math.nan])) is None


def test_stability() -> None:
    days = five_days()
    found = traffic.stability(days, traffic.tcbh(traffic.average_day(days), "quarter"))
    assert found is not None
    assert found.ratio == pytest.approx(1000 / 730)
    assert not found.stable
    steady = [day(MONDAY + timedelta(days=n), lambda q: 1000.0 if 80 <= q < 84 else 100.0) for n in range(5)]
    calm = traffic.stability(steady, traffic.tcbh(traffic.average_day(steady), "quarter"))
    assert calm == traffic.Stability(1.0, 20 * HOUR, 0, 1.0, stable=True)
    assert traffic.stability(steady[:4], traffic.ClockHour(1.0, 0)) is None


def test_exceptional_days_are_proposed_on_either_side() -> None:
    usual = {MONDAY + timedelta(days=n): 1000.0 + n for n in range(9)}
    feast, outage = MONDAY + timedelta(days=20), MONDAY + timedelta(days=21)
    proposals = exceptional.propose({**usual, feast: 1100.0, outage: 700.0})
    assert [found.day for found in proposals] == [feast, outage]
    assert proposals[0].z == pytest.approx(0.6745 * (1100 - 1004) / 3)
    assert exceptional.propose(dict.fromkeys(usual, 5.0)) == []
    assert exceptional.propose({}) == []
