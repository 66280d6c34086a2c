"""Durations that say their unit: "1.25s" of Google's JSON, and what Go programs print, "2m0.5s" or "12.5ms"."""

import re
from typing import Any

from agent.sources.edge_log.formats.rows import seconds

# The last two are a micro sign and a letter mu of UTF-8, read byte by byte.
_MICRO = "(?:[u\u00b5\u03bc]|\u00c2\u00b5|\u00ce\u00bc)s"
_STATED = re.compile(rf"(?:([0-9]{{1,9}})h)?(?:([0-9]{{1,9}})m)?([0-9]{{1,15}}(?:\.[0-9]{{1,9}})?)(s|ms|ns|{_MICRO})")
_FACTORS = {"s": 1.0, "ms": 1e3, "ns": 1e9}


class Stated(float):
    """Seconds of a text that said its unit: no setting says another."""

    __slots__ = ()


def duration(value: Any) -> float | str:
    """Return a request time, in the log's unit where it says none; "-" where the server had none."""
    found = _STATED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return seconds(value)
    hours, minutes, amount, unit = found.groups()
    return Stated(int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(amount) / _FACTORS.get(unit, 1e6))
