"""When a player played and when it stood still, by its reports."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.quality.cmcd import Report
from agent.sources.edge_log.quality.playback import Playback
from agent.sources.edge_log.quality.tally import Tally

PLAYING = Report(b"s", 1, "av", 4.0, 2.0, 3e6, 5e6, 1.0, startup=False, starved=False, state=None, sequence=None)


def session(*requests: tuple[float, float, dict[str, Any]]) -> Tally:
    """Play a session: a start that took one second, then requests of (start, end, what differs)."""
    tally = Tally()
    playback = Playback(tally, 0.0)
    playback.take(0.0, 1.0, PLAYING._replace(buffer=0.0, startup=True), is_manifest=False)
    playback.take(1.0, 1.1, PLAYING._replace(buffer=2.0), is_manifest=False)
    for start, end, differs in requests:
        playback.take(start, end, PLAYING._replace(**differs), is_manifest=False)
    return tally


def test_smooth_playing_has_no_stall() -> None:
    tally = session((3.0, 3.1, {}), (5.0, 5.1, {}), (7.0, 7.1, {}))

    assert (tally.stalls, tally.stall_seconds, tally.stalled_sessions) == (0, 0.0, 0)
    assert tally.watched_seconds == pytest.approx(6.0)
    assert tally.startup.total == pytest.approx(1.0)


def test_a_segment_that_comes_after_the_buffer_ran_out() -> None:
    tally = session((3.0, 10.0, {}), (10.0, 10.1, {"buffer": 2.0}), (10.2, 10.3, {}))

    assert (tally.stalls, tally.stalled_sessions) == (1, 1)
    assert tally.stall_seconds == pytest.approx(3.0)


def test_no_segment_to_ask_for_although_the_buffer_runs_out() -> None:
    """A packager stands still: the next request comes late, because there was nothing to request."""
    tally = session((3.0, 3.1, {}), (12.0, 12.1, {"buffer": 0.0}), (13.0, 13.1, {"buffer": 1.0}))

    # Buffered until 3 + 4, and 2 s more of the segment that came; then nothing until 12.
    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(3.0)


def test_a_segment_that_plays_while_it_comes_is_no_stall() -> None:
    """Low latency in chunks: the request lasts as long as its segment, which is longer than the buffer."""
    requests = [(3.0 + 2 * number, 5.0 + 2 * number, {"buffer": 1.2}) for number in range(5)]

    tally = session(*requests)

    assert (tally.stalls, tally.stall_seconds) == (0, 0.0)
    assert tally.watched_seconds == pytest.approx(10.0)


def test_low_latency_may_stall_too() -> None:
    """After a stall of 1.3 s more is buffered than would be left without one."""
    tally = session((3.0, 5.0, {"buffer": 1.2}), (5.0, 7.5, {"buffer": 1.2}), (7.5, 9.5, {"buffer": 2.0}))

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(1.3)


def test_picture_and_sound_of_one_stall_count_once() -> None:
    tally = session(
        (3.0, 3.1, {"kind": "v"}),
        (3.0, 3.1, {"kind": "a"}),
        (5.0, 11.0, {"kind": "v", "buffer": 3.0}),
        (5.0, 10.5, {"kind": "a", "buffer": 3.0}),
        (11.0, 11.1, {"kind": "a", "buffer": 2.0}),
        (11.0, 11.1, {"kind": "v", "buffer": 2.0}),
    )

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(3.0)


def test_a_player_that_takes_its_time_to_go_on() -> None:
    """The segment came at 10; by what is buffered at 11, it has played since 10.4 only."""
    tally = session((3.0, 10.0, {}), (11.0, 11.1, {"buffer": 1.4}), (12.4, 12.5, {"buffer": 2.0}))

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(3.4)


def test_a_player_that_still_has_nothing_stands_still() -> None:
    """dash.js asks for the next segment before it has put in the one that came."""
    tally = session((3.0, 10.0, {}), (10.3, 10.4, {"buffer": 0.0, "starved": True}), (11.0, 11.1, {"buffer": 3.0}))

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(3.3)


def test_the_sound_does_not_run_out_while_the_picture_stands_still() -> None:
    """The picture stalls from 7 to 10. The sound, which had come, has enough until 3 + 4 + 2 + 3."""
    tally = session(
        (3.0, 3.1, {"kind": "a"}),
        (3.0, 10.0, {"kind": "v"}),
        (10.0, 10.1, {"kind": "v", "buffer": 2.0}),
        (11.0, 11.1, {"kind": "a", "buffer": 1.0}),
        (12.0, 12.1, {"kind": "v", "buffer": 2.0}),
        (13.0, 13.1, {"kind": "a", "buffer": 1.0}),
    )

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(3.0)


@pytest.mark.parametrize(
    "differs",
    [
        {"rate": 8.0},
        {"rate": 0.0},
        {"state": "a"},
        {"state": "k"},
        {"buffer": None},
    ],
)
def test_what_does_not_fall_by_the_clock_is_not_judged(differs: dict[str, Any]) -> None:
    tally = session((3.0, 10.0, differs), (10.0, 10.1, {"buffer": 2.0}))

    assert tally.stalls == 0
    assert tally.refused_seconds >= 7.0
    assert tally.refused_seconds + tally.watched_seconds == pytest.approx(9.0)


@pytest.mark.parametrize(("rate", "stalled"), [(0.8, 2.0), (1.0, 3.0), (1.25, 3.8), (2.0, 5.0)])
def test_a_faster_player_runs_out_of_buffer_sooner(rate: float, stalled: float) -> None:
    """As those of live channels are, to keep their distance: here until the segment has come."""
    tally = session((3.0, 10.0, {"rate": rate}), (10.0, 10.1, {"buffer": 0.0}), (10.2, 10.3, {"buffer": 2.0}))

    assert tally.stalls == 1
    assert tally.stall_seconds == pytest.approx(stalled)
    assert tally.refused_seconds == 0.0
    assert tally.played_seconds == pytest.approx(10.0)


def test_a_player_that_says_that_it_still_stands_still_has_not_paused() -> None:
    """A browser without processor time for what has come; with nothing said it may have been a pause."""
    late: dict[str, Any] = {"buffer": 2.0, "startup": True}
    stalled, unknown = (session((3.0, 9.0, {}), (12.0, 12.1, {**late, "state": state})) for state in ("r", None))

    assert (stalled.stalls, unknown.stalls) == (1, 0)
    assert stalled.stall_seconds == pytest.approx(5.0)
    assert unknown.refused_seconds == pytest.approx(9.0)


def test_a_pause_keeps_its_buffer() -> None:
    """Version 1 has no state; after a pause more is buffered than what has come meanwhile."""
    tally = session((3.0, 3.1, {}), (60.0, 60.1, {"buffer": 4.0}))

    assert tally.stalls == 0
    assert tally.refused_seconds == pytest.approx(57.0)


def test_a_seek_is_no_stall() -> None:
    tally = session((3.0, 3.1, {}), (4.0, 6.0, {"buffer": 0.0, "startup": True}), (6.0, 6.1, {"buffer": 2.0}))

    assert tally.stalls == 0


def test_missing_reports_are_not_bridged() -> None:
    tally = session((3.0, 3.1, {"sequence": 7}), (30.0, 30.1, {"sequence": 40, "buffer": 1.0}))

    assert tally.stalls == 0


def test_numbers_that_begin_again_are_another_source_and_no_stall() -> None:
    """hls.js 1.7.4 makes a reporter for each source that it loads, and keeps `sid`: a viewer zaps and comes back."""
    start = {"startup": True, "buffer": 0.0, "state": "r"}
    zapped = session((3.0, 3.1, {"sequence": 7}), (25.0, 25.2, {**start, "sequence": 2}), (26.0, 26.1, {"sequence": 4}))
    stalled = session(
        (3.0, 3.1, {"sequence": 7}), (25.0, 25.2, {**start, "sequence": 8}), (26.0, 26.1, {"sequence": 9})
    )

    assert (zapped.stalls, zapped.stall_seconds, stalled.stalls) == (0, 0.0, 1)
    # A request that took long has a lower number than those that went on beside it, and began before them.
    late = session(
        (3.0, 3.1, {"sequence": 7}), (3.2, 19.0, {"sequence": 8}), (19.1, 19.2, {"sequence": 9, "buffer": 0.0})
    )
    mixed = session(
        (3.0, 3.1, {"sequence": 7}),
        (4.0, 4.1, {"sequence": 30, "kind": "m"}),
        (3.2, 19.0, {"sequence": 8}),
        (19.1, 19.2, {"sequence": 31, "buffer": 0.0}),
    )
    assert late.stalls == 1
    assert mixed.stall_seconds <= late.stall_seconds


def test_a_switch_of_the_bit_rate_and_the_mean() -> None:
    tally = session((3.0, 3.1, {"bit_rate": 1e6}), (5.0, 5.1, {"bit_rate": 1e6}))

    assert tally.switches == 1
    assert tally.played_bits / tally.played_seconds == pytest.approx(2e6)


@given(st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.0, 15.0), st.floats(0.0, 30.0)), max_size=30))
def test_no_more_is_stalled_than_has_passed(steps: list[tuple[float, float, float]]) -> None:
    tally = Tally()
    playback = Playback(tally, 0.0)
    moment = 0.0
    for wait, took, buffer in steps:
        moment += wait
        playback.take(moment, moment + took, PLAYING._replace(buffer=buffer), is_manifest=False)

    assert 0.0 <= tally.stall_seconds <= moment + 1e-6
    assert tally.stalled_sessions <= 1
    assert tally.watched_seconds + tally.refused_seconds <= moment + 1e-6


STEPS = st.tuples(
    st.sampled_from(("v", "a", "av")),
    st.sampled_from((0.0, 0.1, 1.0, 1.9, 2.0, 2.1, 5.0, 9.0)),  # since the request before
    st.sampled_from((0.1, 0.5, 3.0, 7.0)),  # how long it took
    st.sampled_from((None, 0.0, 0.5, 2.0, 4.0)),
    st.sampled_from((None, 3e6, 5e6)),
    st.integers(0, 40),
)


@given(st.lists(STEPS, max_size=40), st.booleans())
def test_the_short_way_comes_to_the_same(steps: list[Any], numbered: bool) -> None:
    """Requests of players that just go on are taken without a look at all else, of one track or of several."""
    tallies = []
    for short in (True, False):
        tally, start = Tally(), 0.0
        playback = Playback(tally, 0.0)
        for kind, passed, took, buffer, bit_rate, number in steps:
            start += passed
            report = PLAYING._replace(
                kind=kind, buffer=buffer, bit_rate=bit_rate, sequence=number if numbered else None
            )
            taken = short and playback.goes_on(
                start, start + took, kind, buffer, report.duration, bit_rate, report.sequence
            )
            if not taken:
                playback.take(start, start + took, report, is_manifest=False)
        tallies.append(tally)

    assert tallies[0] == tallies[1]
