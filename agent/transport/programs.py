"""The programmes of a transport stream: what PAT and PMT name, and which of it came."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from agent.transport.packets import NULL_PID, payload
from agent.transport.sections import Assembler, Section, is_intact, parse

PAT_PID = 0
PAT_TABLE, PMT_TABLE = 0x00, 0x02
_START_CODE = b"\x00\x00\x01"
_UNIT_START, _SCRAMBLED = 0x40, 0xC0

Kind = Literal["video", "audio", "data"]

# stream_type (ISO/IEC 13818-1, table 2-34; ATSC A/53; FFmpeg; Apple's sample encryption).
_TYPES: dict[int, tuple[Kind, str]] = {
    0x01: ("video", "MPEG-1"),
    0x02: ("video", "MPEG-2"),
    0x03: ("audio", "MPEG-1 audio"),
    0x04: ("audio", "MPEG-2 audio"),
    0x0F: ("audio", "AAC"),
    0x10: ("video", "MPEG-4 part 2"),
    0x11: ("audio", "AAC in LATM"),
    0x1B: ("video", "H.264"),
    0x1C: ("audio", "MPEG-4 audio"),
    0x20: ("video", "H.264 MVC"),
    0x21: ("video", "JPEG 2000"),
    0x24: ("video", "H.265"),
    0x2D: ("audio", "MPEG-H"),
    0x2E: ("audio", "MPEG-H, auxiliary"),
    0x32: ("video", "JPEG XS"),
    0x33: ("video", "H.266"),
    0x42: ("video", "AVS"),
    0x81: ("audio", "AC-3"),
    0x82: ("audio", "DTS"),  # as FFmpeg writes it, the next one too, in any programme
    0x83: ("audio", "TrueHD"),
    0x86: ("data", "SCTE-35"),
    0x87: ("audio", "E-AC-3"),
    0x8A: ("audio", "DTS"),
    0xC1: ("audio", "AC-3, encrypted samples"),
    0xC2: ("audio", "E-AC-3, encrypted samples"),
    0xCF: ("audio", "AAC, encrypted samples"),
    0xD1: ("video", "Dirac"),
    0xD2: ("video", "AVS2"),
    0xD4: ("video", "AVS3"),
    0xDB: ("video", "H.264, encrypted samples"),
    0xEA: ("video", "VC-1"),
}
# In a programme that registers itself as that of a disc, which FFmpeg, tsMuxer and recorders write.
_DISC, _CABLE = b"HDMV", (b"SCTE", b"GA94")
_DISC_TYPES: dict[int, tuple[Kind, str]] = {
    0x80: ("audio", "LPCM"),
    0x84: ("audio", "E-AC-3"),
    0x85: ("audio", "DTS-HD"),
    0x86: ("audio", "DTS-HD"),
    0xA1: ("audio", "E-AC-3"),
    0xA2: ("audio", "DTS"),
}
_CABLE_TYPES: dict[int, tuple[Kind, str]] = {0x82: ("data", "subtitles")}  # SCTE 27
# Descriptors that tell what private data (0x06) are (ETSI EN 300 468, table 12).
_DESCRIPTORS: dict[int, tuple[Kind, str]] = {
    0x56: ("data", "teletext"),
    0x59: ("data", "subtitles"),
    0x6A: ("audio", "AC-3"),
    0x7A: ("audio", "E-AC-3"),
    0x7B: ("audio", "DTS"),
    0x7C: ("audio", "AAC"),
}
# What the first byte of an extension descriptor tells of them (table 109).
_EXTENSIONS: dict[int, tuple[Kind, str]] = {
    0x0E: ("audio", "DTS-HD"),
    0x15: ("audio", "AC-4"),
    0x20: ("data", "subtitles"),
    0x21: ("audio", "DTS-UHD"),
}
# What registers itself (ISO/IEC 13818-1, 2.6.8), as FFmpeg writes and reads it.
_REGISTRATIONS: dict[bytes, tuple[Kind, str]] = {
    b"AC-3": ("audio", "AC-3"),
    b"AC-4": ("audio", "AC-4"),
    b"BSSD": ("audio", "SMPTE 302M"),
    b"DTS1": ("audio", "DTS"),
    b"DTS2": ("audio", "DTS"),
    b"DTS3": ("audio", "DTS"),
    b"EAC3": ("audio", "E-AC-3"),
    b"Opus": ("audio", "Opus"),
    b"HEVC": ("video", "H.265"),
    b"AV01": ("video", "AV1"),
    b"VC-1": ("video", "VC-1"),
    b"drac": ("video", "Dirac"),
}
_LANGUAGE, _REGISTRATION, _EXTENSION = 0x0A, 0x05, 0x7F


class Elementary(NamedTuple):
    """An elementary stream that a PMT names."""

    pid: int
    stream_type: int
    kind: Kind
    codec: str
    language: str | None
    audio_type: int = 0  # ISO 639: 0 is the main sound; above it sound for few, such as a description of the picture

    def __str__(self) -> str:
        return f"PID {self.pid} ({self.codec}{', ' + self.language if self.language else ''})"


class Program(NamedTuple):
    """A programme with its clock and its streams."""

    number: int
    pcr_pid: int
    streams: tuple[Elementary, ...]


@dataclass(slots=True)
class _Table:
    assembler: Assembler
    last: bytes = b""


class ProgramReader:
    """Reads PAT and PMT and notes on which PIDs payload begins; implements `packets.Reader`."""

    def __init__(self) -> None:
        self.tables = bytearray(NULL_PID + 1)
        self.maps: dict[int, int] = {}  # PMT's PID of each programme that the PAT names
        self.programs: dict[int, Program] = {}
        self.pat = False
        self.first = 0  # programme of the PAT's first entry; 0 is the network information
        self.crc_errors = 0
        self.started: set[int] = set()  # PIDs on which a PES packet begins that can be read
        self.scrambled: Counter[int] = Counter()
        self._tables: dict[int, _Table] = {}
        self._follow(PAT_PID)

    def read(self, pid: int, packet: bytes) -> None:
        """Take a packet that the checker passes on."""
        if packet[3] & _SCRAMBLED and pid != NULL_PID:
            self.scrambled[pid] += 1
        unit_start = bool(packet[1] & _UNIT_START)
        table = self._tables.get(pid)
        if table is not None:
            table.assembler.feed(payload(packet), unit_start=unit_start)
        elif unit_start and pid not in self.started and payload(packet).startswith(_START_CODE):
            self.started.add(pid)

    def _follow(self, pid: int) -> None:
        if pid not in self._tables:
            self._tables[pid] = _Table(Assembler(lambda data: self._section(pid, data)))
            self.tables[pid] = 1

    def _section(self, pid: int, data: bytes) -> None:
        table = self._tables[pid]
        if data == table.last:
            return  # tables are repeated several times a second
        if data[0] != (PAT_TABLE if pid == PAT_PID else PMT_TABLE):
            return  # another table beside them, which may have no CRC
        if not is_intact(data):
            self.crc_errors += 1
        table.last = data
        section = parse(data)
        if section is None or not section.current:
            return
        if pid == PAT_PID:
            self._association(section.body)
        elif self.maps.get(section.extension) == pid:  # other programmes' maps may come on the same PID
            self._map(section)

    def _association(self, body: bytes) -> None:
        self.pat = True
        self.first = int.from_bytes(body[:2], "big")
        for number, pid in association(body).items():
            self.maps[number] = pid
            self._follow(pid)

    def _map(self, section: Section) -> None:
        program = program_of(section)
        if program is not None:
            self.programs[section.extension] = program


def association(body: bytes) -> dict[int, int]:
    """Return the PID of each programme's map that the body of a PAT names."""
    maps = {}
    for at in range(0, len(body) - 3, 4):
        number, pid = body[at] << 8 | body[at + 1], (body[at + 2] & 0x1F) << 8 | body[at + 3]
        if number and pid not in (PAT_PID, NULL_PID):  # programme 0 is the network information
            maps[number] = pid
    return maps


def program_of(section: Section) -> Program | None:
    """Return the programme that a PMT describes; None for one too short to describe any."""
    body = section.body
    if len(body) < 4:
        return None
    pcr_pid = (body[0] & 0x1F) << 8 | body[1]
    at = 4 + ((body[2] & 0x0F) << 8 | body[3])
    own = _own_types(body[4:at])
    streams = []
    while at + 5 <= len(body):
        pid = (body[at + 1] & 0x1F) << 8 | body[at + 2]
        end = at + 5 + ((body[at + 3] & 0x0F) << 8 | body[at + 4])
        streams.append(_elementary(pid, body[at], body[at + 5 : end], own))
        at = end
    return Program(section.extension, pcr_pid, tuple(streams))


def _descriptors(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each descriptor."""
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + data[at + 1]
        yield data[at], data[at + 2 : end]
        at = end


def _own_types(descriptors: bytes) -> Mapping[int, tuple[Kind, str]]:
    """Return the stream types that mean something else in a programme with these descriptors."""
    registered = {content[:4] for tag, content in _descriptors(descriptors) if tag == _REGISTRATION}
    return _DISC_TYPES if _DISC in registered else _CABLE_TYPES if registered.intersection(_CABLE) else {}


def _elementary(
    pid: int, stream_type: int, descriptors: bytes, own: Mapping[int, tuple[Kind, str]]
) -> Elementary:  # fmt: skip
    types = {**_TYPES, **own}
    kind, codec = types.get(stream_type, ("data", f"stream type 0x{stream_type:02x}"))
    language, audio_type = None, 0
    for tag, content in _descriptors(descriptors):
        if tag == _LANGUAGE and len(content) >= 3:
            language = content[:3].decode("latin-1") if content[:3].isalnum() else None
            audio_type = content[3] if len(content) > 3 else 0
        elif stream_type in types:
            continue
        elif tag == _REGISTRATION:
            kind, codec = _REGISTRATIONS.get(content[:4], (kind, codec))
        elif tag == _EXTENSION:
            kind, codec = _EXTENSIONS.get(content[0] if content else -1, (kind, codec))
        else:
            kind, codec = _DESCRIPTORS.get(tag, (kind, codec))
    return Elementary(pid, stream_type, kind, codec, language, audio_type)


# Units that begin a picture with which a decoder can start: parameter sets and random access (H.264, table 7-1; H.265,
# table 7-1), the sequence header of MPEG-2 video (table 6-1).
_KEY_UNITS: dict[str, frozenset[int]] = {
    "H.264": frozenset({5, 7}),
    "H.265": frozenset({*range(16, 24), 32, 33}),
    "MPEG-1": frozenset({0xB3}),
    "MPEG-2": frozenset({0xB3}),
}
_ADAPTATION, _RANDOM_ACCESS = 0x20, 0x40


def begins_key_frame(packet: bytes, codec: str) -> bool:
    """Return whether a decoder can start with the picture that begins in a packet (`codec` as in `Elementary`).

    The multiplexer may say so, and many do not; then the first units of the picture say it.
    """
    if packet[3] & _ADAPTATION and packet[4] and packet[5] & _RANDOM_ACCESS:
        return True
    kinds = _KEY_UNITS.get(codec, frozenset())
    data = payload(packet)
    at = data.find(_START_CODE, 9)
    while 0 <= at < len(data) - 3:
        byte = data[at + 3]
        kind = byte & 0x1F if codec == "H.264" else byte >> 1 & 0x3F if codec == "H.265" else byte
        if kind in kinds:
            return True
        at = data.find(_START_CODE, at + 3)
    return False
