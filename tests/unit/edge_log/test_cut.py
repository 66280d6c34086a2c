"""Request targets cut at their CMCD, and what may be read of the part before it."""

import re

import pytest

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.sessions.cut import cut
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine
from agent.sources.edge_log.sessions.identity import ends_with_its_parameter

TOKEN = re.compile(rb"[?&]token=([0-9a-f]{4})")
REPORT = b"CMCD=bl%3D2000%2Cd%3D2000%2Csid%3D%22"


def test_a_batch_without_is_not_cut() -> None:
    assert cut([b"/1.ts?token=1", b""]) is None


@pytest.mark.parametrize(
    ("target", "base", "report"),
    [
        (b"/1.ts?CMCD=a&x=1", b"/1.ts?", b"a&x=1"),
        (b"/1.ts?t=1&CMCD=a&CMCD=b", b"/1.ts?t=1&", b"a&CMCD=b"),
        (b"/1.ts?XCMCD=a", b"/1.ts?XCMCD=a", b""),
        (b"/1.ts?XCMCD=a&CMCD=b", b"/1.ts?XCMCD=a&", b"b"),
        (b"/CMCD=a/1.ts", b"/CMCD=a/1.ts", b""),
        (b"/1.ts?", b"/1.ts?", b""),
        (b"", b"", b""),
    ],
)
@pytest.mark.parametrize("others", [[b"/2.ts?CMCD=b"], [b"/2.ts?", b"/2.ts?XCMCD=b&CMCD=b"]])
def test_the_parameter_and_nothing_else_is_where_a_target_is_cut(
    target: bytes, base: bytes, report: bytes, others: list[bytes]
) -> None:
    found = cut([*others, target])

    assert found is not None
    assert (found.bases[-1], found.reports[-1]) == (base, report)


@pytest.mark.parametrize(
    ("pattern", "apart"),
    [
        (rb"[?&]token=([0-9a-f]{32})", True),
        (rb"[&?]t=([^&]+)", True),
        (rb"[?&]t=(\w+)", True),
        (rb"[?&]t=([^#]+)", False),
        (rb"[?&]t=(.+)", False),
        (rb"[?&]t=(\w+)(?=&CMCD)", False),
        (rb"[?&]t=(?:a|b)(\w+)", False),
        (rb"/s/([0-9a-f]{32})/", False),
        (rb"[?&]t=([!-~]+)", False),
    ],
)
def test_patterns_whose_value_ends_with_its_parameter(pattern: bytes, apart: bool) -> None:
    assert ends_with_its_parameter(re.compile(pattern)) == apart


def counted(targets: list[bytes], viewer: tuple["re.Pattern[bytes]", ...]) -> tuple[Engine, Quality]:
    rows = len(targets)
    definition = Definition(viewer=viewer, cmcd=True)
    quality = Quality(definition)
    engine = Engine(definition, b"secret", companion=quality)
    batch = Batch(
        rows,
        times=[1e9 + row for row in range(rows)],
        addresses=[b"192.0.2.1"] * rows,
        agents=[b""] * rows,
        uris=targets,
        statuses=[b"200"] * rows,
        sizes=[0] * rows,
        durations=["0.1"] * rows,
    )
    engine.feed(batch, 1e9 + rows)
    return engine, quality


def test_a_token_is_found_on_either_side_of_the_report() -> None:
    """And the same query with other reports is the same session."""
    before = [b"/%d.ts?token=00aa&" % row + REPORT + b"a%22" for row in range(3)]
    behind = [b"/%d.ts?" % row + REPORT + b"b%22&token=00bb" for row in range(3)]

    engine, quality = counted([*before, *behind], (TOKEN,))

    assert engine.flush().identity_sources == {"token": 6}
    assert len(engine.sessions) == 2
    assert len(quality) == 2
    assert quality.requests == {1: 6}


def test_without_a_token_the_report_names_the_viewer() -> None:
    engine, _ = counted([b"/1.ts?" + REPORT + b"%s%%22" % name for name in (b"a", b"b", b"a")], ())

    assert engine.flush().identity_sources["session"] == 3
    assert len(engine.sessions) == 2


def test_requests_that_are_no_media_count_nowhere() -> None:
    _, quality = counted([b"/1.html?" + REPORT + b"a%22", b"/1.ts"], ())

    assert (quality.media_requests, quality.requests.total(), len(quality)) == (1, 0, 0)


def test_fast_and_slow_reading_count_the_same() -> None:
    """Lines of a known shape take another way than the first ones and than those that nobody writes so."""
    usual = [
        b"/%d.ts?CMCD=bl%%3D%d%%2Cbr%%3D%d%%2Cd%%3D2000%%2Cmtp%%3D900%%2Cot%%3Dv%%2Csid%%3D%%22a%%22%%2Csn%%3D%d"
        % (row, 2000 + row % 7 * 100, 300 + row % 3, row)
        for row in range(40)
    ]
    odd = [target.replace(b"ot%3Dv", b"ot%3Dv%2Cx.y-z%3D%22a%5c%22b%22") for target in usual]
    _, quick = counted(usual, ())
    _, slow = counted(odd, ())

    assert quick.tallies == slow.tallies
    assert (quick.buffer, quick.throughput) == (slow.buffer, slow.throughput)
    assert sum(quick.buffer.counts) == 40
    (tally,) = quick.tallies.values()
    assert tally.watched_seconds > 30


def test_requests_with_infinity_and_requests_encoded_twice_are_of_their_session() -> None:
    """Left out, they would look like segments that never came, and the session would seem to have stalled."""
    usual = [
        b"/%d.ts?CMCD=bl%%3D4000%%2Cd%%3D2000%%2Cmtp%%3D900%%2Cot%%3Dv%%2Csid%%3D%%22a%%22" % (row // 2)
        for row in range(40)
    ]
    spoilt = [
        target.replace(b"mtp%3D900", b"mtp%3DInfinity") if row % 5 == 1 else target for row, target in enumerate(usual)
    ]
    twice = [target.replace(b"%", b"%25") for target in usual]
    (expected,) = counted(usual, ())[1].tallies.values()

    _, quality = counted(spoilt, ())
    assert list(quality.tallies.values()) == [expected]
    assert (quality.requests.total(), quality.malformed) == (40, {"mtp": 8})
    _, quality = counted(twice, ())
    assert list(quality.tallies.values()) == [expected]
    assert (quality.requests.total(), quality.malformed) == (40, {})
    assert (expected.stalls, expected.watched_seconds > 30) == (0, True)


def test_a_time_may_be_when_the_request_began() -> None:
    """HAProxy's is; all others are when it had been answered."""
    targets = [b"/%d.ts?CMCD=bl%%3D2000%%2Cd%%3D2000%%2Cot%%3Dv%%2Csid%%3D%%22a%%22" % row for row in range(4)]
    times, took = [1e9, 1e9 + 2, 1e9 + 4, 1e9 + 9], ["0.1", "0.1", "5.0", "0.1"]
    ends = [time + float(one) for time, one in zip(times, took, strict=True)]

    def watched(moments: list[float], *, times_begin: bool) -> tuple[int, float]:
        quality = Quality(Definition(), times_begin=times_begin)
        rows = len(targets)
        batch = Batch(
            rows,
            times=moments,
            addresses=[b"192.0.2.1"] * rows,
            agents=[b""] * rows,
            uris=targets,
            statuses=[b"200"] * rows,
            sizes=[0] * rows,
            durations=took,
        )
        Engine(Definition(), b"secret", companion=quality).feed(batch, 2e9)
        (tally,) = quality.tallies.values()
        return tally.stalls, round(tally.stall_seconds, 3)

    assert watched(times, times_begin=True) == watched(ends, times_begin=False) == (1, 3.0)
