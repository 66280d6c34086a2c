"""H.264 made without an encoder: one still picture a segment, then frames that repeat it.

An IDR picture of I_PCM macroblocks carries its samples uncompressed, and a P picture that skips every macroblock
is a few bytes, so a player decodes the stream while nothing here has to transform or predict. Syntax elements are
written in the order of ITU-T H.264 clauses 7.3.2.1, 7.3.2.2, 7.3.3 and 7.3.5.
"""

import re
from dataclasses import dataclass

FRAME_RATE = 25
CODECS = "avc1.42c01e"  # constrained baseline, level 3
MACROBLOCK = 16

_ACCESS_UNIT_DELIMITER = b"\x00\x00\x00\x01\x09\xf0"
_IDR, _P, _SPS, _PPS = 0x65, 0x41, 0x67, 0x68
_I_PCM = 25
# Colour bars at 75 % (ITU-R BT.601), as (Y, Cb, Cr).
_BARS = ((180, 128, 128), (162, 44, 142), (131, 156, 44), (112, 72, 58), (84, 184, 198), (65, 100, 212), (35, 212, 114))


@dataclass(frozen=True, slots=True)
class Size:
    """A picture's size in whole macroblocks."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width % MACROBLOCK or self.height % MACROBLOCK:
            raise ValueError(f"{self.width}x{self.height} is not a whole number of {MACROBLOCK}-pixel macroblocks")

    @property
    def columns(self) -> int:
        return self.width // MACROBLOCK

    @property
    def rows(self) -> int:
        return self.height // MACROBLOCK


class Bits:
    """Bits in the order of the standard's syntax tables."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def u(self, width: int, value: int) -> "Bits":
        """Append an unsigned number of `width` bits."""
        self._text.append(f"{value:0{width}b}")
        return self

    def ue(self, *values: int) -> "Bits":
        """Append unsigned Exp-Golomb codes (clause 9.1)."""
        for value in values:
            code = f"{value + 1:b}"
            self._text.append("0" * (len(code) - 1) + code)
        return self

    def aligned(self) -> bytes:
        """Return whole bytes, filled with zero bits."""
        text = "".join(self._text)
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")

    def trailing(self) -> bytes:
        """Close with rbsp_trailing_bits and return the bytes."""
        return self.u(1, 1).aligned()


def access_unit(size: Size, frame: int, shift: int = 0) -> bytes:
    """Return the access unit of `frame`: 0 is the picture, any later one repeats it; `shift` turns the colour bars."""
    if frame:
        return _ACCESS_UNIT_DELIMITER + _nal(_P, _skipped(size, frame))
    return (
        _ACCESS_UNIT_DELIMITER
        + _nal(_SPS, _sequence(size))
        + _nal(_PPS, _parameters())
        + _nal(_IDR, _still(size, shift))
    )


def _nal(header: int, payload: bytes) -> bytes:
    # Clause 7.4.1.1: no start code may appear inside.
    escaped = re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)
    return b"\x00\x00\x00\x01" + bytes([header]) + escaped


def _sequence(size: Size) -> bytes:
    bits = Bits().u(8, 66).u(8, 0xC0).u(8, 30).ue(0)
    bits.ue(4)  # frame_num takes 8 bits
    bits.ue(2)  # pictures are shown in the order they come
    bits.ue(1).u(1, 0).ue(size.columns - 1, size.rows - 1)
    return bits.u(1, 1).u(1, 1).u(1, 0).u(1, 0).trailing()


def _parameters() -> bytes:
    bits = Bits().ue(0, 0).u(1, 0).u(1, 0).ue(0, 0, 0).u(1, 0).u(2, 0)
    return bits.ue(0, 0, 0).u(1, 1).u(1, 0).u(1, 0).trailing()


def _still(size: Size, shift: int) -> bytes:
    header = Bits().ue(0, 7, 0).u(8, 0).ue(0).u(1, 0).u(1, 0).ue(0, 1).ue(_I_PCM)
    row = []
    for column in range(size.columns):
        y, cb, cr = _BARS[(column * len(_BARS) // size.columns + shift) % len(_BARS)]
        row.append(bytes([y]) * 256 + bytes([cb]) * 64 + bytes([cr]) * 64)
    # After a macroblock of samples the stream stands on a byte, so each next one begins with the same two bytes.
    between = Bits().ue(_I_PCM).aligned()
    return header.aligned() + between.join(row * size.rows) + b"\x80"


def _skipped(size: Size, frame: int) -> bytes:
    header = Bits().ue(0, 5, 0).u(8, frame % 256).u(1, 0).u(1, 0).u(1, 0).ue(0, 1)
    return header.ue(size.columns * size.rows).trailing()
