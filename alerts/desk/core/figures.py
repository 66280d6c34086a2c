"""Numbers as people read them: grouped, in the language's own signs, and with a unit."""

from typing import Literal

from alerts.desk.core.words import Words
from service.i18n.cldr import written

Unit = Literal["count", "ratio", "bits", "seconds", "number"]
"""count: whole things; ratio: 0.25 is 25 %; bits: bit/s; seconds; number: whatever it is, three digits."""

_STEPS = ((1e12, "tera"), (1e9, "giga"), (1e6, "mega"), (1e3, "kilo"))
_TENTHS_BELOW = 10.0


def figure(words: Words, value: float, unit: Unit) -> str:
    """Return a value in the reader's notation; a rate in bit/s has the decimal prefix that leaves 1 to 3 digits."""
    if unit == "count":
        return _written(words, round(value), 0)
    if unit == "ratio":
        percent = value * 100
        return words("unit.percent", value=_tenths(words, percent, _TENTHS_BELOW))
    if unit == "bits":
        size, name = next(((size, name) for size, name in _STEPS if abs(value) >= size), (1.0, "none"))
        scaled = value / size
        return words(f"unit.bits.{name}", value=_tenths(words, scaled, 100 if size > 1 else 0))
    if unit == "seconds":
        return words.span(value) if abs(value) >= 1 else words("unit.ms", value=_written(words, value * 1000, 0))
    return _written(words, value, 0 if value == round(value) or abs(value) >= 100 else 2)


def _tenths(words: Words, value: float, below: float) -> str:
    """Write a value with one decimal where it is small and not whole."""
    whole = round(value, 1).is_integer() or abs(value) >= below
    return _written(words, value, 0 if whole else 1)


def _written(words: Words, value: float, decimals: int) -> str:
    return written(words.language, f"{value:,.{decimals}f}")
