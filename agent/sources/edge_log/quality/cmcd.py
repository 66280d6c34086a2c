"""What a request's CMCD says (CTA-5004 and CTA-5004-B), from the query or from the headers.

The syntax is that of structured fields (RFC 8941); the keys here need numbers, tokens, strings and lists. It is
read by one regular expression, because every line of a log may carry it; tests hold it against the library `http-sf`.
Most lines are read by faster ones, which are made of lines that this one has read (`shapes`).
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(rb"[?&]CMCD=([^&#]*)")
_STRING = rb'"(?:[^"\\]|\\.)*+"'
# key, or key=value: a string, a list in parentheses, or what ends before the next comma. The first group is all of it.
# The last group is all the rest, from where no member begins: nothing is looked at twice, however a viewer writes it.
_MEMBER = re.compile(
    rb'(([a-z*][a-z0-9_.*-]*+)(?:=(%b|\([^()"]*+(?:%b[^()"]*+)*+\)|[^,"();]*+)(?:;[^,"]*+)?)?(?:,[ \t]*+|$))|([\s\S]++)'
    % (_STRING, _STRING)
)
# What players percent-encode in nearly every request: replaced one by one, that takes a quarter of the time.
_ESCAPES = (
    (b"%2C", b","),
    (b"%3D", b"="),
    (b"%22", b'"'),
    (b"%20", b" "),
    (b"%28", b"("),
    (b"%29", b")"),
    (b"%3B", b";"),
    (b"%2F", b"/"),
)
_DIGITS = re.compile(rb"-?[0-9]{1,15}")
_DECIMAL = re.compile(rb"-?[0-9]{1,12}(?:\.[0-9]{1,3})?")
# What players of JavaScript write where they have no number, such as a throughput over no time at all.
_NO_NUMBERS = frozenset({b"NaN", b"Infinity", b"-Infinity"})
_MOST_CACHED = 10_000
# CTA-5004 allows 64 characters for sid; what is longer is no identifier of a player.
LONGEST_ID = 64
MEDIA = frozenset({"v", "a", "av"})


class _Amounts(dict[bytes | None, float | None]):
    """A text to its amount, None where it is none; buffers and durations repeat a lot."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    def __missing__(self, text: bytes | None) -> float | None:
        if text is None:
            return None
        if len(self) >= _MOST_CACHED:
            self.clear()
        is_amount = _DIGITS.fullmatch(text) and text[:1] != b"-"
        amount = self[text] = int(text) * self._factor if is_amount else None
        return amount


class MalformedError(ValueError):
    """A CMCD that cannot be read; the text is the value of the label `reason`."""


MILLISECONDS, KILOBITS = _Amounts(1e-3), _Amounts(1e3)


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
    left_out: tuple[str, ...] = ()  # keys with NaN or Infinity, as if they were not there


def text_of(target: bytes) -> bytes | None:
    """Return the CMCD of a request target, decoded; None where it has none."""
    found = _PARAMETER.search(target)
    return None if found is None else decoded(found[1])


def decoded(text: bytes) -> bytes:
    """Return a text without its percent-encoding.

    Media3 up to 1.2.1 encodes it twice. Each CMCD has an equals sign, so that one without any is encoded still.
    """
    text = _decoded(text)
    return _decoded(text) if b"=" not in text and b"%" in text else text


def _decoded(text: bytes) -> bytes:
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    return unquote_to_bytes(text) if b"%" in text else text


def read(text: bytes) -> Report:
    """Return what a CMCD says; raise MalformedError with the reason."""
    found = members(text)
    session = found.get(b"sid", b"")
    if len(session) < 3 or session[:1] != b'"' or len(session) > LONGEST_ID + 2:
        raise MalformedError("sid" if session else "no_sid")
    left_out = tuple(key for key in ("bl", "d", "br", "mtp") if _item(found, key.encode()) in _NO_NUMBERS)
    for key in left_out:
        del found[key.encode()]
    return Report(
        session[1:-1],
        whole(found, b"v") or 1,
        _token(found, b"ot"),
        _amount(found, b"bl", MILLISECONDS),
        _amount(found, b"d", MILLISECONDS),
        _amount(found, b"br", KILOBITS),
        _amount(found, b"mtp", KILOBITS),
        _rate(found),
        _flag(found, b"su"),
        _flag(found, b"bs"),
        _token(found, b"sta"),
        whole(found, b"sn"),
        left_out,
    )


def members(text: bytes) -> dict[bytes, bytes]:
    """Return the members; the value of one without any is b"?1"."""
    found = _MEMBER.findall(text)
    if not found or found[-1][3]:
        raise MalformedError("syntax")
    return {key: value or (b"" if b"=" in whole else b"?1") for whole, key, value, _ in found}


def _item(members: dict[bytes, bytes], key: bytes) -> bytes | None:
    """Return a value; of a list its first, as version 2 writes one for each track."""
    value = members.get(key)
    if value is None or value[:1] != b"(":
        return value
    first = value[1:-1].split()
    return first[0].partition(b";")[0] if first else None


def _amount(members: dict[bytes, bytes], key: bytes, amounts: _Amounts) -> float | None:
    value = _item(members, key)
    if value is None:
        return None
    amount = amounts[value]
    if amount is None:
        raise MalformedError(key.decode())
    return amount


def whole(members: dict[bytes, bytes], key: bytes) -> int | None:
    """Return the whole number of a key, None where it is not there; raise MalformedError."""
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
