"""The number of an appeal as customers, the supplier and other systems know it: A-2026-000123."""

import re
from datetime import datetime, tzinfo

_NUMBER = re.compile(r"A-([0-9]{4})-([0-9]{6,10})", re.ASCII)


def reference(zone: tzinfo, number: int, registered_at: datetime) -> str:
    """Return the number of an appeal, with the year of its registration in the desk's zone."""
    return f"A-{registered_at.astimezone(zone).year}-{number:06}"


def number_of(text: str) -> int:
    """Return the row that a number names; 0, which no appeal has, for anything else. Its year is not compared."""
    found = _NUMBER.fullmatch(text)
    number = int(found[2]) if found else 0
    return number if number < 2**31 else 0
