"""Segments judged as they arrive: what is media, what is a whole transport stream, what is neither."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.streams.fetch import Answer
from agent.sources.streams.live import Container, Segment
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.segment import SegmentChecker
from tests.unit.streams.packets import packet, run

GOOD = run(0x100, 0, 50)
ADTS = b"\xff\xf1\x50\x80\x02\x1f\xfc" * 40
FRAGMENT = b"\x00\x00\x00\x18styp" + bytes(400)


def check(
    body: bytes, *, container: Container = "plain", content_type: str = "", at: int = 700
) -> tuple[frozenset[Reason], str]:
    checker = SegmentChecker(Segment(1, "", 4.0, container))
    checker.head(Answer("", 200, content_type))
    checker.piece(body[:at])
    checker.piece(body[at:])
    return checker.finish(), checker.summary


def test_a_whole_transport_stream_has_no_faults() -> None:
    assert check(GOOD) == (frozenset(), "")


@pytest.mark.parametrize(
    ("body", "reason", "summary"),
    [
        (GOOD + run(0x100, 5, 5), Reason.TS_CONTINUITY, "the first at packet 50, PID 256: 3 missing"),
        (GOOD[:400] + GOOD[500:], Reason.TS_SYNC, "sync lost 1 times"),
        (GOOD + b"\x47", Reason.TS_SYNC, "1 bytes at the end are no packet"),
        (GOOD + packet(5, 5, damaged=True), Reason.TS_TRANSPORT_ERROR, "1 packets marked as damaged"),
    ],
)
def test_faults_of_the_transport_stream_are_named(body: bytes, reason: Reason, summary: str) -> None:
    faults, found = check(body)
    assert reason in faults
    assert summary in found


@pytest.mark.parametrize("body", [ADTS, b"ID3\x04" + bytes(9) + ADTS, b"WEBVTT\n\n00:00.000 -->", FRAGMENT])
def test_other_media_is_not_taken_for_a_broken_transport_stream(body: bytes) -> None:
    assert check(body, at=3) == (frozenset(), "")


def test_what_is_encrypted_as_a_whole_cannot_be_judged() -> None:
    assert check(bytes(range(256)), container="opaque") == (frozenset(), "")


@pytest.mark.parametrize(
    ("body", "container"),
    [
        (b"", "plain"),
        (b"", "opaque"),
        (b"\x47", "plain"),
        (b"<html><h1>Bad gateway</h1></html>" * 9, "plain"),
        (b"<html><h1>Bad gateway</h1></html>" * 9, "mp4"),
        (GOOD, "mp4"),
    ],
)
def test_what_is_no_media_is_a_fault(body: bytes, container: Container) -> None:
    with pytest.raises(Fault) as caught:
        check(body, container=container)
    assert caught.value.reason is Reason.SEGMENT_MALFORMED


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/vnd.apple.mpegurl"])
def test_a_page_is_refused_by_its_type(content_type: str) -> None:
    with pytest.raises(Fault) as caught:
        check(GOOD, content_type=content_type)
    assert caught.value.reason is Reason.SEGMENT_CONTENT_TYPE


def ranged(status: int, *pieces: bytes) -> SegmentChecker:
    checker = SegmentChecker(Segment(1, "", 4.0, byte_range=(188, 3 * 188)))
    checker.head(Answer("", status, "video/mp2t"))
    for piece in pieces:
        checker.piece(piece)
    return checker


def test_a_byte_range_is_taken_from_a_part_and_from_the_whole_file() -> None:
    whole = b"\x00" * 188 + run(1, 0, 3) + b"\x00" * 188
    assert ranged(200, whole[:100], whole[100:300], whole[300:]).finish() == frozenset()
    assert ranged(206, run(1, 0, 3)).finish() == frozenset()


def test_a_byte_range_cut_short_is_a_fault() -> None:
    with pytest.raises(Fault, match="lacks 188 bytes"):
        ranged(206, run(1, 0, 2)).finish()


@given(st.binary(max_size=2000), st.integers(0, 2000), st.sampled_from(["plain", "mp4", "opaque"]))
def test_any_bytes_give_findings_or_a_fault(body: bytes, at: int, container: Container) -> None:
    try:
        faults, _ = check(body, container=container, at=at)
    except Fault as fault:
        assert fault.reason is Reason.SEGMENT_MALFORMED  # noqa: PT017 - either outcome is right
    else:
        assert faults <= {Reason.TS_SYNC, Reason.TS_CONTINUITY, Reason.TS_TRANSPORT_ERROR}


def test_memory_does_not_grow_with_the_segment() -> None:
    piece = run(0x100, 0, 16 * 20)  # counters follow on from piece to piece
    checker = SegmentChecker(Segment(1, "", 4.0))
    tracemalloc.start()
    try:
        for _ in range(300):
            checker.piece(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert checker.finish() == frozenset()
    assert peak < 10 * len(piece)  # of 300
