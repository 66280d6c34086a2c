"""Datagrams that do not hold packets of 188 bytes, as real programs send them."""

import socket
import subprocess
import time

import numpy as np
import pytest

from tests.contract.multicast.streams import IN_DATAGRAM, PACKET, RATE, Packets, Probe

FFMPEG = (
    "ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=25:duration=2 "
    "-f lavfi -i sine=duration=2 -c:v libx264 -preset ultrafast -g 25 -b:v 1500k -c:a mp2 -f mpegts"
)
PIECE = 1472  # ffmpeg's, without pkt_size


def pieces(packets: Packets, size: int = PIECE) -> list[bytes]:
    data = b"".join(packets)
    return [data[at : at + size] for at in range(0, len(data), size)]


def give(probe: Probe, datagrams: list[bytes], turn: int = 20) -> None:
    """Give datagrams at the stream's own rate."""
    for begin in range(0, len(datagrams), turn):
        moments = []
        for data in datagrams[begin : begin + turn]:
            probe.now += len(data) * 8 / RATE
            moments.append((probe.now, data))
        probe.give(moments)
        probe.analysis.tick(probe.now)


def test_what_ffmpeg_sends_by_udp_is_read_over_the_borders_of_its_datagrams(caplog: pytest.LogCaptureFixture) -> None:
    """Without `pkt_size=1316` it fills 1,472 bytes, and what is left of a picture goes into a short one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.5)
        port = receiver.getsockname()[1]
        sent, end = [], time.monotonic() + 20
        with subprocess.Popen([*FFMPEG.split(), f"udp://127.0.0.1:{port}"]) as ffmpeg:
            while time.monotonic() < end:
                try:
                    sent.append(receiver.recv(65_535))
                except TimeoutError:
                    if ffmpeg.poll() is not None:
                        break
    assert max(map(len, sent)) == PIECE
    probe = Probe(constant_bitrate=False)

    give(probe, sent)

    channel = probe.channel
    assert channel.is_up
    assert [stream.codec for stream in channel.tables.streams] == ["H.264", "MPEG-1 audio"]
    assert (channel.packets, channel.missing) == (sum(map(len, sent)) // PACKET, 0)
    assert not {"TS_sync_loss", "Sync_byte_error", "Continuity_count_error"} & set(probe.errors())
    assert channel.malformed >= sum(len(data) % PACKET != 0 for data in sent) - 1
    assert [record.message for record in caplog.records] == ["datagrams do not hold whole packets"]


def test_a_piece_that_is_lost_shows_as_a_loss_and_the_rest_is_read(clean: Packets) -> None:
    probe = Probe(constant_bitrate=False)
    sent = pieces(clean[:6000])
    del sent[300:302]

    give(probe, sent)

    assert probe.channel.is_up
    assert probe.errors()["TS_sync_loss"] == 1
    assert probe.channel.packets > 5980


def test_a_sender_that_is_put_right_is_read_as_before(clean: Packets) -> None:
    probe = Probe(constant_bitrate=False)
    at = 564 * PIECE // PACKET  # a border of both

    give(probe, pieces(clean[:at]) + pieces(clean[at:], IN_DATAGRAM * PACKET))

    assert at * PACKET % PIECE == 0
    assert probe.errors() == {}
    assert probe.channel.packets == len(clean)


def test_what_is_no_packet_among_whole_ones_is_left_out(clean: Packets) -> None:
    probe = Probe(constant_bitrate=False)
    sent = pieces(clean[:2800], IN_DATAGRAM * PACKET)
    sent[100:100] = [b"hello"]

    give(probe, sent)

    assert (probe.errors(), probe.channel.malformed, probe.channel.packets) == ({}, 1, 2800)


@pytest.mark.parametrize(
    ("datagram", "words"),
    [
        (b"\x80\x60" + bytes(10) + b"\x65" * 900, "RTP without packets of 188 bytes: its payload type is 96, not 33"),
        (b"", "is empty, or longer than 1536 bytes"),
        (b"GET / HTTP/1.1\r\n\r\n", "has 18 bytes and begins with 47 45 54 20"),
    ],
)
def test_datagrams_without_a_transport_stream_say_once_what_they_are(
    datagram: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """H.264 in RTP, what GStreamer sends without an alignment (longer than a frame), and text."""
    probe = Probe(constant_bitrate=False)

    give(probe, [datagram] * 60)

    (record,) = caplog.records
    assert record.message == "datagrams hold no transport stream"
    assert words in record.__dict__["reason"]
    assert (probe.channel.is_up, probe.channel.malformed) == (False, 60)


@pytest.mark.parametrize("rtp", [False, True])
def test_packets_of_204_bytes_are_read(clean: Packets, rtp: bool) -> None:
    """ISDB-T says in the 16 bytes behind what a modulator needs; TSDuck passes them on by UDP."""
    probe = Probe()
    trailer = bytes(range(16))
    datagrams = [
        b"".join(packet + trailer for packet in clean[at : at + IN_DATAGRAM])
        for at in range(0, len(clean) - IN_DATAGRAM, IN_DATAGRAM)
    ]
    step = PACKET * IN_DATAGRAM * 8 / RATE
    for begin in range(0, len(datagrams), 40):
        turn = []
        for number, data in enumerate(datagrams[begin : begin + 40], begin):
            head = b"\x80\x21" + (number % 65_536).to_bytes(2, "big") + bytes(8)
            turn.append((number * step, (head if rtp else b"") + data))
        probe.give(turn)
        probe.analysis.tick(turn[-1][0])

    assert probe.channel.is_up
    assert (probe.errors(), probe.channel.malformed) == ({}, 0)
    assert np.isclose(next(iter(probe.channel.clocks.values())).figures.bit_rate or 0, RATE, rtol=0.01)
