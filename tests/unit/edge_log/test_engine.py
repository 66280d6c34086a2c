import re
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine
from agent.sources.edge_log.sessions.targets import LONGEST_CHANNEL, Targets, first_group

TOKEN = re.compile(rb"[?&]token=([0-9a-f]+)")
CHANNEL = re.compile(rb"^/live/([^/]+)/")


def engine(**keys: Any) -> Engine:
    keys.setdefault("viewer", [TOKEN])
    keys.setdefault("channel", CHANNEL)
    return Engine(Definition(**keys), b"secret")


def batch(*rows: tuple[float, str], status: str = "200", size: int = 10, **columns: Any) -> Batch:
    """Return a batch of (time, request target) from one address."""
    count = len(rows)
    base: dict[str, Any] = {
        "times": [time for time, _ in rows],
        "uris": [uri.encode() for _, uri in rows],
        "addresses": [b"192.0.2.1"] * count,
        "agents": [b"player"] * count,
        "statuses": [status.encode()] * count,
        "sizes": [size] * count,
    }
    return Batch(count, **(base | columns))


def test_sessions_are_by_viewer_and_channel() -> None:
    one = engine()
    one.feed(
        batch(
            (100.0, "/live/a/1.m3u8?token=aa"),
            (101.0, "/live/a/1.ts?token=aa"),
            (102.0, "/live/b/1.mpd?token=aa"),
            (103.0, "/live/b/1.m4s?token=bb"),
        ),
        now=103.0,
    )
    activity = one.activity(104.0)
    assert activity.sessions == {("a", "hls"): 1, ("b", "dash"): 1, ("b", "cmaf"): 1}
    assert activity.viewers == 2
    assert one.flush().identity_sources == {"token": 4}
    assert one.flush().egress == {"hls": 20, "dash": 10, "cmaf": 10}


@pytest.mark.parametrize(
    ("uri", "status", "sessions"),
    [
        ("/live/a/1.ts", "200", 1),
        ("/live/a/1.ts", "206", 1),
        ("/live/a/1.ts", "304", 1),
        ("/live/a/1.ts", "404", 0),
        ("/live/a/1.ts", "302", 0),
        ("/live/a/1.TS", "200", 1),
        ("/live/a/1.jpg", "200", 0),
        ("/live/a/ts", "200", 0),
        ("/live.ts/a", "200", 0),
        ("/live/a/1.jpg?x=1.ts", "200", 0),
        ("", "200", 0),
    ],
)
def test_what_a_media_request_is(uri: str, status: str, sessions: int) -> None:
    one = engine()
    one.feed(batch((100.0, uri), status=status), now=100.0)
    assert one.activity(100.0).total == sessions
    assert sum(one.flush().egress.values()) == 10
    assert one.flush().requests == {f"{status[0]}xx": 1}


def test_every_path_may_be_media() -> None:
    one = engine(media_suffixes=["*"])
    one.feed(batch((100.0, "/live/a/asset"), (100.0, "")), now=100.0)
    assert one.activity(100.0).sessions == {("a", "other"): 1}


def test_the_rungs_of_the_ladder() -> None:
    one = engine(viewer=[TOKEN, re.compile(rb"/u/(\w+)/")], session=[re.compile(rb"[?&]sid=(\w+)")])
    one.feed(
        batch(
            (100.0, "/live/a/1.ts?token=aa&sid=1"),
            (100.0, "/live/a/u/bob/1.ts?sid=1"),
            (100.0, "/live/a/1.ts?sid=1"),
            (100.0, "/live/a/1.ts"),
            (100.0, "/live/a/2.ts"),
            addresses=[b"x", b"x", b"x", b"x", b"y"],
        ),
        now=100.0,
    )
    assert one.activity(100.0).viewers == 5
    assert one.flush().identity_sources == {"token": 2, "session": 1, "address": 2}


def test_identities_of_the_log_itself() -> None:
    one = engine(viewer=[])
    rows = [(100.0, "/live/a/1.ts")] * 4
    one.feed(batch(*rows, viewers=[b"u1", b"-", b"-", b""], sessions=[b"s", b"s", b"-", b""]), now=100.0)
    assert one.flush().identity_sources == {"token": 1, "session": 1, "address": 2}
    assert one.activity(100.0).viewers == 3


def test_what_players_write_without_an_account_names_nobody() -> None:
    one = engine(session=[re.compile(rb"[?&]sid=(\w+)")], viewer=[re.compile(rb"[?&]t=(\w+)")])
    uris = ["/live/a/1.ts?t=undefined", "/live/a/1.ts?t=null&sid=null", "/live/a/1.ts?t=7", "/live/a/1.ts"]
    accounts = [b'""', b" ", b"-", b"(null)"]
    one.feed(batch(*[(1.0, uri) for uri in uris], addresses=[b"w", b"x", b"y", b"z"], viewers=accounts), now=1.0)
    assert one.flush().identity_sources == {"token": 1, "address": 3}
    assert one.activity(1.0).viewers == 4


def test_one_address_with_two_players_is_two_viewers() -> None:
    one = engine()
    one.feed(batch((1.0, "/live/a/1.ts"), (1.0, "/live/a/1.ts"), agents=[b"p", b"q"]), now=1.0)
    assert one.activity(1.0).viewers == 2


def test_no_identity_is_held_in_clear() -> None:
    one = engine(max_sessions=2)
    one.feed(batch((1.0, "/live/a/1.ts?token=deadbeef"), (1.0, "/live/a/1.ts")), now=1.0)
    assert b"deadbeef" not in repr(one.sessions.dump()).encode()
    assert b"192.0.2.1" not in repr(one.sessions.dump()).encode()
    other = Engine(Definition(viewer=[TOKEN], channel=CHANNEL), b"another secret")
    other.feed(batch((1.0, "/live/a/1.ts?token=deadbeef"), (1.0, "/live/a/1.ts")), now=1.0)
    viewers = [{who.viewer for who, _, _ in table.sessions.dump().rows()} for table in (one, other)]
    assert not viewers[0] & viewers[1]


def test_a_line_too_far_ahead_of_the_clock_is_rejected() -> None:
    one = engine(ahead_tolerance=60.0)
    one.feed(batch((100.0, "/live/a/1.ts"), (160.0, "/live/a/1.ts"), (160.5, "/live/a/1.ts")), now=100.0)
    counters = one.flush()
    assert (counters.lines, counters.rejects, counters.newest) == (3, {"ahead": 1}, 160.0)
    assert counters.egress.total() == 20


def test_the_table_is_bounded_and_says_so() -> None:
    one = engine(max_sessions=3)
    for second in range(10):
        one.feed(batch((100.0 + second, f"/live/a/1.ts?token={second:x}")), now=110.0)
    assert one.activity(109.0).total == 3
    assert one.flush().untracked == 7
    one.expire(1000.0)
    one.feed(batch((1000.0, "/live/a/1.ts?token=ff")), now=1000.0)
    assert one.activity(1000.0).total == 1


def test_counters_of_sessions_never_fall() -> None:
    one = engine()
    one.feed(batch((100.0, "/live/a/1.ts?token=aa"), (140.0, "/live/a/1.ts?token=aa")), now=140.0)
    one.activity(140.0)
    assert (one.counters.started, one.counters.ended) == (2, 1)
    one.feed(batch((120.0, "/live/a/1.ts?token=aa")), now=140.0)
    one.activity(140.0)
    assert (one.counters.started, one.counters.ended) == (2, 1)
    one.feed(batch((180.0, "/live/a/1.ts?token=aa")), now=180.0)
    one.activity(180.0)
    assert (one.counters.started, one.counters.ended) == (2, 1)
    one.activity(300.0)
    assert (one.counters.started, one.counters.ended) == (2, 2)


def test_a_manifest_decides_the_protocol_of_a_session_that_began_with_a_fragment() -> None:
    one = engine()
    one.feed(batch((1.0, "/live/a/1.m4s?token=aa"), (2.0, "/live/a/1.mp4?token=bb")), now=3.0)
    assert one.activity(3.0).sessions == {("a", "cmaf"): 1, ("a", "progressive"): 1}
    one.feed(batch((3.0, "/live/a/x.mpd?token=aa"), (3.0, "/live/a/x.m3u8?token=bb")), now=3.0)
    assert one.activity(3.0).sessions == {("a", "dash"): 1, ("a", "hls"): 1}


def test_request_times_fall_into_buckets() -> None:
    one = engine()
    rows = [(1.0, "/x")] * 5
    one.feed(batch(*rows, durations=[b"0.000", b"0.005", b"0.006", b"-", b"61.000"]), now=1.0)
    assert one.counters.durations[:2] == [2, 1]
    assert one.counters.durations[-1] == 1
    assert sum(one.counters.durations) == 4
    assert one.counters.duration_sum == pytest.approx(61.011)


def test_a_long_log_is_settled_on_the_way() -> None:
    one = engine()
    for hour in range(24):
        rows = [(hour * 3600.0 + second, f"/live/a/1.ts?token={hour:x}{second:x}") for second in range(2000)]
        one.bound(one.feed(batch(*rows), now=1e9))
    assert len(one.sessions) < 5_000
    assert one.sessions.started == 48_000


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        (b"/live/news/1.ts", "news"),
        (b"/live/%D0%9D%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1.ts", "Новости"),
        (rb"/live/\xD0\x9D/1.ts", "Н"),
        (b"/live/%ff%0a/1.ts", "\ufffd\ufffd"),
        (b"/live/" + b"x" * 200 + b"/1.ts", "x" * LONGEST_CHANNEL),
        (b"/vod/film.mp4", "unmatched"),
    ],
)
def test_the_channel_of_a_path(path: bytes, channel: str) -> None:
    assert Targets([".ts", ".mp4"], CHANNEL, query_only=False)[path].channel == channel


def test_without_a_pattern_there_is_one_channel() -> None:
    assert Targets([".ts"], None, query_only=False)[b"/any/1.ts"].channel == "all"


@given(st.from_regex(rb"(/[ab&=]{0,3}|/token=a)(\.ts)(\?[tokena=&?]{0,12})?(token=[ab]{1,3})?", fullmatch=True))
def test_searching_from_the_question_mark_finds_what_a_whole_search_finds(uri: bytes) -> None:
    one = engine(media_suffixes=["*"])
    one.feed(batch((1.0, uri.decode())), now=1.0)
    expected = "token" if first_group(TOKEN.search(uri)) else "address"
    assert +one.flush().identity_sources == {expected: 1}


@pytest.mark.parametrize(
    "pattern", [rb"[?&]?token=(\w+)", rb"[?&]a=(\w+)|/u/(\w+)/", rb"/u/(\w+)", rb"(?i)[?&]A=(\w+)"]
)
def test_a_pattern_that_may_match_in_the_path_is_looked_for_there(pattern: bytes) -> None:
    one = engine(viewer=[re.compile(pattern)])
    one.feed(batch((1.0, "/live/token=1/u/1/1.ts?A=1")), now=1.0)
    assert +one.flush().identity_sources == {"token": 1}


class CountingPattern:
    """A pattern that counts how often it is looked for."""

    pattern, flags = TOKEN.pattern, 0
    searches = 0

    def search(self, text: bytes, start: int = 0) -> re.Match[bytes] | None:
        self.searches += 1
        return TOKEN.search(text, start)


def searches(monkeypatch: pytest.MonkeyPatch, rounds: int, query: str) -> int:
    """Return how often a token was looked for in the last of so many requests of each of 500 viewers."""
    monkeypatch.setattr("agent.sources.edge_log.sessions.engine.REVIEW_AFTER", 100)
    pattern = CountingPattern()
    one = Engine(Definition(viewer=cast("list[re.Pattern[bytes]]", [pattern]), channel=CHANNEL), b"secret")
    before = 0
    for moment in range(rounds):
        before = pattern.searches
        rows = [(float(moment), f"/live/a/1.ts?token={viewer:x}{query.format(moment)}") for viewer in range(500)]
        for start in range(0, len(rows), 50):
            one.feed(batch(*rows[start : start + 50]), now=1e9)
    assert one.activity(rounds).total == 500
    return pattern.searches - before


def test_players_that_repeat_their_query_are_found_by_it_however_many_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [searches(monkeypatch, rounds, "") for rounds in (1, 2, 9)] == [500, 0, 0]


def test_players_whose_queries_are_all_different_are_told_by_their_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert searches(monkeypatch, 9, "&at={}") == 500


def test_only_the_configured_statuses_are_media() -> None:
    one = engine(media_statuses=[206])
    one.feed(batch((1.0, "/live/a/1.ts")), now=1.0)
    assert one.activity(1.0).total == 0
