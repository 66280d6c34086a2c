"""What if: growth, nodes, losses, events; and nodes that the capacity leaves out."""

import math
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dashboards.busy_hour.forecast.forecast import Assumed, Forecast, forecast
from dashboards.busy_hour.measures.capacity import Capacity
from dashboards.busy_hour.measures.scenario import (
    Node,
    Scenario,
    event_of,
    growth_of,
    left,
    lost_of,
    node_of,
    unstated,
)
from dashboards.busy_hour.report import capacity_words
from dashboards.busy_hour.report.words import Words

NODES = [
    Capacity("node:a", "x", sessions=300.0),
    Capacity("node:b", "x", sessions=200.0),
    Capacity("node:c", "y", sessions=400.0),
]
LEVELS = [(0.7, 800.0)]


def made(assumed: Assumed, level: Callable[[int], float] = lambda n: 500 * 1.01 ** (n / 30.44)) -> Forecast:
    found = forecast({date(2025, 1, 1) + timedelta(days=n): level(n) for n in range(700)}, LEVELS, assumed)
    assert found is not None
    return found


@pytest.mark.parametrize(("text", "share"), [("2%", 0.02), ("+1,5 %/month", 0.015), ("-1%", -0.01)])
def test_growth_is_a_month(text: str, share: float) -> None:
    assert growth_of(text) == pytest.approx(share)
    assert growth_of("30%/year") == pytest.approx(1.3 ** (1 / 12) - 1)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (growth_of, "two"),
        (growth_of, "0.02"),
        (growth_of, "-100%"),
        (event_of, "-30%"),
        (event_of, "+30%/month"),
        (event_of, "nan%"),
        (node_of, "almaty"),
        (node_of, "almaty=0"),
        (node_of, "almaty=inf"),
        (node_of, "al maty=1"),
    ],
)
def test_what_makes_no_sense_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"write|lies above"):
        read(text)


def test_a_node_more_and_a_site_less() -> None:
    assert node_of("y=10G") == Node("y", 1e10)
    more = left(NODES, "platform", "sessions", Scenario(nodes=(Node("y", 500.0),)))
    assert more == (1400, 900, "node:new-1", True)
    assert left(NODES, "platform", "sessions", Scenario(lost=lost_of("x", NODES))) == (900, 400, "site:x", True)
    assert left(NODES, "site:x", "sessions", Scenario(lost=lost_of("node:b", NODES))) == (500, 300, "node:b", True)
    assert left(NODES, "node:a", "sessions", Scenario(lost="site:y")) == (300, 300, None, True)
    with pytest.raises(ValueError, match="nothing of the capacity of site:x is left without site:x"):
        left(NODES, "site:x", "sessions", Scenario(lost="site:x"))
    with pytest.raises(ValueError, match=r'"z" is neither a site nor a node with a .*: site:x, site:y'):
        lost_of("z", NODES)
    with pytest.raises(ValueError, match="has no capacity that a node could add to"):
        left(NODES, "platform", "node_load", Scenario(nodes=(Node("y", 1.0),)))


def test_an_event_asks_for_more_with_the_same_range() -> None:
    plain, event = made(Assumed()), made(Assumed(times=1.3))
    for one, other in zip(plain.points, event.points, strict=True):
        assert other.value == pytest.approx(1.3 * one.value)
        assert other.high / other.value == pytest.approx(one.high / one.value)
    assert plain.exhaustion[0].answer == "date"
    assert (event.exhaustion[0].likely or date.max) < (plain.exhaustion[0].likely or date.min)
    assert made(Assumed(times=2.0)).exhaustion[0].answer == "already"


def test_another_growth_has_the_same_range() -> None:
    plain, faster = made(Assumed()), made(Assumed(growth=0.03))
    last = faster.points[-1]
    assert last.value / plain.points[-1].value == pytest.approx((1.03 / 1.01) ** 12, rel=0.03)
    assert last.high / last.value == pytest.approx(plain.points[-1].high / plain.points[-1].value)
    assert faster.growth_per_month == pytest.approx(0.03)
    assert made(Assumed(growth=0.0)).exhaustion[0].answer == "none"
    assert math.isclose(made(Assumed(growth=0.0)).points[0].value, made(Assumed(growth=0.0)).points[-1].value)


def test_nodes_without_capacity_are_named() -> None:
    found = unstated(NODES, "platform", "sessions", ["node:a", "node:z", "site:x", "node:d"])
    assert found == ("node:d", "node:z")
    assert unstated(NODES, "site:x", "sessions", ["node:z"]) == ()
    assert unstated([], "platform", "sessions", ["node:z"]) == ()
    assert capacity_words.unstated_sentence(found, Words("en")).endswith("but have no [[capacity]]: d, z.")
    assert capacity_words.unstated_sentence(found, Words("ru")).endswith("нет [[capacity]]: d, z.")


def test_what_is_assumed_is_told() -> None:
    assumed = Scenario(0.02, (Node("y", 500.0),), "site:x", 0.3)
    told = capacity_words.scenario_sentence(assumed, "sessions", Words("en"))
    assert told == "Assumed: growth of +2.0 % a month; a new node at y (500); loss of site x; an event of +30 % demand."
    assert "отказ площадки x" in capacity_words.scenario_sentence(assumed, "sessions", Words("ru"))
    assert capacity_words.scenario_sentence(Scenario(), "sessions", Words("en")) == ""
