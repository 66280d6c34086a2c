"""What the head-end sends has no error by the probe's judgement and FFmpeg's, or exactly the fault that is wanted."""

import io
from collections.abc import Mapping
from itertools import pairwise

import av
import pytest

from demo.platform import headend
from demo.platform.headend import Channel
from demo.platform.programme import PACKETS_A_SECOND, RATE, ROUND, SECONDS, Programme, programmes
from tests.contract.multicast.streams import PACKET, Probe

BEGIN = 1_790_000_000 * PACKETS_A_SECOND + 1234  # in the middle of a round
SEEN = (2 * ROUND + ROUND // 2) // headend.IN_DATAGRAM * headend.IN_DATAGRAM  # packets, with two seams


@pytest.fixture(scope="module")
def made() -> Mapping[str, Programme]:
    return programmes(0)


def sent(made: Mapping[str, Programme], fault: str = "") -> bytes:
    return b"".join(Channel(made, BEGIN).due(BEGIN + SEEN, fault))


def errors(stream: bytes) -> dict[str, int]:
    probe = Probe(rate=RATE)
    probe.feed([stream[at : at + PACKET] for at in range(0, len(stream), PACKET)])
    return probe.errors()


def test_the_probe_finds_no_error_across_the_seams(made: Mapping[str, Programme]) -> None:
    assert errors(sent(made)) == {}


@pytest.mark.parametrize(
    ("fault", "raised"),
    [("loss", {"Continuity_count_error"}), ("tables", {"PMT_error"})],
)
def test_a_fault_of_the_stream_raises_its_indicator_alone(
    made: Mapping[str, Programme], fault: str, raised: set[str]
) -> None:
    assert set(errors(sent(made, fault))) == raised


def test_a_clock_that_jumps_twice_a_second_is_a_discontinuity_each_time(made: Mapping[str, Programme]) -> None:
    found = errors(sent(made, "clock"))
    jumps = SEEN // (PACKETS_A_SECOND // 2)
    assert abs(found["PCR_discontinuity_indicator_error"] - jumps) <= 1
    assert set(found) <= {"PCR_discontinuity_indicator_error", "PCR_repetition_error", "PTS_error"}


def test_pictures_and_sound_go_on_across_the_seams(made: Mapping[str, Programme]) -> None:
    with av.open(io.BytesIO(sent(made)), mode="r", format="mpegts") as container:
        video = [frame.pts for frame in container.decode(video=0) if frame.pts is not None]
    with av.open(io.BytesIO(sent(made)), mode="r", format="mpegts") as container:
        audio = [packet.pts for packet in container.demux(audio=0) if packet.pts is not None]
    seconds = SEEN / PACKETS_A_SECOND
    assert {later - earlier for earlier, later in pairwise(video)} == {9000}
    assert {later - earlier for earlier, later in pairwise(audio)} == {1920}
    assert len(video) > 10 * (seconds - SECONDS / 2)
    assert len(audio) > 46 * (seconds - 1)


def test_a_black_programme_is_black(made: Mapping[str, Programme]) -> None:
    with av.open(io.BytesIO(sent(made, "black")), mode="r", format="mpegts") as container:
        assert max(frame.to_ndarray(format="gray").max() for frame in container.decode(video=0)) <= 17


def test_what_is_sent_does_not_depend_on_when_it_is_asked_for(made: Mapping[str, Programme]) -> None:
    steadily, late = Channel(made, BEGIN), Channel(made, BEGIN)
    step_by_step = [datagram for until in range(BEGIN, BEGIN + 700) for datagram in steadily.due(until, "")]
    assert step_by_step == late.due(BEGIN + 699, "")


def test_each_demo_has_its_own_groups() -> None:
    assert headend.group(50_000, 0) != headend.group(50_001, 0)
    assert headend.group(50_000, 0) != headend.group(50_000, 1)


def test_the_file_of_faults_may_come_and_go(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("faults") / "faults"
    faults = headend.Faults(path)
    faults.look()
    assert faults.of("sport-1") == ""
    path.write_text("sport-1 black\n")
    faults.look()
    assert (faults.of("sport-1"), faults.of("kino")) == ("black", "")
    path.unlink()
    faults.look()
    assert faults.of("sport-1") == ""
