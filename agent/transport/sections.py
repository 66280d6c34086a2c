"""Sections of tables (ISO/IEC 13818-1, 2.4.4): put together from packets, checked by their CRC."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

# Of a private section; those of PAT and PMT are at most 1,024 bytes long.
LONGEST = 4096
_STUFFING = 0xFF
_HEAD = 3  # table_id and section_length


class Section(NamedTuple):
    """A section in the long form, as PAT, PMT and the tables of DVB have it."""

    table: int
    extension: int  # transport_stream_id of a PAT, program_number of a PMT
    version: int
    current: bool
    number: int
    last: int
    body: bytes  # between the head and the CRC


# The CRC of annex A is zlib's with the bits of each byte the other way round, and without its last inversion.
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ZERO = 0xFFFFFFFF


def is_intact(section: bytes) -> bool:
    """Return whether the CRC (ISO/IEC 13818-1, annex A) at the section's end is right."""
    return zlib.crc32(section.translate(_MIRRORED)) == _ZERO


def parse(data: bytes) -> Section | None:
    """Return the section of these bytes; None for one in the short form or too short for a head."""
    if len(data) < _HEAD + 9 or not data[1] & 0x80:
        return None
    return Section(
        data[0],
        data[3] << 8 | data[4],
        data[5] >> 1 & 0x1F,
        bool(data[5] & 1),
        data[6],
        data[7],
        data[8:-4],
    )


class Assembler:
    """Puts the sections of one PID together; `whole` is given each as it ends."""

    def __init__(self, whole: Callable[[bytes], None]) -> None:
        self._whole = whole
        self._data: bytearray | None = None  # None until a section begins

    def feed(self, payload: bytes, *, unit_start: bool) -> None:
        """Take a packet's payload."""
        if not unit_start:
            if self._data is not None:
                self._data += payload
                self._take()
            return
        if not payload:
            return
        begin = 1 + payload[0]  # pointer_field
        if self._data is not None:
            self._data += payload[1:begin]
            self._take()
        # A pointer to behind the packet points at no section: what the next packet goes on with is the middle of one.
        self._data = bytearray(payload[begin:]) or None
        self._take()

    def lost(self) -> None:
        """Drop what was begun: packets are missing."""
        self._data = None

    def _take(self) -> None:
        while self._data is not None and len(self._data) >= _HEAD:
            if self._data[0] == _STUFFING:
                self._data = None
                return
            end = _HEAD + ((self._data[1] & 0x0F) << 8 | self._data[2])
            if end > LONGEST:
                self._data = None
                return
            if len(self._data) < end:
                return
            self._whole(bytes(self._data[:end]))
            del self._data[:end]
