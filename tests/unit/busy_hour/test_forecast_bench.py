"""A few of the generated series with known truth: `./run bench forecasts` has all of them."""

from collections import Counter

import pytest

from bench.forecast_series import series, short_series
from bench.forecasts import judge, judge_short

KINDS = ("growth", "season_and_growth", "plateau", "campaign", "outage", "no_growth")


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_of_known_truth(kind: str) -> None:
    told: Counter[str] = Counter()
    for seed in (3000, 3001):
        told.update(judge(series(kind, seed, 24)))
    assert told["points"] == 24
    assert told["ours"] <= 1.1 * told["naive"]
    assert told["inside"] >= 20
    assert told["right"] == told["answers"]
    assert told["near"] == told["dates"]


@pytest.mark.parametrize("kind", ["growth", "step", "campaign", "drift"])
def test_forecasts_of_some_weeks(kind: str) -> None:
    told: Counter[str] = Counter()
    for seed in range(3000, 3006):
        told.update(judge_short(short_series(kind, seed)))
    assert told["points"] == 24
    assert told["ours"] <= 1.1 * told["naive"]
