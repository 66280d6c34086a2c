"""A player's buffer falls with the clock, and what it reports is what the agent reads of it."""

import random

import pytest

from agent.sources.edge_log.quality import cmcd
from demo.platform.lineup import HIGH, SEGMENT_SECONDS
from demo.platform.playout import Buffer, Reporter

BEGAN = 1_795_000_000.0


def test_a_buffer_falls_with_the_clock_and_grows_by_what_comes() -> None:
    buffer = Buffer()
    assert (buffer.is_playing, buffer.level(BEGAN)) == (False, 0)

    assert buffer.add(BEGAN, 4.0) is None
    assert buffer.add(BEGAN + 1, 4.0) is None

    assert buffer.is_playing
    assert buffer.level(BEGAN + 2) == 6.0


def test_a_segment_that_comes_too_late_ends_a_stall() -> None:
    buffer = Buffer()
    buffer.add(BEGAN, 4.0)

    assert buffer.level(BEGAN + 9) == 0
    assert buffer.add(BEGAN + 9, 4.0) == (BEGAN + 4, BEGAN + 9)
    assert buffer.level(BEGAN + 10) == 3.0


@pytest.mark.parametrize("version", [1, 2])
def test_the_agent_reads_what_a_player_reports(version: int) -> None:
    buffer, reporter = Buffer(), Reporter.begin(random.Random(1), "kino", HIGH, version)

    def report(text: str) -> cmcd.Report:
        found = cmcd.text_of(b"/live/kino/high/1.ts?token=ab&" + text.encode())
        assert found is not None
        return cmcd.read(found)

    assert report(reporter.playlist(buffer)).kind == "m"
    first = report(reporter.segment(buffer, BEGAN))
    assert (first.startup, first.buffer, first.kind, first.version) == (True, 0.0, "av", version)
    buffer.add(BEGAN, SEGMENT_SECONDS)
    reporter.received(600_000, 2.0)
    reporter.starved = True

    second = report(reporter.segment(buffer, BEGAN + 0.46))

    assert (second.startup, second.starved, second.rate) == (False, True, 1.0)
    assert (second.buffer, second.duration) == (3.5, SEGMENT_SECONDS)
    assert (second.bit_rate, second.throughput) == (1_200_000, 2_400_000)
    assert second.session == first.session
    assert (second.state, second.sequence) == (("p", 3) if version == 2 else (None, None))
    assert not report(reporter.segment(buffer, BEGAN + 1)).starved
