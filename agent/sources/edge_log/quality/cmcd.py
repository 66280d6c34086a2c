"""What a request's CMCD says (CTA-5004 and CTA-5004-B), from the query or from the headers.

The syntax is that of structured fields (RFC 8941); the keys here need numbers, tokens, strings and lists. It is
read by one regular expression, because every line of a log may carry it; tests hold it against the library `http-sf`.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(rb"[?&]CMCD=([^&#]*)")
# key, or key=value: a string, a list in parentheses, or what ends before the next comma.
_MEMBER = re.compile(
    rb'([a-z*][a-z0-9_.*-]*+)(?:=("(?:[^"\\]|\\.)*+"|\([^()]*+\)|[^,"();]*+)(?:;[^,"]*+)?)?(?:,[ \t]*+|$)'
)
_ESCAPES = ((b"%2C", b","), (b"%3D", b"="), (b"%22", b'"'), (b"%20", b" "))
_DIGITS = re.compile(rb"-?[0-9]{1,15}")
_DECIMAL = re.compile(rb"-?[0-9]{1,12}(?:\.[0-9]{1,3})?")
# CTA-5004 allows 64 characters for sid; what is longer is no identifier of a player.
LONGEST_ID = 64
MEDIA = frozenset({"v", "a", "av"})


class MalformedError(ValueError):
    """A CMCD that cannot be read; the text is the value of the label `reason`."""


class Report(NamedTuple):
    """The keys of one request that are used. What the player did not send is None."""

    session: bytes  # sid
    version: int
    kind: str | None  # ot: "v", "a", "av", "m" (manifest), "i" (initialization), …
    buffer: float | None  # bl, seconds
    duration: float | None  # d, seconds
    bit_rate: float | None  # br, bit/s
    throughput: float | None  # mtp, bit/s
    rate: float  # pr; 1 is normal speed, 0 is not playing
    startup: bool  # su
    starved: bool  # bs
    state: str | None  # sta, version 2: s(tarting), p(laying), k (seeking), r(ebuffering), a (paused), …
    sequence: int | None  # sn, version 2


def text_of(target: bytes) -> bytes | None:
    """Return the CMCD of a request target, decoded; None where it has none."""
    found = _PARAMETER.search(target)
    if found is None:
        return None
    text = found[1]
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    return unquote_to_bytes(text) if b"%" in text else text


def read(text: bytes) -> Report:
    """Return what a CMCD says; raise MalformedError with the reason."""
    members = _members(text)
    session = members.get(b"sid", b"")
    if len(session) < 3 or session[:1] != b'"' or len(session) > LONGEST_ID + 2:
        raise MalformedError("sid" if session else "no_sid")
    return Report(
        session[1:-1],
        _whole(members, b"v") or 1,
        _token(members, b"ot"),
        _scaled(members, b"bl", 1e-3),
        _scaled(members, b"d", 1e-3),
        _scaled(members, b"br", 1e3),
        _scaled(members, b"mtp", 1e3),
        _rate(members),
        _flag(members, b"su"),
        _flag(members, b"bs"),
        _token(members, b"sta"),
        _whole(members, b"sn"),
    )


def _members(text: bytes) -> dict[bytes, bytes]:
    """Return the members; the value of one without any is b"?1"."""
    members, end = {}, 0
    for found in _MEMBER.finditer(text):
        if found.start() != end:
            break
        end = found.end()
        value = found[2]
        members[found[1]] = b"?1" if value is None else value
    if end != len(text) or not members:
        raise MalformedError("syntax")
    return members


def _item(members: dict[bytes, bytes], key: bytes) -> bytes | None:
    """Return a value; of a list its first, as version 2 writes one for each track."""
    value = members.get(key)
    if value is None or value[:1] != b"(":
        return value
    first = value[1:-1].split()
    return first[0].partition(b";")[0] if first else None


def _scaled(members: dict[bytes, bytes], key: bytes, factor: float) -> float | None:
    value = _item(members, key)
    if value is None:
        return None
    if not _DIGITS.fullmatch(value):
        raise MalformedError(key.decode())
    number = int(value)
    if number < 0:
        raise MalformedError(key.decode())
    return number * factor


def _whole(members: dict[bytes, bytes], key: bytes) -> int | None:
    value = _item(members, key)
    if value is None:
        return None
    if not _DIGITS.fullmatch(value):
        raise MalformedError(key.decode())
    return int(value)


def _rate(members: dict[bytes, bytes]) -> float:
    value = _item(members, b"pr")
    if value is None:
        return 1.0
    if not _DECIMAL.fullmatch(value):
        raise MalformedError("pr")
    return float(value)


def _flag(members: dict[bytes, bytes], key: bytes) -> bool:
    value = members.get(key)
    if value in (None, b"?0"):
        return False
    if value != b"?1":
        raise MalformedError(key.decode())
    return True


def _token(members: dict[bytes, bytes], key: bytes) -> str | None:
    value = _item(members, key)
    if value is None:
        return None
    if not value.isalpha():
        raise MalformedError(key.decode())
    return value.decode("ascii", "replace")
