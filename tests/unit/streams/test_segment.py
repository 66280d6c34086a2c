"""Segments judged as they arrive: what is media, what is a whole transport stream, what is neither."""

import struct
import tracemalloc

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.streams.fetch import Answer
from agent.sources.streams.live import Container, Init, Key, Resource, Segment
from agent.sources.streams.reasons import Fault, Reason
from agent.sources.streams.segment import Enough, SegmentChecker
from tests.unit.streams.media import (
    AAC,
    AUDIO,
    H264,
    PMT,
    VIDEO,
    begin,
    box,
    fragment,
    init,
    pat,
    pmt,
    programme,
    section,
    table,
)
from tests.unit.streams.packets import packet, run

GOOD = programme()
ADTS = b"\xff\xf1\x50\x80\x02\x1f\xfc" * 40
WEBM = b"\x1f\x43\xb6\x75\x01\xff" + bytes(300)
PAGE = b"<html><h1>Bad gateway</h1></html>" * 9
INIT = Init(Resource(("http://e/init",)))


def checker_of(container: Container = "plain", *, with_init: bool = True) -> SegmentChecker:
    return SegmentChecker(Segment(1, Resource(("",)), 4.0, container, INIT if with_init else None))


def check(
    body: bytes, *, container: Container = "plain", content_type: str = "", at: int = 700, with_init: bool = True
) -> dict[Reason, str]:
    checker = checker_of(container, with_init=with_init)
    checker.head(Answer("", 200, content_type))
    checker.piece(body[:at])
    checker.piece(body[at:])
    return {remark.reason: remark.detail for remark in checker.finish()}


def fault(body: bytes, **how: object) -> Fault:
    with pytest.raises(Fault) as caught:
        check(body, **how)  # type: ignore[arg-type]
    return caught.value


def test_a_whole_transport_stream_has_no_faults() -> None:
    assert check(GOOD) == {}


@pytest.mark.parametrize(
    ("body", "reason", "summary"),
    [
        (GOOD + run(VIDEO, 55, 5), Reason.TS_CONTINUITY, "the first at packet 53, PID 256: 5 missing"),
        (GOOD[:900] + GOOD[1000:], Reason.TS_SYNC, "losses of sync: 1"),
        (GOOD + b"\x47", Reason.TS_SYNC, "1 byte at the end outside of packets"),
        (GOOD + packet(5, 5, damaged=True), Reason.TS_TRANSPORT_ERROR, "1 packet marked as damaged"),
        (GOOD.replace(pmt()[-4:], b"\x00\x01\x02\x03"), Reason.TS_CRC, "1 section whose CRC is wrong"),
        (GOOD.replace(begin(AUDIO, 0), b""), Reason.PID_MISSING, "PID 257 (AAC), of which nothing came"),
        (GOOD + begin(VIDEO, 50, scrambled=True), Reason.SCRAMBLED, "PID 256 (H.264): 1 packet"),
    ],
)
def test_faults_of_the_transport_stream_are_named(body: bytes, reason: Reason, summary: str) -> None:
    found = check(body)
    assert summary in found[reason]


TABLES = table(0, 0, pat()) + table(PMT, 0, pmt())


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (run(VIDEO, 0, 40), "has no PAT"),
        (run(0x1FFF, 0, 40), "has no PAT"),
        (table(0, 0, pat()) + run(VIDEO, 0, 40), "has no PMT, which the PAT announces on PID 4096"),
        (TABLES * 4, "carries nothing of what its PMT names: PID 256 (H.264), PID 257 (AAC)"),
        (TABLES + run(VIDEO, 0, 40), "carries nothing"),
        (table(0, 0, pat()) + table(PMT, 0, pmt((0x06, 0x120))) + begin(0x120, 0), "neither pictures nor sound"),
    ],
)
def test_a_stream_with_nothing_to_decode_cannot_be_started(body: bytes, problem: str) -> None:
    found = fault(body)
    assert found.reason is Reason.PROGRAM_MISSING
    assert problem in found.detail


def test_a_stream_that_is_scrambled_throughout_cannot_be_started() -> None:
    body = TABLES + begin(VIDEO, 0, scrambled=True, clear=False) + begin(AUDIO, 0, scrambled=True, clear=False)
    assert fault(body).reason is Reason.SCRAMBLED


def test_a_programme_behind_the_network_information_is_not_found_by_all_players() -> None:
    """As DVB's multiplexers write the PAT: issues 1613 and 4574 of hls.js."""
    entries = [struct.pack(">HH", 0, 0xE010), struct.pack(">HH", 1, 0xE000 | PMT)]
    for order, reasons in ((entries, {Reason.PROGRAM_HIDDEN}), (entries[::-1], set())):
        tables = table(0, 0, section(0, 1, b"".join(order))) + table(PMT, 0, pmt((AAC, AUDIO)))

        assert set(check(tables + begin(AUDIO, 0))) == reasons


def test_sound_alone_is_a_channel() -> None:
    assert check(table(0, 0, pat()) + table(PMT, 0, pmt((AAC, AUDIO))) + begin(AUDIO, 0)) == {}
    assert set(check(table(0, 0, pat()) + table(PMT, 0, pmt((H264, VIDEO), (AAC, AUDIO))) + begin(AUDIO, 0))) == {
        Reason.PID_MISSING
    }


@pytest.mark.parametrize(
    ("entry", "codec"),
    [
        ("06 e1 00 f0 06 05 04 42 53 53 44", "SMPTE 302M"),  # as FFmpeg 5.1 writes it
        ("06 e1 00 f0 0a 05 04 4f 70 75 73 7f 02 80 02", "Opus"),
        ("06 e1 00 f0 06 05 04 44 54 53 31", "DTS"),
        ("8a e1 00 f0 00", "DTS"),
    ],
)
def test_sound_that_registers_itself_is_sound(entry: str, codec: str) -> None:
    body = struct.pack(">HH", 0xE000 | VIDEO, 0xF000) + bytes.fromhex(entry)
    checker = checker_of()
    checker.head(Answer("", 200, ""))

    checker.piece(table(0, 0, pat()) + table(PMT, 0, section(2, 1, body)) + begin(VIDEO, 0))

    assert checker.finish() == []
    assert f"PID 256 ({codec})" in checker.summary()


@pytest.mark.parametrize("body", [ADTS, b"ID3\x04" + bytes(9) + ADTS, b"WEBVTT\n\n00:00.000 -->", fragment(), WEBM])
def test_other_media_is_not_taken_for_a_broken_transport_stream(body: bytes) -> None:
    assert check(body, at=3) == {}


def test_what_is_encrypted_in_an_unknown_way_cannot_be_judged() -> None:
    assert check(bytes(range(256)), container="opaque") == {}


@pytest.mark.parametrize(
    ("body", "container"),
    [
        (b"", "plain"),
        (b"", "opaque"),
        (b"\x47", "plain"),
        (PAGE, "plain"),
        (PAGE, "mp4"),
        (PAGE, "webm"),
        (GOOD, "mp4"),
        (WEBM, "mp4"),
        (fragment(), "webm"),
        (fragment(), "ts"),
        (box(b"styp", b"msdh"), "plain"),
        (box(b"styp", b"msdh") + box(b"moof", bytes(40)) + box(b"mdat"), "mp4"),
    ],
)
def test_what_is_no_media_is_a_fault(body: bytes, container: Container) -> None:
    found = fault(body, container=container)
    # A lone sync byte is a stream that broke off before its tables.
    assert found.reason in (Reason.SEGMENT_MALFORMED, Reason.PROGRAM_MISSING)


@pytest.mark.parametrize("container", ["plain", "mp4"])
@pytest.mark.parametrize("kind", [b"bloc", b"meco", b"meta", b"pdin", b"prft", b"uuid"])
def test_what_browsers_take_before_a_fragment_is_no_fault(kind: bytes, container: Container) -> None:
    assert check(box(kind, bytes(16)) + fragment(), container=container) == {}


def test_a_fragment_needs_an_initialization_section_or_a_movie_of_its_own() -> None:
    assert fault(fragment(), with_init=False).reason is Reason.INIT_MISSING
    assert check(init() + fragment(), with_init=False) == {}


def test_a_fragment_that_ends_within_a_box_is_truncated() -> None:
    found = fault(fragment()[:-100])
    assert (found.reason, found.detail) == (Reason.SEGMENT_TRUNCATED, "as MP4 ends 100 bytes before its box mdat does")


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/vnd.apple.mpegurl"])
def test_a_type_of_pages_is_a_remark_on_media_and_the_reason_on_a_page(content_type: str) -> None:
    assert set(check(GOOD, content_type=content_type)) == {Reason.SEGMENT_CONTENT_TYPE}
    assert fault(PAGE, content_type=content_type).reason is Reason.SEGMENT_CONTENT_TYPE


def ranged(status: int, *pieces: bytes) -> SegmentChecker:
    body = programme(3)
    checker = SegmentChecker(Segment(1, Resource(("",), (188, len(body))), 4.0))
    checker.head(Answer("", status, "video/mp2t"))
    for piece in pieces:
        checker.piece(piece)
    return checker


def test_a_byte_range_is_taken_from_a_part_and_from_the_whole_file() -> None:
    whole = b"\x00" * 188 + programme(3)
    assert ranged(206, programme(3)).finish() == []
    checker = ranged(200, whole[:100], whole[100:300])
    with pytest.raises(Enough):
        checker.piece(whole[300:] + bytes(188))
    (remark,) = checker.finish()
    assert (remark.reason, "the status is 200, not 206" in remark.detail) == (Reason.SEGMENT_MALFORMED, True)


def test_a_part_that_is_longer_than_what_was_asked_for_is_told() -> None:
    """Pull request 100 of zap-stream-core: Content-Range is right, and the body is the whole file."""
    (remark,) = ranged(206, programme(3), programme(3)).finish()
    size = len(programme(3))
    assert remark.detail.startswith(f"is longer than the {size} bytes that were asked for: players take all of it")


@pytest.mark.parametrize(("first", "ok"), [(188, True), (None, True), (0, False), (376, False)])
def test_a_part_that_begins_elsewhere_is_a_fault(first: int | None, ok: bool) -> None:
    """A cache that keeps parts under the file's name answers with the part that somebody else asked for."""
    checker = SegmentChecker(Segment(1, Resource(("",), (188, len(programme(3)))), 4.0))
    checker.head(Answer("", 206, "video/mp2t", first=first))
    checker.piece(programme(3))
    if ok:
        assert checker.finish() == []
        return
    with pytest.raises(Fault, match=f"begins with byte {first} of its file, not with the byte 188 that was asked for"):
        checker.finish()


def test_a_byte_range_cut_short_is_a_fault() -> None:
    with pytest.raises(Fault, match="lacks 188 bytes"):
        ranged(206, programme(3)[:-188]).finish()


STAMP = (
    bytes.fromhex("4944330400000000003f505249560000003500")
    + b"\0com.apple.streaming.transportStreamTimestamp"
    + bytes(9)
)
FOOTER = b"ID3\4\0\x10\0\0\0\4TEXT3DI\4\0\x10\0\0\0\4"


@pytest.mark.parametrize("at", [1, 9, 40, 700])
@pytest.mark.parametrize(
    ("body", "sound"),
    [
        (STAMP + b"\xff\xf1" * 200, True),
        (STAMP + FOOTER + b"\xff\xf1" * 200, True),  # a second one, as in issue 104 of getID3
        (STAMP + b"\xff", True),
        (STAMP, False),
        (STAMP + FOOTER, False),
        (STAMP[:40], False),
    ],
)
def test_packed_audio_has_sound_behind_its_tags(body: bytes, sound: bool, at: int) -> None:
    assert len(STAMP) == 73
    if sound:
        assert check(body, at=at) == {}
    else:
        assert "of ID3 and no sound behind" in fault(body, at=at).detail


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(
    ("ticks", "section", "apart"),
    [
        (90_000 * 3600, init(scale=90_000), None),
        (90_000 * 3609, init(scale=90_000), None),
        (0, init(scale=90_000), "-3600.0"),
        (90_000 * 7200, init(scale=90_000, version=1), "+3600.0"),
        (0, init(b"subt", b"stpp", scale=90_000), None),  # nothing that a player looks for
        (0, init(), None),  # nothing known of its ticks
        (0, b"", None),
    ],
)
def test_a_fragment_that_lies_elsewhere_in_time_is_told(
    ticks: int, section: bytes, apart: str | None, version: int
) -> None:
    """Issue 1651 of shaka-player: times as they came by multicast, and a manifest that counts from 0."""
    segment = Segment(1, Resource(("",)), 4.0, "mp4", INIT, begins=3600.0)
    for body in (fragment(ticks, version=version), fragment(ticks, version=version) + fragment(1, version=version)):
        checker = SegmentChecker(segment, section=section)
        checker.head(Answer("", 200, "video/mp4"))
        for at in range(0, len(body), 100):
            checker.piece(body[at : at + 100])
        found = [remark.detail for remark in checker.finish()]
        assert [detail.startswith(f"begins {apart} s from where the manifest has it") for detail in found] == (
            [True] if apart else []
        )


def test_a_fragment_that_brings_its_own_movie_box_needs_it_to_announce_fragments() -> None:
    assert check(init() + fragment(), with_init=False) == {}
    found = fault(init(fragmented=False) + fragment(), with_init=False)
    assert (found.reason, "(mvex)" in found.detail) == (Reason.INIT_MALFORMED, True)


def test_a_fragment_of_another_track_or_without_a_time_is_not_compared() -> None:
    for body in (fragment(0, track=2), fragment()):
        checker = SegmentChecker(Segment(1, Resource(("",)), 4.0, "mp4", INIT, begins=3600.0), section=init(scale=1))
        checker.head(Answer("", 200, "video/mp4"))
        checker.piece(body)
        assert checker.finish() == []


KEY, VECTOR = bytes(range(16)), bytes(range(16, 32))


def encrypted(body: bytes) -> bytes:
    padding = 16 - len(body) % 16
    encryptor = Cipher(AES(KEY), CBC(VECTOR)).encryptor()
    return encryptor.update(body + bytes([padding]) * padding)


def decrypted(body: bytes, key: bytes) -> list[Reason]:
    segment = Segment(1, Resource(("",)), 4.0, key=Key("http://e/key", 16, VECTOR))
    checker = SegmentChecker(segment, key)
    checker.head(Answer("", 200, ""))
    for at in range(0, len(body), 1000):
        checker.piece(body[at : at + 1000])
    return [remark.reason for remark in checker.finish()]


def test_an_encrypted_segment_is_judged_by_what_is_in_it() -> None:
    assert decrypted(encrypted(GOOD), KEY) == []
    assert decrypted(encrypted(GOOD + b"\x47"), KEY) == [Reason.TS_SYNC]
    with pytest.raises(Fault, match="has no PAT"):
        decrypted(encrypted(run(VIDEO, 0, 40)), KEY)
    with pytest.raises(Fault, match=r"no multiple of 16|no media|cannot be decrypted"):
        decrypted(encrypted(GOOD), bytes(16))
    with pytest.raises(Fault, match="no multiple of 16"):
        decrypted(GOOD[:190], KEY)


def test_a_segment_that_is_not_padded_plays_in_some_players() -> None:
    """Web Crypto refuses it, in both; hls.js 1.7.4 then decrypts it itself (crypt/decrypter.ts)."""
    whole = programme(49)  # 52 packets: a multiple of 16 bytes
    body = Cipher(AES(KEY), CBC(VECTOR)).encryptor().update(whole)
    assert len(body) == len(whole)
    assert decrypted(body, KEY) == [Reason.SEGMENT_MALFORMED]
    assert decrypted(body + b"rest", KEY) == [Reason.SEGMENT_MALFORMED]
    with pytest.raises(Fault, match="cannot be decrypted with the key that the playlist names"):
        decrypted(body, bytes(16))
    with pytest.raises(Fault, match="no multiple of 16, although the playlist says it is encrypted"):
        decrypted(body + b"rest", bytes(16))


@given(st.binary(max_size=2000), st.integers(0, 2000), st.sampled_from(["plain", "mp4", "webm", "ts", "opaque"]))
def test_any_bytes_give_findings_or_a_fault(body: bytes, at: int, container: Container) -> None:
    try:
        check(body, container=container, at=at)
    except Fault as found:
        assert found.detail  # noqa: PT017 - either outcome is right


def test_memory_does_not_grow_with_the_segment() -> None:
    piece = run(VIDEO, 0, 16 * 20)  # counters follow on from piece to piece
    checker = checker_of()
    checker.piece(programme(16))
    tracemalloc.start()
    try:
        for _ in range(300):
            checker.piece(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert checker.finish() == []
    assert peak < 10 * len(piece)  # of 300
