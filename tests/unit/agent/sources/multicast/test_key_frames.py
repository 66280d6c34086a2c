"""With which packets a key frame begins, whether the multiplexer says so or not."""

import pytest

from agent.transport.programs import begins_key_frame

PES = b"\x00\x00\x01\xe0\x00\x00\x80\x80\x05\x21\x00\x01\x00\x01"
AUD = b"\x00\x00\x00\x01\x09\xf0"


def packet(units: bytes, *, random_access: bool = False) -> bytes:
    adaptation = bytes([7, 0x50, 0, 0, 0, 0, 0, 0]) if random_access else bytes([1, 0x00])
    return (b"\x47\x41\x00\x30" + adaptation + PES + units).ljust(188, b"\xff")[:188]


@pytest.mark.parametrize(
    ("codec", "units", "expected"),
    [
        ("H.264", AUD + b"\x00\x00\x00\x01\x67\x64", True),  # sequence parameter set
        ("H.264", AUD + b"\x00\x00\x01\x65\x88", True),  # IDR
        ("H.264", AUD + b"\x00\x00\x01\x41\x9a", False),
        ("H.265", b"\x00\x00\x00\x01\x46\x01\x10\x00\x00\x00\x01\x40\x01", True),  # video parameter set
        ("H.265", b"\x00\x00\x00\x01\x46\x01\x10\x00\x00\x00\x01\x26\x01", True),  # IDR_W_RADL
        ("H.265", b"\x00\x00\x00\x01\x46\x01\x10\x00\x00\x00\x01\x02\x01", False),
        ("MPEG-2", b"\x00\x00\x01\xb3\x2d\x02", True),  # sequence header
        ("MPEG-2", b"\x00\x00\x01\x00\x00\x0f", False),
        ("VC-1", b"\x00\x00\x01\x0f", False),  # not known: only the multiplexer's word counts
    ],
)
def test_key_frames_are_told_by_their_first_units(codec: str, units: bytes, expected: bool) -> None:
    assert begins_key_frame(packet(units), codec) is expected
    assert begins_key_frame(packet(units, random_access=True), codec)


def test_packets_of_any_content_are_read() -> None:
    for adaptation in range(256):
        assert not begins_key_frame(bytes([0x47, 0x41, 0, 0x30, adaptation]).ljust(188, b"\x00"), "H.264")
