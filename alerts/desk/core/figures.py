"""Numbers as people read them: grouped, in the language's own signs, and with a unit."""

from typing import Literal

from alerts.desk.core.words import Words
from service.i18n.cldr import written

Unit = Literal["count", "ratio", "bits", "bytes", "seconds", "number"]
"""count: whole things; ratio: 0.25 is 25 %; bits: bit/s; bytes; seconds; number: whatever it is, three digits."""

_BITS = ((1e12, "tera"), (1e9, "giga"), (1e6, "mega"), (1e3, "kilo"))
_BYTES = ((2.0**40, "tebi"), (2.0**30, "gibi"), (2.0**20, "mebi"), (2.0**10, "kibi"))
_TENTHS_BELOW = 10.0


def figure(words: Words, value: float, unit: Unit) -> str:
    """Return a value in the reader's notation; bit/s and bytes have the prefix that leaves 1 to 3 digits."""
    if unit == "count":
        return _written(words, round(value), 0)
    if unit == "ratio":
        percent = value * 100
        return words("unit.percent", value=_tenths(words, percent, _TENTHS_BELOW))
    if unit in {"bits", "bytes"}:
        size, name = scaled(value, unit)
        return words(f"unit.{unit}.{name}", value=_tenths(words, size, 0 if name == "none" else 100))
    if unit == "seconds":
        return words.span(value) if abs(value) >= 1 else words("unit.ms", value=_written(words, value * 1000, 0))
    return _written(words, value, 0 if value == round(value) or abs(value) >= 100 else 2)


def scaled(value: float, unit: Unit) -> tuple[float, str]:
    """Return a rate in bit/s with its decimal prefix, or bytes with their binary one; "none" where it has none."""
    steps = _BYTES if unit == "bytes" else _BITS
    size, name = next(((size, name) for size, name in steps if abs(value) >= size), (1.0, "none"))
    return value / size, name


def _tenths(words: Words, value: float, below: float) -> str:
    """Write a value with one decimal where it is small and not whole."""
    whole = round(value, 1).is_integer() or abs(value) >= below
    return _written(words, value, 0 if whole else 1)


def _written(words: Words, value: float, decimals: int) -> str:
    return written(words.language, f"{value:,.{decimals}f}")
