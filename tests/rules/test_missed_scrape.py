"""A missed scrape takes every gauge away for one interval: no alert may end by it, and no wait begin again."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import promql_parser as promql
import pytest

from tests.rules.reading import Alert, alerts, recordings

# Prometheus itself writes these, whether the scrape succeeds or not; the last is a constant of `ott-center site`'s.
ALWAYS_THERE = {"up", "ALERTS", "site:ott_sample_queue:bytes"}
# One asks whether something has been so in its two minutes, the other what was counted a day ago: they hold nothing.
LOOKS_BACK = {"NodeMemoryErrors", "SoundLoudnessWrong"}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_no_alert_reads_what_a_missed_scrape_takes_away(alert: Alert) -> None:
    assert [name for name in _instant(promql.parse(alert.expr)) if _is_taken_away(name)] == []


def test_what_is_held_outlives_one_missed_scrape_and_no_lost_node() -> None:
    held = {
        window
        for alert in alerts()
        if alert.name not in LOOKS_BACK
        for window in re.findall(r"last_over_time\([^\[]+\[(\w+)\]", alert.expr)
    }
    lost = set(re.findall(r"idelta\([^\[]+\[(\w+)\]", recordings()["node:ott_agent_lost:bool"]))
    assert held == lost == {"14s"}


@cache
def _is_taken_away(name: str) -> bool:
    """Return whether a series is missing while the last scrape failed: it is scraped, or recorded from such a one."""
    if name in ALWAYS_THERE or name.startswith("site:ott_threshold:"):
        return False
    if name not in recordings():
        return True
    read = list(_instant(promql.parse(recordings()[name])))
    # A rule that reads its own answer of before remembers it.
    return name not in read and any(map(_is_taken_away, read))


def _instant(node: Any) -> Iterator[str]:
    """Yield the name of every series that is read as of one moment."""
    match node:
        case promql.VectorSelector(name=str(name)):
            yield name
        case promql.BinaryExpr():
            yield from _instant(node.lhs)
            yield from _instant(node.rhs)
        case promql.Call():
            for each in node.args:
                yield from _instant(each)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr():
            yield from _instant(node.expr)
