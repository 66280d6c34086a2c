"""The notations of time in access logs, parsed strictly and cached: a busy second has thousands of lines."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_LOCAL = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d)(\.\d{1,6})? ([+-])([01]\d)([0-5]\d)")
_HAPROXY = re.compile(rb"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d\.\d{3})")
_ISO = re.compile(
    rb"(\d{4})(?P<between>[-/])(\d\d)(?P=between)(\d\d)[T ](\d\d):(\d\d):(\d\d)([.,]\d{1,9})?"
    rb"(?: ?(Z|UTC|GMT)| ?([+-])([01]\d)(?::?([0-5]\d))?)?"
)
_EPOCH = re.compile(rb"\d{1,12}(?:\.\d{1,9})?")

# A cache outgrows this only where the log's times are distinct, and then it is worth nothing.
MOST_CACHED = 20_000


def clf_time(text: bytes) -> float:
    """Return the moment of nginx's $time_local, "22/Jan/2026:03:56:14 +0500", milliseconds allowed."""
    match = _LOCAL.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise ValueError("not a time such as 22/Jan/2026:03:56:14 +0500")
    offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
    zone = timezone(-offset if match[8] == b"-" else offset)
    moment = datetime(
        int(match[3]), _MONTHS[match[2]], int(match[1]), int(match[4]), int(match[5]), int(match[6]), tzinfo=zone
    )
    return _unix(moment) + float(match[7] or 0)


def iso_time(text: bytes, zone: tzinfo = UTC) -> float:
    """Return the moment of ISO 8601, "2026-01-22T03:56:14.123+05:00"; without a zone of its own it is in `zone`.

    The date may have slashes, as Caddy's `wall` has.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("not a time such as 2026-01-22T03:56:14+05:00")
    fraction, utc, sign, hours, minutes = match.group(8, 9, 10, 11, 12)
    if utc is not None:
        zone = UTC
    elif sign is not None:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        zone = timezone(-offset if sign == b"-" else offset)
    year, month, day, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6, 7))
    moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    named = utc is not None or sign is not None
    if not named and zone is not UTC and datetime.fromtimestamp(_unix(moment), UTC).astimezone(zone) != moment:
        raise ValueError("not a time of this zone: the clocks were put forward over it")
    return _unix(moment) + float((fraction or b"0").replace(b",", b"."))


def haproxy_time(text: bytes, zone: tzinfo) -> float:
    """Return the moment of HAProxy's accept date, "22/Jan/2026:03:56:14.123", which has no zone."""
    match = _HAPROXY.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise ValueError("not a time such as 22/Jan/2026:03:56:14.123")
    return iso_time(b"%s-%02d-%s %s" % (match[3], _MONTHS[match[2]], match[1], match[4]), zone)


def epoch_time(text: bytes) -> float:
    """Return Unix seconds, "1769036174.123" (nginx's $msec)."""
    if _EPOCH.fullmatch(text) is None:
        raise ValueError("not Unix seconds such as 1769036174.123")
    return float(text)


def _unix(moment: datetime) -> float:
    # datetime.timestamp() of an aware moment is exact for whole seconds.
    return moment.timestamp()


class TimeCache(dict[bytes, float]):
    """Text to moment; looking up a text that was never seen parses it, or raises ValueError."""

    def __init__(self, parse: Callable[[bytes], float]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: bytes) -> float:
        if len(self) >= MOST_CACHED:
            self.clear()
        value = self[text] = self._parse(text)
        return value
