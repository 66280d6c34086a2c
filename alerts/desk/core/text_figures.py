"""Figures in the texts of alerts: a rule marks them, and the desk writes them in the reader's notation.

A rule puts a figure between ‹ and ›, as Prometheus's own template functions print it, and nothing else: `‹86.1%›` by
`humanizePercentage`, `‹1h 5m 20s›` by `humanizeDuration`, `‹1.5GiB›` by `humanize1024` and "B", `‹2.5Gbit/s›` by
`humanize` and "bit/s", `‹54›` by `printf "%.0f"`. A moment is marked as well, `‹2026-03-01 07:00:15 +0000 UTC›` by
`humanizeTimestamp`, and written in the zone in which people read times. So the text reads well without the desk, too.
"""

import math
import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime, tzinfo
from functools import cache

from alerts.desk.core.figures import Unit, scaled
from alerts.desk.core.words import Words
from service.i18n.cldr import infinity, is_known, not_a_number, written

OPENS, CLOSES = "‹", "›"

_MARKED = re.compile(f"{OPENS}([^{OPENS}{CLOSES}]*){CLOSES}")
_NUMBER = r"([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)"
_UNITS: tuple[tuple[Unit, re.Pattern[str]], ...] = (
    ("number", re.compile(_NUMBER)),
    ("ratio", re.compile(rf"{_NUMBER} ?(%)")),
    ("seconds", re.compile(rf"{_NUMBER} ?([munpfazy]?)s")),
    ("bytes", re.compile(rf"{_NUMBER} ?([KMGTPE]i|[kMGTPE]?)B")),
    ("bits", re.compile(rf"{_NUMBER} ?([kMGTPEmun]?)bit/s")),
)
# The prefixes of `humanizeDuration`, `humanize` and `humanize1024`, and a percent sign, as factors.
_PREFIXES = {"": 1.0, "%": 0.01}
_PREFIXES |= {name: 1000.0**-power for power, name in enumerate("munpfazy", 1)}
_PREFIXES |= {name: 1000.0**power for power, name in enumerate("kMGTPE", 1)}
_PREFIXES |= {f"{name}i": 1024.0**power for power, name in enumerate("KMGTPE", 1)}
_DURATION = re.compile(r"([+-]?)(?:(\d+)d )?(?:(\d+)h )?(?:(\d+)m )(\d+)s")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? \+0000 UTC")
_DIGITS = 3  # that are shown of a figure with decimals
_MOST_DECIMALS = 6


def with_figures(text: str, language: str, zone: tzinfo) -> str:
    """Return a text with its marked figures in a language's notation and a zone's time; what is none stays as it is."""
    if OPENS not in text:
        return text
    words = _words(language if is_known(language) else "en", zone)
    return _MARKED.sub(lambda mark: _shown(words, mark), text)


def unreadable(text: str) -> list[str]:
    """Return what is marked in a text and is no figure, with its marks."""
    if OPENS not in text:
        return []
    return [mark[0] for mark in _MARKED.finditer(text) if _moment(mark[1]) is None and _read(mark[1]) is None]


def _shown(words: Words, mark: re.Match[str]) -> str:
    if (moment := _moment(mark[1])) is not None:
        local = moment.astimezone(words.zone)
        return f"{words.day(local.date())} {local:%H:%M:%S}"
    read = _read(mark[1])
    return mark[0] if read is None else _measured(words, *read)


def _moment(marked: str) -> datetime | None:
    """Return a moment; None where it is none, or too near the calendar's ends for every zone to have it."""
    found = _MOMENT.fullmatch(marked)
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
    except ValueError:  # such as the 13th month
        return None
    return moment if moment and MINYEAR < moment.year < MAXYEAR else None


def _read(marked: str) -> tuple[float, Unit] | None:
    """Return a figure in its unit (ratios as 0.25, durations in seconds, bytes, bit/s); None where it is none."""
    if found := _DURATION.fullmatch(marked):
        sign, *parts = found.groups()
        days, hours, minutes, seconds = (int(part or 0) for part in parts)
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return (-total if sign == "-" else total), "seconds"
    for unit, pattern in _UNITS:
        if found := pattern.fullmatch(marked):
            prefix = found[2] if pattern.groups > 1 else ""
            return float(found[1]) * _PREFIXES[prefix], unit
    return None


def _measured(words: Words, value: float, unit: Unit) -> str:
    if math.isinf(value):
        return infinity(words.language) if value > 0 else f"\u2212{infinity(words.language)}"
    if math.isnan(value):
        return not_a_number(words.language)
    if unit == "ratio":
        return words("unit.percent", value=_digits(words, value * 100))
    if unit == "seconds":
        return _duration(words, value)
    if unit in {"bits", "bytes"}:
        size, name = scaled(value, unit)
        return words(f"unit.{unit}.{name}", value=_digits(words, size))
    return _digits(words, value)


def _duration(words: Words, seconds: float) -> str:
    """Write a duration by its two largest parts; one that is nothing is left out."""
    if abs(seconds) < 1 and seconds:
        return words("unit.ms", value=_digits(words, seconds * 1000))
    if abs(seconds) < 60:
        return f"{_digits(words, seconds)} {words('unit.s')}"
    return words.span(seconds, zeros=False)


def _digits(words: Words, value: float) -> str:
    """Write a number with at most three digits after its first, and none after the point from 100 on."""
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    decimals = min(max(_DIGITS - 1 - magnitude, 0), _MOST_DECIMALS)
    figure = f"{value:,.{decimals}f}"
    return written(words.language, figure.rstrip("0").rstrip(".") if "." in figure else figure)


@cache
def _words(language: str, zone: tzinfo) -> Words:
    return Words(language, zone)
