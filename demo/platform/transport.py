"""MPEG-2 transport stream segments (ISO/IEC 13818-1) of a constant bit rate.

Every segment of a rendition has the same packets but for continuity counters and clocks. So the packets are laid
out once, and a segment is made by writing those fields into a copy: one small core can feed many channels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

PACKET = 188
CLOCK = 90_000  # of PTS and DTS, in Hz; PCR runs 300 times faster
PAT_PID, PMT_PID, VIDEO_PID, NULL_PID = 0x0000, 0x1000, 0x0100, 0x1FFF
H264 = 0x1B  # stream_type

_PES_HEADER = 14
# How long a player holds a picture back: a large first picture must have arrived by then.
_DECODING_DELAY = CLOCK
_WRAP = 1 << 33


def crc32(data: bytes) -> int:
    """Return the CRC of a PSI section (Annex A): over a section with its CRC it is 0."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
    return crc


def _section(table: int, identifier: int, body: bytes) -> bytes:
    length = 5 + len(body) + 4
    section = bytes([table, 0xB0 | length >> 8, length & 0xFF]) + identifier.to_bytes(2, "big") + b"\xc1\x00\x00" + body
    return section + crc32(section).to_bytes(4, "big")


def _psi_packet(pid: int, section: bytes) -> bytes:
    head = bytes([0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10, 0x00])
    return (head + section).ljust(PACKET, b"\xff")


def pat_packet() -> bytes:
    """Return the program association: one program, described on PMT_PID."""
    return _psi_packet(PAT_PID, _section(0x00, 1, (1).to_bytes(2, "big") + (0xE000 | PMT_PID).to_bytes(2, "big")))


def pmt_packet() -> bytes:
    """Return the program map: H.264 on VIDEO_PID, which carries the clock too."""
    body = (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00"
    body += bytes([H264]) + (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00"
    return _psi_packet(PMT_PID, _section(0x02, 1, body))


_NULL_PACKET = bytes([0x47, 0x1F, 0xFF, 0x10]).ljust(PACKET, b"\xff")


def pcr_field(clock: int) -> bytes:
    """Return a PCR at `clock` (90 kHz ticks); the 27 MHz extension is zero."""
    return (((clock % _WRAP) << 15) | (0x3F << 9)).to_bytes(6, "big")


def pts_field(clock: int) -> bytes:
    """Return a PTS without a DTS (clause 2.4.3.7)."""
    value = clock % _WRAP
    return bytes(
        [
            0x21 | (value >> 29 & 0x0E),
            value >> 22 & 0xFF,
            0x01 | (value >> 14 & 0xFE),
            value >> 7 & 0xFF,
            0x01 | (value << 1 & 0xFE),
        ]
    )


@dataclass(slots=True)
class SegmentTemplate:
    """The packets of one segment, and where its counters and clocks stand."""

    packets: bytearray = field(default_factory=bytearray)
    # Per packet: byte 3 without its counter, and the packet's ordinal among those of its PID.
    control: list[tuple[int, int, int]] = field(default_factory=list)
    pcr: list[tuple[int, int]] = field(default_factory=list)  # (offset in bytes, ticks after the segment's start)
    pts: list[tuple[int, int]] = field(default_factory=list)
    count: dict[int, int] = field(default_factory=dict)  # packets by PID

    def segment(self, sequence: int, start: int) -> bytes:
        """Return the `sequence`-th segment of a stream, beginning at `start` (90 kHz ticks)."""
        packets = self.packets.copy()
        first = {pid: sequence * count for pid, count in self.count.items()}
        first[NULL_PID] = 0
        packets[3::PACKET] = bytes([flags | (first[pid] + ordinal & 0x0F) for flags, pid, ordinal in self.control])
        for offset, ticks in self.pcr:
            packets[offset : offset + 6] = pcr_field(start + ticks)
        for offset, ticks in self.pts:
            packets[offset : offset + 5] = pts_field(start + ticks)
        return bytes(packets)

    def add(self, pid: int, packet: bytes) -> None:
        """Append a packet whose counter is still open."""
        ordinal = self.count.get(pid, 0)
        self.count[pid] = ordinal + 1
        self.control.append((packet[3] & 0xF0, pid, ordinal))
        self.packets += packet


def lay_out(units: list[bytes], seconds: float, bits_per_second: int) -> SegmentTemplate:
    """Lay out access units evenly over a segment of constant bit rate; raise ValueError when they do not fit."""
    total = round(seconds * bits_per_second / 8 / PACKET)
    template = SegmentTemplate()
    template.add(PAT_PID, pat_packet())
    template.add(PMT_PID, pmt_packet())
    ticks_per_packet = seconds * CLOCK / total
    slot = total / len(units)
    last_pcr = 0
    for number, unit in enumerate(units):
        while len(template.control) < int(number * slot):
            template.add(NULL_PID, _NULL_PACKET)
        display = round(number * seconds * CLOCK / len(units)) + _DECODING_DELAY
        pes = b"\x00\x00\x01\xe0\x00\x00\x84\x80\x05" + pts_field(0) + unit
        position, opening = 0, True
        while position < len(pes):
            index = len(template.control)
            # A clock at each picture, and inside a long one as often as pictures follow each other.
            with_pcr = opening or index - last_pcr >= slot
            head = _video_head(len(pes) - position, opening=opening, with_pcr=with_pcr, random_access=number == 0)
            if with_pcr:
                template.pcr.append((index * PACKET + 6, round(index * ticks_per_packet)))
                last_pcr = index
            if opening:
                template.pts.append((index * PACKET + len(head) + _PES_HEADER - 5, display))
            room = PACKET - len(head)
            template.add(VIDEO_PID, head + pes[position : position + room])
            position, opening = position + room, False
    if len(template.control) > total:
        raise ValueError(
            f"{len(template.control)} packets do not fit {bits_per_second} bit/s for {seconds} s ({total})"
        )
    while len(template.control) < total:
        template.add(NULL_PID, _NULL_PACKET)
    return template


def _video_head(remaining: int, *, opening: bool, with_pcr: bool, random_access: bool) -> bytes:
    """Return a packet's header with the adaptation field that its clock and its end need."""
    flags = 0x10 * with_pcr | 0x40 * (opening and random_access)
    adaptation = bytes([flags]) + pcr_field(0) if with_pcr else b""
    stuffing = PACKET - 4 - remaining - (len(adaptation) + 1 if adaptation else 0)
    if stuffing > 0 and not adaptation:
        stuffing -= 1  # the byte that holds the field's length
        adaptation = b"\x00" * min(stuffing, 1)  # then no flag is set
        field_bytes = bytes([stuffing]) + adaptation.ljust(stuffing, b"\xff")
    elif adaptation:
        adaptation += b"\xff" * max(stuffing, 0)
        field_bytes = bytes([len(adaptation)]) + adaptation
    else:
        field_bytes = b""
    control = 0x30 if field_bytes else 0x10
    return bytes([0x47, 0x40 * opening | VIDEO_PID >> 8, VIDEO_PID & 0xFF, control]) + field_bytes


def packets(data: bytes) -> Iterator[bytes]:
    """Split a stream into packets; raise ValueError where the sync byte is missing."""
    if len(data) % PACKET:
        raise ValueError(f"{len(data)} bytes are not a whole number of packets")
    for offset in range(0, len(data), PACKET):
        if data[offset] != 0x47:
            raise ValueError(f"no sync byte at offset {offset}")
        yield data[offset : offset + PACKET]
