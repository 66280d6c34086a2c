"""What the packager writes is a transport stream by another reading of the standard than its own."""

from itertools import pairwise
from pathlib import Path

import pytest

from demo.platform.lineup import HIGH, LOW, MEDIUM, SEGMENT_SECONDS, Rendition
from demo.platform.packager import template
from demo.platform.picture import FRAME_RATE, Size, access_unit
from demo.platform.transport import CLOCK, PACKET, VIDEO_PID, crc32, lay_out
from tests.unit.demo import stream_checker
from tests.unit.demo.stream_checker import BitReader, Stream

FRAMES = SEGMENT_SECONDS * FRAME_RATE
WRAP = 1 << 33


def segments(rendition: Rendition, first: int, count: int) -> bytes:
    layout = template(rendition, shift=1)
    return b"".join(layout.segment(n, n * SEGMENT_SECONDS * CLOCK) for n in range(first, first + count))


@pytest.fixture(params=[LOW, MEDIUM, HIGH], ids=lambda rendition: rendition.name)
def rendition(request: pytest.FixtureRequest) -> Rendition:
    chosen: Rendition = request.param
    return chosen


@pytest.fixture
def stream(rendition: Rendition) -> Stream:
    return stream_checker.read(segments(rendition, 448_826_743, 3))


def test_no_packet_is_missing_within_and_between_segments(stream: Stream) -> None:
    assert stream.lost == []
    assert stream.programs == {1: 0x1000}
    assert stream.streams == {VIDEO_PID: 0x1B}
    assert set(stream.pids) == {0, 0x1000, VIDEO_PID, 0x1FFF}


def test_the_bit_rate_is_what_the_master_playlist_says(stream: Stream, rendition: Rendition) -> None:
    assert stream.packets * PACKET * 8 / (3 * SEGMENT_SECONDS) == pytest.approx(rendition.bits_per_second, rel=0.001)


def test_the_clock_runs_with_the_bit_rate_and_comes_often_enough(stream: Stream) -> None:
    (first_index, first), *rest = stream.clocks
    ticks = SEGMENT_SECONDS * 27_000_000 / (stream.packets / 3)
    previous = first
    for index, clock in rest:
        assert clock - first == pytest.approx((index - first_index) * ticks, abs=300)
        assert 0 < clock - previous <= 2_700_000, "a PCR at least every 100 ms (2.7.2)"
        previous = clock


def test_every_picture_arrives_before_it_is_shown(stream: Stream) -> None:
    stamps = [pts for _, pts, _ in stream.pictures]
    assert len(stamps) == 3 * FRAMES
    assert {later - earlier for earlier, later in pairwise(stamps)} == {CLOCK // FRAME_RATE}
    ticks = SEGMENT_SECONDS * CLOCK / (stream.packets / 3)
    start = stream.clocks[0][1] / 300 - stream.clocks[0][0] * ticks
    ends = [index for index, _, _ in stream.pictures[1:]] + [stream.packets]
    assert all(start + end * ticks < pts for end, pts in zip(ends, stamps, strict=True))


def test_a_segment_begins_with_a_whole_picture_that_later_frames_repeat(stream: Stream, rendition: Rendition) -> None:
    macroblocks = rendition.size.columns * rendition.size.rows
    for number, (_, _, elementary) in enumerate(stream.pictures[:FRAMES]):
        kinds = [unit[0] & 31 for unit in stream_checker.units(elementary)]
        assert kinds == ([9, 7, 8, 5] if number == 0 else [9, 1])
        slice_ = BitReader(list(stream_checker.units(elementary))[-1][1:])
        assert [slice_.ue() for _ in range(3)] == [0, 7 if number == 0 else 5, 0]
        assert slice_.u(8) == number, "frame_num"
        if number:
            assert slice_.u(3) == 0
            assert [slice_.ue(), slice_.ue()] == [0, 1]
            assert slice_.ue() == macroblocks, "every macroblock is skipped"
        else:
            assert len(slice_.bits) / 8 > macroblocks * 384


def test_the_sequence_parameters_say_the_size(rendition: Rendition) -> None:
    _, sequence, *_ = stream_checker.units(access_unit(rendition.size, 0))
    bits = BitReader(sequence[1:])
    assert bits.u(24) == 0x42C01E
    assert [bits.ue() for _ in range(4)] == [0, 4, 2, 1]
    assert bits.u(1) == 0
    assert [16 * (bits.ue() + 1), 16 * (bits.ue() + 1)] == [rendition.size.width, rendition.size.height]


def test_clocks_wrap_as_the_standard_has_it() -> None:
    units = [access_unit(LOW.size, frame) for frame in range(FRAMES)]
    stream = stream_checker.read(lay_out(units, SEGMENT_SECONDS, LOW.bits_per_second).segment(0, WRAP - 2 * CLOCK))
    stamps = [pts for _, pts, _ in stream.pictures]
    assert max(stamps) < WRAP
    assert {(later - earlier) % WRAP for earlier, later in pairwise(stamps)} == {3600}
    clocks = [clock for _, clock in stream.clocks]
    assert min(clocks) < 300 * CLOCK < 300 * (WRAP - 2 * CLOCK) <= max(clocks)


def test_what_does_not_fit_is_refused() -> None:
    units = [access_unit(HIGH.size, frame) for frame in range(FRAMES)]
    with pytest.raises(ValueError, match="do not fit 100000 bit/s for 4 s"):
        lay_out(units, SEGMENT_SECONDS, 100_000)
    with pytest.raises(ValueError, match="161x96 is not a whole number of 16-pixel macroblocks"):
        Size(161, 96)


def test_crc_of_the_standard_check_string() -> None:
    assert crc32(b"123456789") == 0x0376E6E7  # CRC-32/MPEG-2


@pytest.mark.parametrize("name", ["test-012.ts", "test-024.ts"])
def test_the_checker_finds_what_tsduck_finds(shared: Path, name: str) -> None:
    data = (shared / "data" / "ts" / "tsduck" / name).read_bytes()
    lost = stream_checker.read(data).lost
    assert lost == ([(10, 3), (20, 7)] if name == "test-024.ts" else [])
