"""What events of players add up to, and what is refused."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.quality.quality import MOST_CHANNELS
from agent.sources.edge_log.quality.tally import Tally
from agent.sources.player_events.quality import MOST_EVENTS, EventQuality
from agent.sources.player_events.settings import PlayerEventsSettings

START = 1_700_000_000.0


def event(number: int, moment: float, state: str | None = None, kind: str = "t", more: str = "") -> str:
    """Return an event, `moment` seconds after the start."""
    sta = f",sta={state}" if state else ""
    return f'cid="news",e={kind}{more},sid="a",sn={number}{sta},ts={round((START + moment) * 1000)},v=2'


def counted(*events: str, **settings: Any) -> tuple[EventQuality, Tally]:
    """Return the figures of events that come a second apart."""
    quality = EventQuality(PlayerEventsSettings("apps", **settings))
    for number, text in enumerate(events):
        quality.take(text.encode(), START + number)
    quality.expire(START + 10_000)
    (tally,) = quality.tallies.values()
    return quality, tally


def test_a_start_a_stall_and_the_end() -> None:
    quality, tally = counted(
        event(0, 0, "s", "ps"),
        event(1, 1.5, "p", "ps", ",br=(3000)"),
        event(2, 11.5, "p"),
        event(3, 21.5, "r", "ps"),
        event(4, 23.5, "r"),
        event(5, 24.5, "p", "ps", ",br=(1000)"),
        event(6, 34.5, "e", "ps"),
    )

    assert (tally.sessions, tally.stalled_sessions, tally.stalls, tally.abandoned) == (1, 1, 1, 0)
    assert (tally.stall_seconds, tally.watched_seconds, tally.refused_seconds) == (3.0, 33.0, 0.0)
    assert (tally.startup.total, tally.switches) == (1.5, 1)
    assert tally.played_bits / tally.played_seconds == pytest.approx((20 * 3e6 + 10 * 1e6) / 30)
    assert (quality.events, len(quality)) == (7, 0)


def test_an_event_with_nan_counts_without_it() -> None:
    quality, tally = counted(
        event(0, 0, "p", "ps", ",bl=(NaN)"),
        event(1, 1, "r", "ps", ",mtp=Infinity"),
        event(2, 3, "p", "ps", ",bl=(900)"),
    )

    assert (tally.stalls, tally.stall_seconds) == (1, 2.0)
    assert (quality.events, quality.refused) == (3, {"bl": 1, "mtp": 1})
    assert sum(quality.buffer.counts) == 1


def test_a_seek_a_pause_and_a_slow_start_are_no_stalls() -> None:
    _, tally = counted(
        event(0, 0, "s"),
        event(1, 1, "r"),
        event(2, 5, "p"),
        event(3, 10, "k"),
        event(4, 11, "r"),
        event(5, 14, "p"),
        event(6, 20, "a"),
        event(7, 50, "r"),
        event(8, 51, "p"),
    )

    assert (tally.stalls, tally.stall_seconds, tally.startup.total) == (0, 0.0, 5.0)
    assert (tally.watched_seconds, tally.refused_seconds) == (11.0, 35.0)


def test_events_that_overtake_each_other_are_put_in_order() -> None:
    in_order = [event(0, 0, "s"), event(1, 1, "p"), event(2, 9, "r"), event(3, 11, "p"), event(4, 12, "p")]
    swapped = [in_order[place] for place in (1, 0, 3, 2, 4)]

    assert counted(*swapped)[1] == counted(*in_order)[1]


def test_time_with_missing_events_is_not_judged() -> None:
    """The player may have played meanwhile, so a stall begins again behind them."""
    _, tally = counted(
        event(0, 0, "s"), event(1, 1, "p"), event(2, 5, "r"), event(9, 30, "r"), event(10, 32, "p"), event(11, 33, "p")
    )

    assert (tally.stalls, tally.stall_seconds, tally.refused_seconds) == (1, 2.0, 25.0)


def test_a_silence_longer_than_the_idle_timeout_is_not_judged() -> None:
    _, tally = counted(event(0, 0, "p"), event(1, 600, "p"), event(2, 610, "p"))

    assert (tally.watched_seconds, tally.refused_seconds) == (10.0, 90.0)


def test_a_session_that_never_played_was_abandoned() -> None:
    _, tally = counted(event(0, 0, "s"), event(1, 4, "q"))

    assert (tally.sessions, tally.abandoned, sum(tally.startup.counts)) == (1, 1, 0)


def test_a_session_met_in_its_midst_has_no_start() -> None:
    _, tally = counted(event(57, 0, "p"), event(58, 5, "p"))

    assert (tally.sessions, sum(tally.startup.counts), tally.watched_seconds) == (1, 0, 5.0)


def test_a_player_that_begins_its_numbers_again_goes_on() -> None:
    """The reporter of @svta/cml-cmcd 2.7.0 does so, and hls.js 1.7.4 makes one for each source that it loads."""
    before = [event(0, 0, "s"), event(1, 1, "p"), event(2, 31, "p"), event(3, 61, "r", "ps")]
    again = [event(0, 70, "d", "ps"), event(1, 71, "p", "ps"), event(2, 75, "r", "ps"), event(3, 78, "p", "ps")]
    quality, tally = counted(*before, *again, event(4, 88, "p"))

    assert (tally.sessions, tally.stalls, tally.stall_seconds) == (1, 1, 3.0)
    assert (tally.watched_seconds, tally.refused_seconds) == (60.0 + 17.0, 10.0)
    assert quality.events == 9


def test_events_that_come_late_or_twice_begin_nothing() -> None:
    in_order = [event(number, number, "p") for number in range(40)]
    late = [*in_order, in_order[3], event(2, 2, "r", "ps"), event(5, 60, "r", "rr"), event(40, 40, "p")]

    assert counted(*late)[1] == counted(*in_order, event(40, 40, "p"))[1]


def test_what_a_response_says_of_the_state_is_of_its_request() -> None:
    _, tally = counted(event(0, 0, "p"), event(1, 1, "r", "rr", ',mtp=(900),url="https://x/1.ts"'), event(2, 9, "p"))

    assert (tally.stalls, tally.watched_seconds) == (0, 9.0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('e=t,sid="a"', "ts"),
        ('sid="a",ts=1', "e"),
        ('e="t",sid="a",ts=1', "e"),
        ("e=t,ts=1", "no_sid"),
        ('e=t,sid="a",ts=now', "ts"),
        ('e=t,sid="a",ts=1,,', "syntax"),
    ],
)
def test_what_is_no_event_is_refused_with_its_key(text: str, reason: str) -> None:
    quality = EventQuality(PlayerEventsSettings("apps"))
    quality.take(f"{text}\n{event(0, 0, 'p')}\n".encode(), START)

    assert quality.refused == {reason: 1}
    assert quality.events == 1


def test_channels_are_of_the_content_and_bounded() -> None:
    quality = EventQuality(PlayerEventsSettings("apps", channel=re.compile(rb"^live/([^/]+)")))
    for number in range(MOST_CHANNELS + 10):
        quality.take(f'cid="live/c{number}",e=t,sid="a",sn=0,ts=1'.encode(), START)
    quality.take(b'cid="vod",e=t,sid="a",sn=0,ts=1', START)

    assert len(quality.tallies) == MOST_CHANNELS + 1
    assert "c0" in quality.tallies
    assert "other" in quality.tallies


def test_sessions_and_events_of_a_request_are_bounded() -> None:
    quality = EventQuality(PlayerEventsSettings("apps", max_sessions=10))
    body = "\n".join(f'e=t,sid="s{number}",sn=0,ts=1' for number in range(MOST_EVENTS + 5))
    quality.take(body.encode(), START)

    assert (len(quality), quality.untracked, quality.refused["too_large"]) == (10, MOST_EVENTS - 10, 5)


def test_no_label_holds_a_session_or_an_address() -> None:
    quality, _ = counted(event(0, 0, "p", "rr", ',url="https://secret.example/1.ts"'), edges=["secret.example"])
    labels = {label for sample in quality.samples() for label in sample.labels}

    assert labels <= {"apps", "all"}


def test_a_clock_that_is_set_back_makes_no_stall() -> None:
    _, tally = counted(event(0, 0, "s"), event(1, 1, "p"), event(2, 0, "r"), event(3, 1, "s"))

    assert (tally.stalls, tally.stall_seconds, tally.watched_seconds) == (0, 0.0, 0.0)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.floats(0, 2e5), st.sampled_from(("s", "p", "r", "k", "a", "e", None)), st.booleans()
        ),
        max_size=40,
    )
)
def test_any_order_adds_up(events: list[tuple[int, float, str | None, bool]]) -> None:
    _, tally = counted(
        event(0, 0, "s"),
        *(event(number, moment, state, "rr" if response else "t") for number, moment, state, response in events),
    )

    span = max([0.0, *(moment for _, moment, _, _ in events)]) + 0.01
    assert 0 <= tally.stall_seconds <= tally.watched_seconds + 1e-6
    assert tally.watched_seconds + tally.refused_seconds <= span
    assert tally.sessions == 1
