"""Makes the parts of what viewers get at random: sections, PES headers, RTP headers, splice commands and thumbnails.

    python -m bench.fuzz.channel_parts section|pes|rtp|splice|thumbnail SECONDS [SEED]

Where `bench.fuzz.channels` damages a stream of FFmpeg, this builds the fields themselves, so that each holds what no
encoder would write: lengths that point beyond the end, tables that name each other, headers inside headers. What is
right about the input is known here, and what the probe says is held against it. An exception and a wrong answer are
faults; the seed is printed.
"""

import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import av
from PIL import Image

from agent.runtime.exposition import registry, text
from agent.sources.media import LARGEST, Media, Piece
from agent.sources.multicast import figures
from agent.sources.multicast.analysis import Analysis
from agent.sources.multicast.channel import ChannelAnalyser
from agent.sources.multicast.settings import MulticastSettings
from agent.sources.multicast.tables import MOST_PROGRAMS
from agent.sources.picture.kept import Kept, Picture
from agent.sources.picture.pages import page
from agent.sources.streams.live import Resource, Segment
from agent.sources.streams.reasons import Fault
from agent.sources.streams.segment import SegmentChecker
from alerts.desk.console.channels import thumbnails
from demo.platform.transport import NULL_PID, PACKET, crc32
from tests.contract.multicast.streams import IN_DATAGRAM, block
from tests.support.mosaic import thumbnail

_VIDEO, _AUDIO, _PMT, _CUES = 0x100, 0x101, 0x1000, 0x102
_MOST_SAMPLES = 3000  # of one channel, whatever comes
_TURN = 6  # datagrams of a turn in which tables come first
_TYPES = (0x01, 0x02, 0x03, 0x06, 0x0F, 0x1B, 0x24, 0x33, 0x81, 0x86, 0xFF)


class Packetiser:
    """Puts payloads into packets whose counters follow each other."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.packets: list[bytes] = []
        self._counters: Counter[int] = Counter()

    def add(self, pid: int, data: bytes, *, unit_start: bool = True, flags: int | None = None) -> None:
        """Cut data into packets of a PID, the first marked as a beginning; `flags` are those of an adaptation field."""
        first = unit_start
        while data or first:
            field = b""
            if flags is not None and first:
                field = bytes([1 + self.rng.choice((0, 6)), flags])
                field = field.ljust(1 + field[0], b"\0")
            room = PACKET - 4 - len(field)
            part, data = data[:room], data[room:]
            if short := room - len(part):
                field = field or b"\0"
                stuffing = short - (len(field) == 1 and field == b"\0")
                field = bytes([len(field) - 1 + stuffing]) + field[1:].ljust(len(field) - 1 + stuffing, b"\xff")
            control = (0x30 if field else 0x10) | self._counters[pid] & 0x0F
            self._counters[pid] += 1
            head = bytes([0x47, 0x40 * first | pid >> 8, pid & 0xFF, control])
            self.packets.append((head + field + part)[:PACKET].ljust(PACKET, b"\xff"))
            first = False

    def sections(self, pid: int, *data: bytes) -> None:
        """Cut sections into packets, the first behind its pointer."""
        self.add(pid, b"\0" + b"".join(data) + b"\xff")

    def damage(self, share: float) -> None:
        """Lose, repeat, scramble and mark some of the packets."""
        result = []
        for packet in self.packets:
            if self.rng.random() >= share:
                result.append(packet)
                continue
            how = self.rng.randrange(6)
            data = bytearray(packet)
            if how == 1:
                result.append(packet)
            elif how == 2:
                data[3] |= self.rng.choice((0x40, 0x80, 0xC0))
            elif how == 3:
                data[1] ^= self.rng.choice((0x80, 0x40))
            elif how == 4:
                data[self.rng.randrange(PACKET)] = self.rng.randrange(256)
            elif how == 5:
                data[3:5] = bytes([data[3] | 0x20, self.rng.choice((0, 1, 182, 183, 184, 255))])
            if how:
                result.append(bytes(data))
        self.packets = result


def section(table: int, body: bytes, extension: int = 1, version: int = 0, place: tuple[int, int] = (0, 0)) -> bytes:
    """Return a section in the long form with the right CRC; `place` is its number and the last one's."""
    head = bytes([table, 0xB0 | len(body) + 9 >> 8 & 0x0F, len(body) + 9 & 0xFF]) + extension.to_bytes(2, "big")
    data = head + bytes([0xC1 | version << 1 & 0x3E, *place]) + body
    return data + crc32(data).to_bytes(4, "big")


def programme_map(streams: list[tuple[int, int, bytes]], clock: int, number: int = 1, version: int = 0) -> bytes:
    """Return a PMT that names (type, PID, descriptors)."""
    body = (0xE000 | clock).to_bytes(2, "big") + b"\xf0\0"
    for kind, pid, descriptors in streams:
        body += bytes([kind]) + (0xE000 | pid).to_bytes(2, "big") + (0xF000 | len(descriptors)).to_bytes(2, "big")
        body += descriptors
    return section(0x02, body[:1012], extension=number, version=version)


def association(maps: dict[int, int], version: int = 0, place: tuple[int, int] = (0, 0)) -> bytes:
    """Return a PAT."""
    body = b"".join(each.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big") for each, pid in maps.items())
    return section(0x00, body[:1012], version=version, place=place)


Wrap = Callable[[int, bytes], bytes]


class Judged(NamedTuple):
    """What the probe made of a stream."""

    channel: ChannelAnalyser
    pieces: list[Piece]


def judged(rng: random.Random, packets: list[bytes], wrap: Wrap = lambda _, data: data, most: int = 60) -> Judged:
    """Give packets to both probes: as multicast, and as a segment of a stream. Return what the first one says.

    A datagram is wrapped by its number and content; a turn has fewer than `most`.
    """
    pieces: list[Piece] = []
    media = Media()
    media.listen(lambda _: True, pieces.append)
    settings = MulticastSettings("first", "239.0.0.1:5000", constant_bitrate=rng.random() < 0.5)
    analysis, now = Analysis([settings], lambda: 0.0, media), 1_000.0
    bare = [b"".join(packets[at : at + IN_DATAGRAM]) for at in range(0, len(packets), IN_DATAGRAM)]
    sent = [wrap(number, data) for number, data in enumerate(bare)]
    while sent:
        count = rng.randrange(1, most)
        analysis.take(block([(0, now + index / 50, data) for index, data in enumerate(sent[:count])]))
        sent, now = sent[count:], now + count / 50
        analysis.tick(now)
    _segment(b"".join(packets))
    channel = analysis.channels[0]
    _check(channel, analysis, pieces)
    return Judged(channel, pieces)


def _segment(data: bytes) -> None:
    checker = SegmentChecker(Segment(1, Resource(("",)), 4.0))
    try:
        checker.piece(data)
        checker.finish()
    except Fault as fault:
        assert fault.detail  # noqa: PT017 - either outcome is right


def _check(channel: ChannelAnalyser, analysis: Analysis, pieces: list[Piece]) -> None:
    assert all(count >= 0 for count in channel.indicators.counts.values())
    assert len(channel.tables.maps) <= MOST_PROGRAMS
    assert all(len(piece.data) % PACKET == 0 and len(piece.data) <= LARGEST for piece in pieces)
    samples = list(figures.samples(channel, 0, analysis.pids, 0.0))
    assert len(samples) <= _MOST_SAMPLES, f"{len(samples)} samples of one channel"
    series = Counter((sample.metric.name, tuple(sample.labels)) for sample in samples)
    twice = [name for name, count in series.items() if count > 1]
    assert not twice, f"twice in one answer: {twice[0]}"
    text(registry(lambda: samples))


def sections(rng: random.Random) -> None:
    """Tables of every kind, most with a right CRC, that name any PID, in packets that split them anywhere."""
    out = Packetiser(rng)
    pids = [0, 0, 0, 1, 0x10, 0x11, 0x12, 0x14, _PMT, _PMT, _VIDEO, NULL_PID, rng.randrange(8192)]
    whole = rng.random() < 0.1
    count = rng.choice((5, 40, 120))
    for number in range(count):
        pid = rng.choice(pids)
        data = _any_section(rng, pid, pids)
        if not whole:
            data = _twisted(rng, data)
        pointer = rng.choice((0, 0, 0, 1, 5, 183, 255, rng.randrange(256)))
        if rng.random() < 0.2:
            out.add(pid, data, unit_start=False)
        else:
            out.add(pid, bytes([pointer]) + rng.randbytes(pointer) + data * rng.choice((1, 1, 2)))
        for _ in range(rng.choice((0, 0, 3, 30)) if number % 4 == 0 else 0):
            out.add(rng.choice((_VIDEO, NULL_PID)), rng.randbytes(184), unit_start=rng.random() < 0.1)
    out.damage(rng.choice((0, 0.02, 0.2)))
    judged(rng, out.packets)


def _any_section(rng: random.Random, pid: int, pids: list[int]) -> bytes:
    version = rng.randrange(32)
    if pid == 0:
        many = rng.choice((0, 1, 1, 3, 250))
        maps = {rng.randrange(65536): rng.choice([*pids, rng.randrange(8192)]) for _ in range(many)}
        last = rng.choice((0, 0, 0, 1, 255))
        return association({1: _PMT} | maps, version, (rng.randrange(last + 1), last))
    if pid == _PMT or rng.random() < 0.3:
        streams = [
            (rng.choice(_TYPES), rng.choice([*pids, rng.randrange(8192)]), _descriptors(rng))
            for _ in range(rng.choice((0, 1, 2, 200)))
        ]
        number = rng.choice((1, 1, rng.randrange(65536)))
        return programme_map(streams, rng.choice([*pids, rng.randrange(8192)]), number, version)
    table = rng.choice((0x01, 0x40, 0x42, 0x46, 0x4A, 0x4E, 0x50, 0x70, 0x73, 0xFC, 0xFE, rng.randrange(256)))
    return section(table, rng.randbytes(rng.choice((0, 1, 20, 1000))), extension=rng.randrange(65536), version=version)


def _descriptors(rng: random.Random) -> bytes:
    found = b""
    for _ in range(rng.choice((0, 0, 1, 3))):
        content = rng.choice((b"kaz\0", b"AC-3", b"", b"\xff\xfe\0\1", rng.randbytes(rng.randrange(12))))
        tag = rng.choice((0x05, 0x0A, 0x56, 0x59, 0x6A, rng.randrange(256)))
        found += bytes([tag, rng.choice((len(content), len(content), 0, 255))]) + content
    return found


def _twisted(rng: random.Random, data: bytes) -> bytes:
    """Change some bytes; make the CRC right again half of the time."""
    twisted = bytearray(data)
    for _ in range(rng.choice((0, 0, 1, 2, 8))):
        twisted[rng.randrange(min(len(twisted), 40))] = rng.choice((0, 1, 0x0F, 0xFF, rng.randrange(256)))
    if rng.random() < 0.5 and len(twisted) > 4:
        end = min(len(twisted), max(4, 3 + ((twisted[1] & 0x0F) << 8 | twisted[2])))
        twisted[end - 4 : end] = crc32(bytes(twisted[: end - 4])).to_bytes(4, "big")
    return bytes(twisted[: rng.choice((len(twisted), len(twisted), rng.randrange(len(twisted) + 1)))])


def units(rng: random.Random) -> None:
    """PES headers of every shape before the beginnings of pictures and sound, in packets with every kind of field."""
    out = Packetiser(rng)
    kinds = [(rng.choice(_TYPES), _VIDEO, b""), (rng.choice((0x03, 0x0F, 0x11, 0x81)), _AUDIO, b"\x0a\x04kaz\0")]
    for number in range(rng.choice((20, 150))):
        if number % 5 == 0:
            out.sections(0, association({1: _PMT}))
            out.sections(_PMT, programme_map(kinds, rng.choice((_VIDEO, _AUDIO, NULL_PID))))
        if rng.random() < 0.01:
            kinds[0] = rng.choice(_TYPES), _VIDEO, _descriptors(rng)
        flags = rng.choice((None, None, 0, 0x40, 0x50, 0x90, 0xFF, rng.randrange(256)))
        unit = _header(rng) + _beginning(rng) + rng.randbytes(rng.choice((0, 1, 150, 170, 184, 2000)))
        out.add(rng.choice((_VIDEO, _VIDEO, _AUDIO)), unit, flags=flags)
    out.damage(rng.choice((0, 0.02, 0.2)))
    judged(rng, out.packets)


def _header(rng: random.Random) -> bytes:
    """Return a PES header (ISO/IEC 13818-1, 2.4.3.7) whose fields need not fit each other, cut off at times."""
    start = rng.choice((b"\0\0\1",) * 8 + (b"\0\0\0", rng.randbytes(3)))
    stream = rng.choice((0xE0, 0xC0, 0xBD, 0xBE, 0xBF, 0xFD, rng.randrange(256)))
    flags, length = rng.choice((0x00, 0x80, 0xC0, 0x40, 0xFF)), rng.choice((0, 5, 10, 182, 255))
    rest = rng.randbytes(rng.choice((length, min(length, 10), 0)))
    head = start + bytes([stream]) + rng.randbytes(2) + bytes([rng.choice((0x80, 0x84, 0x8F, 0xFF, 0)), flags, length])
    return (head + rest)[: rng.choice((300, 300, 300, rng.randrange(12)))]


def _beginning(rng: random.Random) -> bytes:
    parts = (
        b"\0\0\1\x67",
        b"\0\0\1\x65",
        b"\0\0\0\1\x09",
        b"\0\0\1\x40\1",
        b"\0\0\1\x26",
        b"\0\0\1\xb3",
        b"\0\0\1",
        b"\xff\xf1",
    )
    return b"".join(rng.choice(parts) + rng.randbytes(rng.randrange(6)) for _ in range(rng.randrange(4)))


def datagrams(rng: random.Random) -> None:
    """RTP headers of every shape; what the probe takes is held against a reading field by field (RFC 3550, 5.1)."""
    out = Packetiser(rng)
    for _ in range(rng.choice((10, 40))):
        out.sections(0, association({1: _PMT}))
        out.sections(_PMT, programme_map([(0x1B, _VIDEO, b"")], _VIDEO))
        out.add(_VIDEO, _header(rng) + rng.randbytes(3000), flags=0x50)
    sequence = rng.randrange(65536)
    expected: list[int] = []

    def wrap(number: int, data: bytes) -> bytes:
        wrapped = _rtp(rng, sequence + number, data)
        expected.append(_packets_in(wrapped))
        return wrapped

    channel = judged(rng, out.packets, wrap).channel
    assert channel.datagrams == len(expected)
    assert channel.malformed == expected.count(0), f"{channel.malformed} malformed, {expected.count(0)} expected"
    stream = channel.rtp
    # What RTP numbers the same came twice, and is judged once.
    assert channel.packets <= sum(expected), f"{channel.packets} packets, {sum(expected)} expected"
    assert stream.duplicates or channel.packets == sum(expected), f"{channel.packets} packets of {sum(expected)}"
    assert min(stream.lost, stream.reordered, stream.duplicates, stream.restarts) >= 0
    assert 0 <= stream.jitter < 60


def _rtp(rng: random.Random, sequence: int, data: bytes) -> bytes:
    sources = rng.choice((0, 0, 0, 0, 1, 15))
    extended, padded = rng.random() < 0.1, rng.random() < 0.1
    first = rng.choice((0x80,) * 20 + (0x40, 0xC0, 0)) | 0x20 * padded | 0x10 * extended | sources
    number = sequence + rng.choice((0,) * 20 + (1, -1, 500, 30_000))
    head = bytes([first, rng.choice((33, 33, 33, 161, rng.randrange(256)))]) + (number & 0xFFFF).to_bytes(2, "big")
    head += rng.choice((number * 1575 & 0xFFFFFFFF, 0, 0xFFFFFFFF)).to_bytes(4, "big")
    head += rng.choice((b"\0\0\0\7",) * 30 + (rng.randbytes(4),)) + rng.randbytes(4 * sources)
    if extended:
        words = rng.choice((0, 1, 3, 3, 65535))
        head += rng.randbytes(2) + words.to_bytes(2, "big") + rng.randbytes(4 * min(words, 3))
    if padded:
        count = rng.choice((1, 4, 4, 0, 200, 255))
        data += bytes(max(0, min(count, 20) - 1)) + bytes([count])
    data = head + data
    return data[: len(data) if rng.random() < 0.95 else rng.randrange(len(data) + 1)][:1536]


def _packets_in(data: bytes) -> int:
    """Return how many packets a datagram holds, read field by field."""
    if len(data) % PACKET == 0:
        return len(data) // PACKET
    if len(data) <= 12 or data[0] >> 6 != 2:
        return 0
    begin, end = 12 + 4 * (data[0] & 15), len(data)
    if data[0] & 0x10:
        if begin + 4 > len(data):
            return 0
        begin += 4 + 4 * int.from_bytes(data[begin + 2 : begin + 4])
    if data[0] & 0x20:
        end -= data[-1]
    return (end - begin) // PACKET if end > begin and (end - begin) % PACKET == 0 else 0


def splices(rng: random.Random) -> None:
    """Splice commands (ANSI/SCTE 35), of which those that come whole are counted one by one by their kind."""
    out = Packetiser(rng)
    streams = [(0x1B, _VIDEO, b""), (0x86, _CUES, b"\x05\x04CUEI")]
    intact = rng.random() < 0.5
    expected: Counter[str] = Counter()
    for _ in range(3 * _TURN * IN_DATAGRAM // 2):  # the tables are known before the first command comes
        out.sections(0, association({1: _PMT}))
        out.sections(_PMT, programme_map(streams, _VIDEO))
    names = {0: "splice_null", 4: "splice_schedule", 5: "splice_insert", 6: "time_signal", 7: "bandwidth_reservation"}
    for number in range(rng.choice((10, 80))):
        if number % 5 == 0:
            out.sections(0, association({1: _PMT}))
            out.sections(_PMT, programme_map(streams, _VIDEO))
        kind = rng.choice((0, 4, 5, 6, 7, 0xFF, rng.randrange(256)))
        content = rng.randbytes(rng.choice((0, 5, 20, 200, 1000)))
        encrypted = rng.random() < 0.2
        head = bytes([0, 0x80 * encrypted]) + rng.randbytes(5) + rng.randbytes(2) + b"\xff" + bytes([kind])
        body = head[:8] + head[8:10] + bytes([kind]) + content
        length = len(body) + 4
        data = bytes([0xFC, 0x30 | length >> 8, length & 0xFF]) + body
        data += crc32(data).to_bytes(4, "big")
        # Byte 4 holds the flag of encryption, byte 13 the kind of the command (table 5).
        name = names.get(data[13], "private_command" if data[13] == 0xFF else "other")
        expected["encrypted" if data[4] & 0x80 else name] += 1
        out.sections(_CUES, data if intact else _twisted(rng, data))
    if not intact:
        out.damage(0.05)
    counted = judged(rng, out.packets, most=_TURN).channel.tables.splices
    if intact:
        assert counted == expected, f"{dict(counted)} counted, {dict(expected)} sent"


def pictures(rng: random.Random) -> None:
    """What an agent answers about its thumbnails: the desk takes pictures of bearable size, or refuses all of it.

    What it takes is decoded by Pillow, whose library is that of browsers, and by FFmpeg, and must be no larger.
    """
    images = [_picture(rng) for _ in range(rng.randrange(6))]
    kept = {
        (f"channel-{number}", "stream"): Kept((Picture(1e9 + number, image),)) for number, image in enumerate(images)
    }
    latest = page("/pictures/latest", kept)  # type: ignore[arg-type]
    listed = page("/pictures", kept)  # type: ignore[arg-type]
    assert latest is not None and listed is not None  # noqa: PT018
    try:
        found = thumbnails.latest(_answer(rng, latest.body))
    except ValueError:
        found = {}
    with suppress(ValueError):
        thumbnails.listed(_answer(rng, listed.body))
    for way, each in found.items():
        assert all(name.isprintable() for name in way)
        assert len(each.image) <= thumbnails.MOST_SIZE
        assert each.at >= 0
        _bearable(each.image)


def _picture(rng: random.Random) -> bytes:
    data = bytearray(_SEEDS[rng.randrange(len(_SEEDS))])
    for _ in range(rng.choice((0, 0, 1, 3, 20))):
        place = rng.randrange(min(len(data), rng.choice((30, 700, len(data)))))
        how = rng.randrange(4)
        if how == 0:
            data[place] = rng.choice((0, 0xFF, 0xC0, 0xC2, 0xD8, 0xDA, rng.randrange(256)))
        elif how == 1:
            # A frame header more, of any size.
            sides = rng.choice((0, 16, 1280, 1281, 65535)).to_bytes(2, "big") * 2
            data[place:place] = (
                b"\xff" + rng.choice((b"\xc0", b"\xc1", b"\xc2", b"\xc3", b"\xc9")) + b"\0\x11\x08" + sides
            )
        elif how == 2:
            del data[place : place + rng.randrange(1, 20)]
        elif how == 3 and (at := data.find(b"\xff\xc0")) > 0:
            data[at + 5 : at + 9] = rng.choice((16, 1280, 1281, 65535)).to_bytes(2, "big") * 2
    return bytes(data)


def _answer(rng: random.Random, body: bytes) -> bytes:
    head, separator, images = body.partition(b"\n")
    if rng.random() < 0.3:
        data = bytearray(head)
        for _ in range(rng.choice((1, 2))):
            data[rng.randrange(len(data))] = rng.choice(b'0123456789-."[]{},\\e' + bytes([rng.randrange(256)]))
        head = bytes(data)
    elif rng.random() < 0.2:
        entries = json.loads(head)
        for entry in entries:
            key = rng.choice(list(entry))
            entry[key] = rng.choice((-1, 1 << 70, "", "\ud800", None, [], 0.5, True, "1.000", "9" * 400))
        head = json.dumps(entries).encode()
    return head + separator + images[: len(images) if rng.random() < 0.9 else rng.randrange(len(images) + 1)]


def _bearable(image: bytes) -> None:
    """Decode a picture as others do; raise AssertionError where it is larger than the desk found it."""
    try:
        with Image.open(io.BytesIO(image), formats=["JPEG"]) as picture:
            if picture.width * picture.height < 1 << 24:
                picture.load()
                assert max(picture.size) <= thumbnails.MOST_SIDE, f"Pillow: {picture.size}"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        pass
    context = av.CodecContext.create("mjpeg", "r")
    context.options = {"max_pixels": str(1 << 24)}
    context.thread_count = 1
    try:
        shown = context.decode(av.Packet(image))
    except (av.error.FFmpegError, ValueError):
        return
    for frame in shown:
        assert max(frame.width, frame.height) <= thumbnails.MOST_SIDE, f"FFmpeg: {frame.width} x {frame.height}"


_SEEDS = [thumbnail(shade) for shade in (0, 90)]
TARGETS: dict[str, Callable[[random.Random], None]] = {
    "section": sections,
    "pes": units,
    "rtp": datagrams,
    "splice": splices,
    "thumbnail": pictures,
}


def main() -> None:
    """Run one target until its time is over."""
    name, seconds = sys.argv[1], float(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    began, first = time.monotonic(), seed
    while time.monotonic() - began < seconds:
        try:
            TARGETS[name](random.Random(seed))
        except Exception:
            print(f"{name}: seed {seed} fails", file=sys.stderr)
            raise
        seed += 1
    print(f"{name}: {seed - first} inputs, no fault", flush=True)


if __name__ == "__main__":
    main()
