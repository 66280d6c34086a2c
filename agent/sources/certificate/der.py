"""When an X.509 certificate expires, out of its DER (RFC 5280, 4.1): five elements are stepped over to reach it.

Python's own reader answers only for certificates it trusts. What comes here has been through OpenSSL's handshake, so
it is a certificate; anything else is a ValueError all the same.
"""

from datetime import UTC, datetime
from typing import NamedTuple

_INTEGER, _SEQUENCE, _VERSION = 0x02, 0x30, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


class Element(NamedTuple):
    """A tag, its content, and what follows."""

    tag: int
    content: bytes
    rest: bytes


def not_after(certificate: bytes) -> datetime:
    """Return the end of its validity; raise ValueError for what is no certificate."""
    fields = _expect(_SEQUENCE, _expect(_SEQUENCE, certificate).content).content
    if fields[:1] == bytes([_VERSION]):
        fields = element(fields).rest
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):  # serial number, signature, issuer
        fields = _expect(tag, fields).rest
    begin = element(_expect(_SEQUENCE, fields).content)
    end = element(begin.rest)
    return _moment(end.tag, end.content)


def element(data: bytes) -> Element:
    """Return the first element of `data`."""
    if len(data) < 2:
        raise ValueError("it ends too early")
    size, start = data[1], 2
    if size >= 0x80:
        start += size & 0x7F
        if not 2 < start <= 6:
            raise ValueError("a length is none")
        size = int.from_bytes(data[2:start], "big")
    if start + size > len(data):
        raise ValueError("it ends too early")
    return Element(data[0], data[start : start + size], data[start + size :])


def _expect(tag: int, data: bytes) -> Element:
    found = element(data)
    if found.tag != tag:
        raise ValueError(f"there is no {tag:#04x} where a certificate has one")
    return found


def _moment(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME and len(text) == 13:
        text = ("19" if text[:2] >= "50" else "20") + text  # RFC 5280, 4.1.2.5.1
    elif tag != _GENERALIZED_TIME or len(text) != 15:
        raise ValueError("its validity is no time")
    digits = text[:14]
    if not digits.isdigit() or text[14] != "Z":
        raise ValueError("its validity is no time")
    month, day, hour, minute, second = (int(digits[start : start + 2]) for start in range(4, 14, 2))
    return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)
