"""What a programme map says of its streams, as multiplexers write it; the maps of FFmpeg are those of version 5.1.9."""

import pytest

from agent.sources.multicast.indicators import Indicator, Indicators
from agent.sources.multicast.tables import Tables
from agent.transport.programs import Elementary, ProgramReader, program_of
from agent.transport.sections import Assembler, parse
from tests.unit.streams.media import PMT, pat, section, table

DISC = b"\x05\x04HDMV\x88\x04\x0f\xff\xfc\xfc"


def streams(stream_type: int, descriptors: bytes = b"", programme: bytes = b"") -> bytes:
    """Return a map of one stream, with descriptors of its own and of its programme."""
    head = bytes([0xE1, 0, 0xF0, len(programme)]) + programme
    return section(2, 1, head + bytes([stream_type, 0xE1, 1, 0xF0, len(descriptors)]) + descriptors)


def only(data: bytes) -> Elementary:
    found = parse(data)
    program = program_of(found) if found else None
    assert program
    (stream,) = program.streams
    return stream


@pytest.mark.parametrize(
    ("body", "kind", "codec"),
    [
        ("e100f00082e100f000", "audio", "DTS"),  # ffmpeg -c:a dca
        ("e100f00083e100f000", "audio", "TrueHD"),  # ffmpeg -c:a truehd
        ("f100f00c050448444d5688040ffffcfc82f100f000", "audio", "DTS"),  # the next ones with -mpegts_m2ts_mode 1
        ("f100f00c050448444d5688040ffffcfc80f100f000", "audio", "LPCM"),
        ("f100f00c050448444d5688040ffffcfc84f100f006050445414333", "audio", "E-AC-3"),
    ],
)
def test_sound_as_ffmpeg_writes_it(body: str, kind: str, codec: str) -> None:
    stream = only(section(2, 1, bytes.fromhex(body)))
    assert (stream.kind, stream.codec) == (kind, codec)


@pytest.mark.parametrize(
    ("stream_type", "programme", "kind", "codec"),
    [
        (0x86, b"", "data", "SCTE-35"),
        (0x86, b"\x05\x04CUEI", "data", "SCTE-35"),
        (0x86, DISC, "audio", "DTS-HD"),
        (0x85, DISC, "audio", "DTS-HD"),
        (0x84, b"", "data", "stream type 0x84"),
        (0x80, b"", "data", "stream type 0x80"),
        (0x82, b"\x05\x04GA94", "data", "subtitles"),
        (0x1B, DISC, "video", "H.264"),
        (0x2D, b"", "audio", "MPEG-H"),  # Rec. ITU-T H.222.0, table 2-34, as the next two
        (0x2E, b"", "audio", "MPEG-H, auxiliary"),
        (0x32, b"", "video", "JPEG XS"),
        (0xD4, b"\x05\x04AVSV", "video", "AVS3"),  # libavformat/mpegts.h
    ],
)
def test_a_type_is_what_its_programme_makes_of_it(stream_type: int, programme: bytes, kind: str, codec: str) -> None:
    stream = only(streams(stream_type, programme=programme))
    assert (stream.kind, stream.codec) == (kind, codec)


@pytest.mark.parametrize(
    ("descriptors", "kind", "codec"),
    [
        (b"\x7f\x02\x0e\x00", "audio", "DTS-HD"),
        (b"\x7f\x02\x15\x00", "audio", "AC-4"),
        (b"\x7f\x02\x21\x00", "audio", "DTS-UHD"),
        (b"\x7f\x02\x20\x00", "data", "subtitles"),
        (b"\x7f\x02\x06\x00\x6a\x01\x00", "audio", "AC-3"),  # behind one that tells no codec
        (b"\x7f\x00", "data", "stream type 0x06"),
        (b"\x05\x04AC-4", "audio", "AC-4"),
    ],
)
def test_private_data_by_descriptors_of_dvb(descriptors: bytes, kind: str, codec: str) -> None:
    stream = only(streams(0x06, descriptors))
    assert (stream.kind, stream.codec) == (kind, codec)


PRIVATE = b"\xc0\x30\x08" + bytes(8)  # in the short form, which has no CRC


def test_another_table_beside_the_map_is_no_wrong_crc() -> None:
    """Issue 30 of tstools: multiplexes with other tables on the PID of a map."""
    indicators = Indicators()
    tables = Tables(indicators, lambda: None)
    reader = ProgramReader()
    damaged = streams(0x0F)[:-1] + b"\x00"
    for place, data in enumerate([pat(), PRIVATE, streams(0x1B), PRIVATE, damaged]):
        pid = PMT if place else 0
        tables.take(pid, table(pid, place, data), place / 10)
        reader.read(pid, table(pid, place, data))
    assert (indicators.counts[Indicator.CRC], reader.crc_errors) == (1, 1)
    assert [each.codec for each in tables.streams] == ["H.264"]


@pytest.mark.parametrize(("programme", "watched"), [(b"", True), (DISC, False)])
def test_sound_is_not_read_as_splice_commands(programme: bytes, watched: bool) -> None:
    tables = Tables(Indicators(), lambda: None)
    tables.take(0, table(0, 0, pat()), 0.0)
    tables.take(PMT, table(PMT, 0, streams(0x86, programme=programme)), 0.1)
    assert (0x101 in tables.pids) is watched


def test_a_map_of_another_programme_on_the_same_pid_is_not_the_channel() -> None:
    """Issue 209 of MuMuDVB: 22 services have their maps on PID 33, and what is cut out of them names one."""
    reader = ProgramReader()
    other = section(2, 2, b"\xe1\x00\xf0\x00" + b"\x1b\xe5\x01\xf0\x00")
    for data in (table(0, 0, pat()), table(PMT, 0, other), table(PMT, 1, streams(0x1B)), table(PMT, 2, other)):
        reader.read(int.from_bytes(data[1:3], "big") & 0x1FFF, data)
    assert [(number, [one.pid for one in found.streams]) for number, found in reader.programs.items()] == [(1, [0x101])]


@pytest.mark.parametrize("pointer", [184, 255])
def test_a_pointer_to_behind_its_packet_begins_no_section(pointer: int) -> None:
    """Issue 206 of MuMuDVB: packets with a pointer of 255 between those of a map."""
    found: list[bytes] = []
    assembler = Assembler(found.append)
    assembler.feed(bytes([pointer]) + bytes(183), unit_start=True)
    assembler.feed(streams(0x1B).ljust(184, b"\xff"), unit_start=False)
    assert found == []
    assembler.feed(b"\0" + streams(0x1B).ljust(183, b"\xff"), unit_start=True)
    assert found == [streams(0x1B)]
