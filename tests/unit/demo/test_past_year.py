"""The year before the demo's history: it meets the history, and with it the forecast tells a date, none too near."""

from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from dashboards.busy_hour.app import settings
from dashboards.busy_hour.forecast.forecast import forecast
from dashboards.busy_hour.measures.capacity import ACT, surviving
from demo import configuration, curve, history, past_year
from demo.layout import Layout

NOW = 1_795_000_000.0
ALARM_DAYS = 180  # CapacityExhaustionNear


@pytest.fixture(scope="module")
def quarters() -> list[tuple[int, float]]:
    return list(history.quarters_before(curve.first_day(NOW), past_year.DAYS, curve.SCALE))


def test_the_quarters_end_where_the_history_begins(quarters: list[tuple[int, float]]) -> None:
    starts = np.array([at for at, _ in quarters])
    assert len(starts) == past_year.DAYS * 96
    assert set(np.diff(starts)) == {900}
    end = datetime.fromtimestamp(int(starts[-1]) + 900, curve.ZONE)
    assert (end.date(), end.time()) == (curve.first_day(NOW), time(0))


def test_capacity_runs_out_at_a_date_that_raises_no_alarm(tmp_path: Path, quarters: list[tuple[int, float]]) -> None:
    file = tmp_path / "busyhour.toml"
    file.write_text(configuration.busy_hour(Layout.make(tmp_path)), "utf-8")
    left = surviving(settings.read(file).capacity, "platform", "subscribers_online")
    assert left is not None
    day = np.array([served for _, served in quarters]).reshape(-1, 96)
    busiest = (day[:, :-3] + day[:, 1:-2] + day[:, 2:-1] + day[:, 3:]).max(axis=1) / 4
    first = curve.first_day(NOW) - timedelta(days=past_year.DAYS)
    days = {first + timedelta(days=number): float(value) for number, value in enumerate(busiest)}
    made = forecast(days, [(ACT, ACT * left.surviving)])
    assert made is not None
    (found,) = made.exhaustion
    assert found.likely is not None
    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest > curve.first_day(NOW) + timedelta(weeks=curve.WEEKS, days=ALARM_DAYS + 30)
    assert found.latest < curve.first_day(NOW) + timedelta(weeks=curve.WEEKS, days=730)
