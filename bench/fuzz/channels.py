"""Damages transport streams at random: the probe judges whatever comes, and the picture checks return findings.

    python -m bench.fuzz.channels stream|picture SECONDS [SEED]

`stream` gives the probe datagrams, bare or by RTP, with packets, sections and PES headers damaged; the CRC of a damaged
section is put right half of the time, so that what lies behind it is reached. `picture` gives the picture checks the
pieces that the probe cuts out of the same streams, and damages those again. Only an exception is a fault; its seed is
printed.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence

from agent.sources.media import Media, Piece
from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.settings import MulticastSettings
from agent.sources.picture.examine import Examiner
from agent.sources.picture.message import Limits, Task
from demo.platform.programme import PACKETS_A_SECOND, Programme, programmes
from demo.platform.transport import PACKET, crc32
from tests.contract.multicast.streams import IN_DATAGRAM, block

_LENGTH = 3 * PACKETS_A_SECOND  # packets of one run


def damaged(rng: random.Random, programme: Programme) -> list[bytes]:
    """Return some seconds of a channel with a random share of its packets damaged."""
    share, first = rng.choice((0.002, 0.02, 0.2)), rng.randrange(10_000)
    packets = [bytes(programme.packet(first + number)) for number in range(_LENGTH)]
    return [_packet(rng, packet) if rng.random() < share or _has_section(packet) else packet for packet in packets]


def _has_section(packet: bytes) -> bool:
    return packet[1:5] in (b"\x40\x00" + packet[3:4] + b"\0", b"\x50\x00" + packet[3:4] + b"\0")


def _packet(rng: random.Random, packet: bytes) -> bytes:
    data = bytearray(packet)
    begin = 5 if _has_section(packet) else rng.choice((0, 1, 3, 4))
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        data[rng.randrange(begin, 64)] = rng.choice((0, 1, 0x47, 0xFF, rng.randrange(256)))
    if _has_section(packet) and rng.random() < 0.5:
        end = 8 + ((data[6] & 0x0F) << 8 | data[7])
        if 12 <= end <= PACKET:
            data[end - 4 : end] = crc32(bytes(data[5 : end - 4])).to_bytes(4, "big")
    return bytes(data)


def datagrams(rng: random.Random, packets: Sequence[bytes]) -> list[bytes]:
    """Return the packets in datagrams, some of them cut off, repeated, out of order, or with another RTP header."""
    rtp, found = rng.random() < 0.5, []
    for number, at in enumerate(range(0, len(packets), IN_DATAGRAM)):
        data = b"".join(packets[at : at + IN_DATAGRAM])
        if rtp:
            header = (
                b"\x80\x21" + (number & 0xFFFF).to_bytes(2, "big") + (number * 1575).to_bytes(4, "big") + b"\0\0\0\7"
            )
            data = (rng.randbytes(12) if rng.random() < 0.01 else header) + data
        if rng.random() < 0.01:
            data = data[: rng.randrange(len(data) + 1)]
        found += [data] * rng.choice((1,) * 60 + (0, 2))
    if rng.random() < 0.3:
        place = rng.randrange(len(found))
        found[place : place + 5] = reversed(found[place : place + 5])
    return found


def pieces(rng: random.Random, programme: Programme) -> list[Piece]:
    """Judge a damaged stream; return what the probe cut out of it for the picture checks."""
    found: list[Piece] = []
    media = Media()
    media.listen(lambda _: True, found.append)
    settings = MulticastSettings("first", "239.0.0.1:5000", constant_bitrate=rng.random() < 0.5)
    analysis, now = Analysis([settings], lambda: 0.0, media), 1_000.0
    sent = datagrams(rng, damaged(rng, programme))
    while sent:
        count = rng.randrange(1, 120)
        analysis.take(block([(0, now + index / 100, data) for index, data in enumerate(sent[:count])]))
        sent, now = sent[count:], now + count / 57
        analysis.tick(now)
    assert all(count >= 0 for count in analysis.channels[0].indicators.counts.values())
    return found


def examined(rng: random.Random, programme: Programme) -> None:
    """Decode the pieces, damaged once more."""
    examiner = Examiner(Limits(memory=1 << 30, most_pixels=4096 * 2304, thumbnails=True))
    for piece in pieces(rng, programme):
        data = bytearray(piece.data)
        for _ in range(rng.choice((0, 1, 10, 100)) if data else 0):
            data[rng.randrange(len(data))] = rng.randrange(256)
        task = Task("first", piece.rendition, piece.container, bytes(data), piece.arrived, piece.follows)
        examiner.examine(task)


def main() -> None:
    """Run one target until its time is over."""
    name, seconds = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    target: Callable[[random.Random, Programme], object] = {"stream": pieces, "picture": examined}[name]
    programme = programmes(0)[""]
    began, first = time.monotonic(), seed
    while time.monotonic() - began < seconds:
        try:
            target(random.Random(seed), programme)
        except Exception:
            print(f"seed {seed} fails", file=sys.stderr)
            raise
        seed += 1
    print(f"{name}: {seed - first} streams of {_LENGTH} packets, no exception")


if __name__ == "__main__":
    main()
