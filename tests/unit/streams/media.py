"""Small media that players start with: one programme in a transport stream, and a movie in fragments of MP4."""

import struct

from tests.unit.streams.packets import run

VIDEO, AUDIO, PMT = 0x100, 0x101, 0x1000
H264, AAC = 0x1B, 0x0F


def crc(data: bytes) -> int:
    """Return the CRC of ISO/IEC 13818-1, annex A, bit by bit as it is defined."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def section(table: int, extension: int, body: bytes) -> bytes:
    """Return a section with its CRC."""
    data = struct.pack(">BHHBBB", table, 0xB000 | len(body) + 9, extension, 0xC1, 0, 0) + body
    return data + struct.pack(">I", crc(data))


def table(pid: int, counter: int, data: bytes) -> bytes:
    """Return the packet of a short table."""
    head = bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10 | counter & 15, 0])
    return (head + data).ljust(188, b"\xff")


def pat() -> bytes:
    """Return a PAT of one programme."""
    return section(0, 1, struct.pack(">HH", 1, 0xE000 | PMT))


def pmt(*streams: tuple[int, int]) -> bytes:
    """Return a PMT of these stream types and PIDs."""
    body = struct.pack(">HH", 0xE000 | VIDEO, 0xF000)
    for kind, pid in streams or ((H264, VIDEO), (AAC, AUDIO)):
        body += struct.pack(">BHH", kind, 0xE000 | pid, 0xF000)
    return section(2, 1, body)


def begin(pid: int, counter: int, *, scrambled: bool = False, clear: bool = True) -> bytes:
    """Return a packet in which a PES packet begins."""
    flags = (0xC0 if scrambled else 0) | 0x10 | counter & 15
    payload = b"\x00\x00\x01\xe0" if clear else b"\x9a\x31\x7c\x05"
    return (bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, flags]) + payload).ljust(188, b"\x00")


def programme(count: int = 50, first: int = 0) -> bytes:
    """Return a segment of pictures and sound: tables, then `count` packets of pictures."""
    head = table(0, 0, pat()) + table(PMT, 0, pmt()) + begin(AUDIO, 0)
    return head + begin(VIDEO, first) + run(VIDEO, first + 1, count - 1)


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box."""
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def init(
    handler: bytes = b"vide",
    codec: bytes = b"avc1",
    *,
    scale: int = 0,
    version: int = 0,
    protection: bytes = b"",
    fragmented: bool = True,
) -> bytes:
    """Return an initialization section of one track, number 1, as far as it is looked at."""
    entries = box(b"stsd", struct.pack(">II", 0, 1), box(codec, bytes(78), protection))
    dates = bytes([version]) + bytes(19 if version else 11)
    heads = [box(b"mdhd", dates, struct.pack(">I", scale), bytes(12))] if scale else []
    media = box(b"mdia", *heads, box(b"hdlr", bytes(8), handler, bytes(13)), box(b"minf", box(b"stbl", entries)))
    track = [box(b"tkhd", dates, struct.pack(">I", 1), bytes(64))] if scale else []
    extends = [box(b"mvex", box(b"trex", bytes(24)))] if fragmented else []
    return box(b"ftyp", b"iso6", bytes(4)) + box(b"moov", box(b"trak", *track, media), *extends)


def fragment(begins: int | None = None, *, version: int = 1, track: int = 1) -> bytes:
    """Return a fragment with media in it, which may say where it begins in the ticks of its track."""
    content = bytes(40)
    if begins is not None:
        time = struct.pack(">B3xQ" if version else ">B3xI", version, begins)
        content = box(b"traf", box(b"tfhd", bytes(4), struct.pack(">I", track)), box(b"tfdt", time))
    return box(b"styp", b"msdh", bytes(4)) + box(b"moof", content) + box(b"mdat", bytes(400))
