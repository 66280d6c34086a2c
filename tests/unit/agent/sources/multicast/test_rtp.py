"""Loss, order and jitter of RTP, and the frames around the packets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.multicast.framing import RtpHeaders, frames
from agent.sources.multicast.rtp import RtpStream
from tests.contract.multicast.streams import Probe, block

TS = b"\x47\x1f\xff\x10" + bytes(184)


def take(stream: RtpStream, *sequence: int, sender: int = 7) -> list[int] | None:
    """Give the stream one turn; return the order that it gives back."""
    numbers = np.array(sequence, np.int64)
    headers = RtpHeaders(numbers % 65_536, numbers * 300, np.full(len(sequence), sender))
    places, _ = stream.take(headers, np.arange(len(sequence)) / 300)
    return None if places is None else [sequence[place] for place in places.tolist()]


def test_what_comes_in_order_stays_as_it_is_over_the_wrap() -> None:
    stream = RtpStream()

    assert take(stream, 65_534, 65_535, 65_536, 65_537) is None
    assert take(stream, 65_538) is None
    assert (stream.lost, stream.reordered, stream.duplicates) == (0, 0, 0)


def test_exchanged_datagrams_are_put_in_order_and_counted() -> None:
    stream = RtpStream()

    assert take(stream, 1, 3, 2, 4) == [1, 2, 3, 4]
    assert (stream.lost, stream.reordered) == (0, 1)


def test_a_datagram_that_comes_again_is_left_out() -> None:
    stream = RtpStream()

    assert take(stream, 1, 2, 2, 3) == [1, 2, 3]
    assert stream.duplicates == 1


def test_a_loss_counts_when_nobody_waits_for_it_any_more() -> None:
    stream = RtpStream()

    take(stream, 1, 2, 4)
    assert stream.lost == 0
    take(stream, *range(5, 600))
    assert (stream.lost, stream.reordered) == (1, 0)


def test_another_sender_and_a_restart_are_no_loss() -> None:
    stream = RtpStream()
    take(stream, 1, 2, 3)

    take(stream, 40_000, 40_001)
    take(stream, 9, 10, sender=8)
    take(stream, *range(11, 700), sender=8)

    assert (stream.lost, stream.restarts) == (0, 1)


def test_a_sender_that_takes_over_within_a_turn_is_taken_from_its_first_datagram_on() -> None:
    """Also where its numbers lie just behind those of the other, as if they had come before."""
    stream = RtpStream()
    take(stream, 5000, 5001)
    numbers = np.array([5002, 5003, 4100, 4102, 4101], np.int64)

    places, gaps = stream.take(RtpHeaders(numbers, numbers * 300, np.array([7, 7, 8, 8, 8])), np.arange(5) / 300)

    assert places is not None
    assert numbers[places].tolist() == [5002, 5003, 4100, 4101, 4102]
    assert gaps == [2]
    assert take(stream, *range(4103, 5000), sender=8) is None
    assert (stream.lost, stream.duplicates, stream.reordered) == (0, 0, 1)


def test_what_rist_sends_again_is_put_in_its_place() -> None:
    stream = RtpStream()
    take(stream, 10, 11, sender=6)
    numbers = np.array([12, 14, 15, 13, 16], np.int64)

    places, gaps = stream.take(RtpHeaders(numbers, numbers * 300, np.array([6, 6, 6, 7, 6])), np.arange(5) / 300)

    assert places is not None
    assert numbers[places].tolist() == [12, 13, 14, 15, 16]
    assert (gaps, stream.reordered, stream.lost) == ([], 1, 0)


def test_a_sender_that_begins_again_a_little_further_back_is_followed() -> None:
    """One that counts from 0 and ends each few seconds: its datagrams are no duplicates."""
    stream = RtpStream()
    take(stream, *range(2000))

    assert take(stream, *range(5)) == [1, 2, 3, 4]
    assert take(stream, *range(5, 700)) is None
    assert (stream.restarts, stream.duplicates, stream.lost) == (1, 1, 0)


def test_a_copy_of_the_stream_that_comes_much_later_stays_a_copy() -> None:
    stream = RtpStream()
    take(stream, *range(2000))

    both = [number for pair in zip(range(2000, 2100), range(1000, 1100), strict=True) for number in pair]

    assert take(stream, *both) == list(range(2000, 2100))
    assert (stream.restarts, stream.duplicates) == (0, 100)


def test_it_is_known_before_which_datagram_others_are_missing() -> None:
    stream = RtpStream()
    numbers = np.array([1, 2, 5, 4, 9, 9, 10], np.int64)
    headers = RtpHeaders(numbers, numbers * 300, np.full(7, 7))

    places, gaps = stream.take(headers, numbers / 300)

    assert places is not None
    assert numbers[places].tolist() == [1, 2, 4, 5, 9, 10]
    assert gaps == [0, 2, 4]  # what came before the first one is not known


def test_bare_datagrams_among_those_of_rtp_keep_their_packets() -> None:
    """Also where the numbers of the others had to be put in order, and where one came twice."""

    def rtp(number: int) -> bytes:
        return b"\x80\x21" + number.to_bytes(2, "big") + bytes(4) + b"\0\0\0\7" + TS * 2

    probe = Probe()
    sent = [rtp(65_534), rtp(65_535), TS * 7, rtp(1), TS * 3, rtp(0), rtp(1), TS, rtp(2), rtp(3), TS * 5]
    probe.give([(number / 100, data) for number, data in enumerate(sent)])

    assert (probe.channel.datagrams, probe.channel.malformed) == (len(sent), 0)
    assert probe.channel.packets == 6 * 2 + 7 + 3 + 1 + 5
    stream = probe.channel.rtp
    assert (stream.received, stream.duplicates, stream.reordered) == (7, 1, 1)


REPORTS = {
    "ffmpeg 5.1.9": "80c80006ac5d242deeb8404395810624c2cbe1f80000000000000000",
    "VLC 3.0.24": "80c80006845ee6cfeeb8404800c0bc9ed8c9e9ae00000045000165f0"
    "81ca0007845ee6cf01093132372e302e302e31060a766c6320332e302e323400",
}


@pytest.mark.parametrize("with_rtp", [True, False])
@pytest.mark.parametrize("sender", REPORTS)
def test_reports_of_a_sender_on_the_port_of_the_media_are_no_media(
    caplog: pytest.LogCaptureFixture, sender: str, with_rtp: bool
) -> None:
    """Both programs send them to the port above, where another channel may be; by RFC 5761 they come to the same."""
    report = bytes.fromhex(REPORTS[sender])

    def sent(number: int) -> bytes:
        return (b"\x80\x21" + number.to_bytes(2, "big") + bytes(4) + b"\0\0\0\7" if with_rtp else b"") + TS * 7

    probe = Probe()
    probe.give([(0.0, report), *((number / 100, sent(number)) for number in range(1, 20)), (0.2, report)])
    probe.give([(0.3, report)])
    assert (probe.channel.datagrams, probe.channel.malformed, probe.channel.packets) == (19, 0, 19 * 7)
    assert not caplog.records


@pytest.mark.parametrize("end", [b"", bytes(4), b"\x80\xc8\0\0", b"\x40\xc8\0\0"])
def test_pieces_of_a_stream_of_bytes_are_no_reports(end: bytes) -> None:
    """They may begin with any bytes: what is a report is one up to the datagram's end."""
    probe = Probe()
    datagrams = [b"\x80\xc8\0\x06".ljust(1468, b"\x01") + end, b"\x80\xd0\0\x06" + bytes(24)]
    probe.give([(0.0, TS * 7), *((0.1, data) for data in datagrams)])
    assert (probe.channel.datagrams, probe.channel.malformed) == (3, 2)


def test_what_is_no_transport_stream_does_not_keep_a_channel_up() -> None:
    probe = Probe()
    probe.give([(number / 100, TS * 7) for number in range(100)])
    probe.analysis.tick(1.0)
    assert probe.channel.is_up
    for number in range(100, 400, 10):
        probe.give([(number / 100, b"no media")])
        probe.analysis.tick(number / 100)
    assert not probe.channel.is_up
    assert probe.channel.malformed == 30


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True), st.randoms(use_true_random=False))
def test_every_number_is_received_or_lost_once(missing: list[int], random: object) -> None:
    """Within the patience any order is put right, and what never came is lost, exactly."""
    stream = RtpStream()
    sent = [number for number in range(1000, 2600) if number - 1100 not in missing]
    late = sent[:]
    for place in range(0, len(late) - 8, 8):
        part = late[place : place + 8]
        random.shuffle(part)  # type: ignore[attr-defined]
        late[place : place + 8] = part
    first = min(late[:8])
    late.remove(first)
    take(stream, first)
    for place in range(0, len(late), 100):
        take(stream, *late[place : place + 100])

    expected = [number for number in missing if 1100 + number > first]
    assert stream.lost == len(expected)
    assert stream.duplicates == 0


@pytest.mark.parametrize(
    ("datagram", "packets", "offset"),
    [
        (TS * 7, 7, 0),
        (TS, 1, 0),
        (b"\x46" + TS[1:] + TS, 2, 0),  # a wrong sync byte is no RTP header
        (b"\x80\x21" + bytes(10) + TS * 7, 7, 12),
        (b"\x82\x21" + bytes(18) + TS * 7, 7, 20),  # two contributing sources
        (b"\x90\x21" + bytes(10) + b"\xbe\xde\x00\x02" + bytes(8) + TS * 3, 3, 24),  # an extension
        (b"\xa0\x21" + bytes(10) + TS * 2 + b"\0\0\0\4", 2, 12),  # padding
        ((TS + bytes(16)) * 7, 7, 0),  # 204 bytes each
        ((b"\x46" + TS[1:] + bytes(16)) + TS + bytes(16), 2, 0),
        (b"\x80\x21" + bytes(10) + (TS + bytes(16)) * 7, 7, 12),
        (b"\x46" + bytes(203), 0, 0),
        (b"\x80\x21" + bytes(10), 0, 12),  # nothing in it
        (b"\x80\x21" + bytes(10) + TS[:-1], 0, 12),
        (TS[:-1], 0, 0),
        (b"GET / HTTP/1.1\r\n\r\n", 0, 0),
        (b"", 0, 0),
    ],
)
def test_packets_are_found_behind_every_header(datagram: bytes, packets: int, offset: int) -> None:
    found = frames(block([(0, 0.0, datagram), (0, 0.0, b"\x80\x21" + bytes(10) + TS)]))

    assert found.packets[0] == packets
    assert packets == 0 or found.offset[0] == offset


@pytest.mark.parametrize(
    ("payload_type", "content", "packets"),
    [
        (33, TS * 7, 7),
        (33, bytes(188), 1),  # a wrong sync byte is a fault of the stream
        (97, TS * 7, 7),  # what RIST sends again has a type of its own (Upipe, pull request 481)
        (96, bytes(16) + TS, 0),  # SMPTE ST 2022-1 of datagrams of one packet: as long as a packet of 204 bytes
        (96, b"\x47" + bytes(15) + TS, 0),
        (96, bytes(188), 0),
        (96, bytes(16) + TS * 7, 0),
        (33, b"", 0),
        (0, bytes(4), 0),  # a SAT>IP server's keep-alive (minisatip, pull request 741)
    ],
)
def test_rtp_of_other_kinds_holds_no_packets(payload_type: int, content: bytes, packets: int) -> None:
    """Pull requests 16 of dvblast and 19 of multicat: error correction comes on the media's port."""
    found = frames(block([(0, 0.0, bytes([0x80, payload_type]) + bytes(10) + content)]))
    assert found.packets.tolist() == [packets]
    assert (found.rtp is not None) == bool(packets)


@given(st.lists(st.binary(max_size=1400), min_size=1, max_size=8))
def test_any_bytes_give_frames_inside_their_datagram(datagrams: list[bytes]) -> None:
    found = frames(block([(0, 0.0, data) for data in datagrams]))

    for data, packets, offset in zip(datagrams, found.packets.tolist(), found.offset.tolist(), strict=True):
        assert packets >= 0
        assert packets == 0 or offset + packets * 188 <= len(data)
