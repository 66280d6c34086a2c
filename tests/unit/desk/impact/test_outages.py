"""Replayed outages as in `bench.impact_outages`, and the ledger and the recorded series that they are compared by."""

import random
from datetime import UTC, datetime

from bench.impact_outages import START, campaign
from bench.impact_world import ASKS, IDLE_TIMEOUT, NODES, Outage, Recorded, Viewer, happen
from demo.platform.ledger import Received, audience

OUTAGE = Outage("node", frozenset({"edge-1"}), START, START + 600, goes_on=0.5)
END = START + 660


def test_viewers_before_are_exact_and_minutes_within_two_per_cent() -> None:
    result = campaign(3, 90, seed=3)
    assert {row["kind"] for row in result["rows"]} == {"node", "site", "server"}
    assert result["within"] == 3, result["rows"]


def test_what_is_recorded_is_what_the_ledger_counts() -> None:
    everyone = happen(random.Random(1), OUTAGE, 60, END)
    answers = [
        Received(at, edge, str(number), "ch", 200, 1)
        for number, viewer in enumerate(everyone)
        for at, edge in zip(viewer.times, viewer.edges, strict=True)
    ]
    recorded = Recorded(everyone, OUTAGE, END)
    for at in (START - 60, START + 20, START + 300, START + 650):
        (sample,) = recorded.query("sum(node:ott_edge_viewers:sum{})", datetime.fromtimestamp(at, UTC))
        scraped = at - at % 5 - 2.5 + START % 5
        dead = START <= scraped < OUTAGE.end
        counted = [one for one in answers if not (dead and one.edge == "edge-1")]
        assert sample.value == audience(counted, scraped, IDLE_TIMEOUT).viewers


def test_a_dead_node_has_no_series_and_the_others_go_on() -> None:
    recorded = Recorded(happen(random.Random(1), OUTAGE, 60, END), OUTAGE, END)
    during = datetime.fromtimestamp(START + 60, UTC)
    assert recorded.query('sum(node:ott_edge_viewers:sum{node=~"edge-1"})', during) == []
    (others,) = recorded.query('count(node:ott_edge_viewers:sum{node!~"edge-1"})', during)
    assert others.value == len(NODES) - 1


def test_a_viewer_is_without_service_from_the_answer_that_was_due_to_the_next_one() -> None:
    viewer = Viewer([0.0, 4.0, 100.0, 104.0], ["a"] * 4)
    assert viewer.without(0.0, 104.0) == 100.0 - 4.0 - ASKS[1]
    assert viewer.without(50.0, 90.0) == 40.0
