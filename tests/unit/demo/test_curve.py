"""How many watch by the hour, and that households and boxes follow it."""

import random
from datetime import datetime

import numpy as np
import pytest

from demo import curve
from demo.platform import audience
from demo.platform.keepalives import BOXES_SWITCHED, switched
from demo.platform.viewers import HOUSEHOLDS


def at(hour: int, minute: int = 0, day: int = 24) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=curve.ZONE).timestamp()


def test_the_evening_is_the_peak_and_a_third_of_it_is_left_at_night() -> None:
    night, evening = curve.expected(at(3)), curve.expected(at(21, 15))
    assert 0.3 <= night.sessions / evening.sessions <= 0.4
    assert 0.3 <= night.boxes / evening.boxes <= 0.4


def test_the_live_audience_is_that_of_the_history_a_week_ago_and_a_little_growth() -> None:
    now = at(23)
    first = curve.first_day(now)
    week_ago = np.array([int(now) - 7 * 86_400])
    sessions = sum(float(curve.sessions_of(edge, week_ago, first, curve.SCALE)[0]) for edge in curve.EDGES)
    assert curve.expected(now).sessions == pytest.approx(sessions, rel=0.15)


def test_the_busiest_hour_needs_no_more_households_and_boxes_than_there_are() -> None:
    most = [curve.expected(at(21, minute, day)) for day in range(1, 29) for minute in range(0, 60, 5)]
    assert max(one.sessions for one in most) / (audience.SCREENS * audience.WATCHES) <= HOUSEHOLDS + 6
    assert max(one.boxes for one in most) <= curve.BOXES * 1.1


def test_boxes_are_as_many_as_wanted_and_mostly_the_same() -> None:
    boxes, rng = list(range(curve.BOXES)), random.Random(1)
    first = switched(boxes, set(), 300, rng)
    more = switched(boxes, first, 420, rng)
    fewer = switched(boxes, more, 415, rng)
    assert [len(one) for one in (first, more, fewer)] == [300, 420, 415]
    assert len(first & more) == round(300 * (1 - BOXES_SWITCHED))
    assert fewer - more  # some were switched on though fewer are on
